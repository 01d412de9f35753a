"""The timeline of a jam: one value that says at what time each cycle comes, exactly.

It is a list of segments. Within one, tempo is steady or ramps linearly in seconds per beat, so that the time of every
rational cycle is rational too (a ramp in beats per minute would need logarithms). A change returns a new timeline
with the next revision.
"""

import bisect
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from marmalade_sc.clock.timetag import UNITS_PER_SECOND, seconds_to_units
from marmalade_sc.errors import TimelineError

__all__ = ["Segment", "Timeline"]

SLOWEST_BPM, FASTEST_BPM = Fraction(1, 10), Fraction(10_000)
_ROOT_BITS = 128
"""Precision of square roots in ramps: 2**-128 relative is far below one unit for any session."""
_EXACT_BITS = 128
"""Fractions with larger denominators are rounded to 2**-128 where a segment begins. Each change in the middle of a
cycle multiplies denominators, without bound; a million roundings are together less than 2**-76 of a unit."""
_LONGEST_FRACTION = 400


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of the timeline, valid until the next one begins.

    Attributes:
        cycle, beat: musical position where it begins.
        time_s: jam time where it begins, in exact seconds.
        period_s: seconds per beat at its beginning.
        slope_s: change of `period_s` per beat; 0 for a steady tempo.
        beats_per_cycle: the meter; a cycle is one bar.
        playing: False where musical time stands still.
    """

    cycle: Fraction
    beat: Fraction
    time_s: Fraction
    period_s: Fraction
    slope_s: Fraction
    beats_per_cycle: Fraction
    playing: bool = True

    def time_of(self, cycle: Fraction) -> Fraction:
        """Jam time in seconds of `cycle` by this segment's law, exactly."""
        beats = (cycle - self.cycle) * self.beats_per_cycle
        return self.time_s + self.period_s * beats + self.slope_s * beats * beats / 2

    def cycle_of(self, time_s: Fraction) -> Fraction:
        """The cycle at a jam time, exactly when the tempo is steady, else to 2**-100 of a beat."""
        if not self.playing:
            return self.cycle
        elapsed = time_s - self.time_s
        if not self.slope_s:
            beats = elapsed / self.period_s
        else:
            root = _square_root(max(Fraction(0), self.period_s * self.period_s + 2 * self.slope_s * elapsed))
            beats = (root - self.period_s) / self.slope_s
        return _bounded(self.cycle + beats / self.beats_per_cycle)

    def period_at(self, cycle: Fraction) -> Fraction:
        """Seconds per beat at `cycle`."""
        return self.period_s + self.slope_s * (cycle - self.cycle) * self.beats_per_cycle


@dataclass(frozen=True, slots=True)
class _Line:
    """A steady segment as integers: timetag = (base + gain * cycle) / scale, rounded to nearest."""

    base: int
    gain: int
    scale: int

    @classmethod
    def of(cls, segment: Segment) -> "_Line | None":
        if segment.slope_s:
            return None
        gain = segment.period_s * segment.beats_per_cycle * UNITS_PER_SECOND
        base = segment.time_s * UNITS_PER_SECOND - gain * segment.cycle
        scale = math.lcm(gain.denominator, base.denominator)
        return cls(int(base * scale), int(gain * scale), scale)

    def timetag(self, cycle: Fraction) -> int:
        twice = 2 * self.scale * cycle.denominator
        return (2 * (self.base * cycle.denominator + self.gain * cycle.numerator) + twice // 2) // twice


class Timeline:
    """Where cycles lie in jam time. Immutable.

    Args:
        segments: in order of time and of cycle; the first also serves everything before it.
        revision: grows by one with each change.
        counts: whether its bars are counted already; else what plays first may begin them anew (live/clockwork.py).
    """

    __slots__ = ("_cycles", "_lines", "_times", "counts", "revision", "segments")

    def __init__(self, segments: Sequence[Segment], revision: int = 0, counts: bool = False) -> None:
        if not segments:
            raise TimelineError("A timeline needs a segment")
        self.segments = tuple(segments)
        self.revision = revision
        self.counts = counts
        self._cycles = [segment.cycle for segment in self.segments]
        self._times = [segment.time_s for segment in self.segments]
        self._lines = [_Line.of(segment) for segment in self.segments]

    @classmethod
    def steady(
        cls, bpm: Fraction | int | float | str, start: int = 0, beats_per_cycle: Fraction | int = 4
    ) -> "Timeline":
        """Cycle 0 at timetag `start`, one tempo for ever.

        Raises:
            TimelineError: the tempo is not in 0.1 to 10,000 bpm, or the meter not in 1/64 to 1,024 beats.
        """
        first = Segment(
            cycle=Fraction(0),
            beat=Fraction(0),
            time_s=Fraction(start, UNITS_PER_SECOND),
            period_s=_period(bpm),
            slope_s=Fraction(0),
            beats_per_cycle=_meter(beats_per_cycle),
        )
        return cls((first,))

    # Reading

    def timetag(self, cycle: Fraction) -> int:
        """The timetag of `cycle`, equal to the ideal one rounded to the nearest unit. About 1 us."""
        at = bisect.bisect_right(self._cycles, cycle) - 1 if len(self._cycles) > 1 else 0
        at = max(at, 0)
        line = self._lines[at]
        if line is not None:
            return line.timetag(cycle)
        return seconds_to_units(self.segments[at].time_of(cycle))

    def time_s(self, cycle: Fraction) -> Fraction:
        """Jam time of `cycle` in exact seconds."""
        return self._by_cycle(cycle).time_of(cycle)

    def cycle(self, timetag: int) -> Fraction:
        """The cycle at a timetag; while stopped, the cycle at which it stands."""
        time_s = Fraction(timetag, UNITS_PER_SECOND)
        at = self._index_by_time(time_s)
        cycle = self.segments[at].cycle_of(time_s)
        if at + 1 < len(self.segments):  # a ramp's root may pass the border by its last bit
            cycle = min(cycle, self.segments[at + 1].cycle)
        return cycle

    def beat(self, cycle: Fraction) -> Fraction:
        """Beats since the first segment's beat 0, across changes of meter."""
        segment = self._by_cycle(cycle)
        return segment.beat + (cycle - segment.cycle) * segment.beats_per_cycle

    def bpm(self, cycle: Fraction) -> float:
        """Beats per minute at `cycle`."""
        return float(60 / self._by_cycle(cycle).period_at(cycle))

    def period_s(self, cycle: Fraction) -> Fraction:
        """Seconds per beat at `cycle`, exactly."""
        return self._by_cycle(cycle).period_at(cycle)

    def beats_per_cycle(self, cycle: Fraction) -> Fraction:
        """The meter at `cycle`."""
        return self._by_cycle(cycle).beats_per_cycle

    def cycle_s(self, cycle: Fraction) -> float:
        """Length of a whole cycle in seconds at the tempo that rules at `cycle`."""
        segment = self._by_cycle(cycle)
        return float(segment.period_at(cycle) * segment.beats_per_cycle)

    def is_playing(self, timetag: int) -> bool:
        """Whether musical time moves at a timetag."""
        return self.segments[self._index_by_time(Fraction(timetag, UNITS_PER_SECOND))].playing

    def stops_at(self) -> Fraction | None:
        """The cycle at which it stands still for now, or None when it plays on."""
        last = self.segments[-1]
        return None if last.playing else last.cycle

    # Changing

    def with_tempo(self, bpm: Fraction | int | float | str, at: Fraction) -> "Timeline":
        """A new tempo from cycle `at` on; later segments are dropped."""
        return self._cut(at, lambda s: replace(s, period_s=_period(bpm), slope_s=Fraction(0)))

    def with_ramp(self, bpm: Fraction | int | float | str, at: Fraction, cycles: Fraction) -> "Timeline":
        """From cycle `at`, go to `bpm` within `cycles` (> 0), linearly in seconds per beat, and stay there."""
        if cycles <= 0:
            raise TimelineError(f"A ramp of {cycles} bars cannot be", hint="Give a length above 0 bars.")
        target = _period(bpm)
        ramp = self._cut(
            at, lambda s: replace(s, slope_s=_bounded((target - s.period_s) / (cycles * s.beats_per_cycle)))
        )
        begun = ramp.segments[-1]
        if not begun.playing:  # a ramp takes time, and there is none: the tempo is there when it goes on
            return self.with_tempo(bpm, at)
        end = begun.cycle + cycles
        landed = replace(
            begun,
            cycle=end,
            beat=begun.beat + cycles * begun.beats_per_cycle,
            time_s=_bounded(begun.time_of(end)),
            period_s=target,
            slope_s=Fraction(0),
        )
        return Timeline((*ramp.segments, landed), ramp.revision, self.counts)

    def with_meter(self, beats_per_cycle: Fraction | int, at: Fraction) -> "Timeline":
        """A new meter from cycle `at` on, at the tempo that rules there."""
        return self._cut(at, lambda s: replace(s, beats_per_cycle=_meter(beats_per_cycle), slope_s=Fraction(0)))

    def stopped(self, at: int) -> "Timeline":
        """Musical time stands still from timetag `at` on. Unchanged when it already does.

        What was to come is forgotten: a ramp ends at the tempo that it had, a later change of tempo is not made.
        """
        if not self.is_playing(at):
            return self
        return self._cut(self.cycle(at), lambda s: replace(s, playing=False, slope_s=Fraction(0)))

    def started(self, at: int) -> "Timeline":
        """Musical time goes on at timetag `at`, from where it stood. Unchanged when it plays."""
        last = self.segments[-1]
        if last.playing:
            return self
        time_s = max(Fraction(at, UNITS_PER_SECOND), last.time_s)
        return Timeline((*self.segments, replace(last, time_s=time_s, playing=True)), self.revision + 1, self.counts)

    def counted(self) -> "Timeline":
        """The same, whose bars are counted from now on."""
        return self if self.counts else Timeline(self.segments, self.revision + 1, True)

    def nudged(self, seconds_s: Fraction | float, at: Fraction) -> "Timeline":
        """Everything from cycle `at` on comes `seconds_s` later (negative: earlier), later changes of tempo too.

        It never comes earlier than the segment before it began, so that times stay in order. Unchanged while stopped.
        """
        if self.stops_at() is not None:
            return self
        shift = Fraction(seconds_s)
        begun = self._cut(at, lambda s: replace(s, time_s=s.time_s + shift))
        nudged = begun.segments[-1]
        if len(begun.segments) > 1:
            nudged = replace(nudged, time_s=max(nudged.time_s, begun.segments[-2].time_s))
        shift = nudged.time_s - self._by_cycle(nudged.cycle).time_of(nudged.cycle)
        later = [replace(s, time_s=s.time_s + shift) for s in self.segments if s.cycle > nudged.cycle]
        return Timeline((*begun.segments[:-1], nudged, *later), begun.revision, self.counts)

    def pruned(self, before: int) -> "Timeline":
        """Without the segments that ended before timetag `before`; same revision."""
        keep = self._index_by_time(Fraction(before, UNITS_PER_SECOND))
        return Timeline(self.segments[keep:], self.revision, self.counts)

    def remap(self, timetag: int, older: "Timeline") -> int:
        """Where this timeline puts what `older` put at `timetag`: same cycle, new time (to 1 unit)."""
        return self.timetag(older.cycle(timetag))

    # Wire

    def to_json(self) -> dict[str, object]:
        """Plain data: fractions as "n/d" strings."""
        return {
            "revision": self.revision,
            "segments": [
                {name: (getattr(s, name) if name == "playing" else str(getattr(s, name))) for name in _FIELDS}
                for s in self.segments
            ],
            **({"counts": True} if self.counts else {}),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, object]) -> "Timeline":
        """The timeline that `to_json` wrote.

        Raises:
            TimelineError: anything is missing, of a wrong type, out of range or out of order.
        """
        try:
            rows = data["segments"]
            revision = data["revision"]
            if not isinstance(rows, list) or not isinstance(revision, int) or not 0 < len(rows) <= 4096:
                raise ValueError("segments or revision")
            segments = [_segment(row) for row in rows]
        except (KeyError, TypeError, ValueError, ZeroDivisionError) as error:
            raise TimelineError(f"A timeline cannot be read: {error!r:.200}") from error
        for earlier, later in zip(segments, segments[1:], strict=False):
            if later.cycle < earlier.cycle or later.time_s < earlier.time_s:
                raise TimelineError("A timeline's segments are out of order")
        return cls(segments, revision, data.get("counts") is True)

    # Inside

    def _cut(self, at: Fraction, change: Callable[[Segment], Segment]) -> "Timeline":
        stands = self.stops_at()
        if stands is not None:  # beyond where it stands nothing has a time yet: change it there
            at = stands
        segment = self._by_cycle(at)
        kept = [s for s in self.segments if s.cycle < at or (s.cycle == at and not s.playing)]
        begun = replace(
            segment,
            cycle=at,
            beat=_bounded(segment.beat + (at - segment.cycle) * segment.beats_per_cycle),
            time_s=_bounded(segment.time_of(at)),
            period_s=_bounded(segment.period_at(at)),
        )
        return Timeline((*kept, change(begun)), self.revision + 1, self.counts)

    def _by_cycle(self, cycle: Fraction) -> Segment:
        return self.segments[max(0, bisect.bisect_right(self._cycles, cycle) - 1)]

    def _index_by_time(self, time_s: Fraction) -> int:
        return max(0, bisect.bisect_right(self._times, time_s) - 1)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Timeline) and self._all == other._all

    def __hash__(self) -> int:
        return hash(self._all)

    @property
    def _all(self) -> tuple[object, ...]:
        return self.segments, self.revision, self.counts

    def __repr__(self) -> str:
        return f"Timeline(revision={self.revision}, segments={len(self.segments)})"


_FIELDS = ("cycle", "beat", "time_s", "period_s", "slope_s", "beats_per_cycle", "playing")


def _segment(row: object) -> Segment:
    if not isinstance(row, dict):
        raise TypeError("a segment is not an object")
    texts = {name: str(row[name]) for name in _FIELDS if name != "playing"}
    if any(len(text) > _LONGEST_FRACTION for text in texts.values()):
        raise ValueError("a number is too long")
    segment = Segment(**{name: Fraction(text) for name, text in texts.items()}, playing=bool(row["playing"]))
    _period(60 / segment.period_s)
    _meter(segment.beats_per_cycle)
    return segment


def _period(bpm: Fraction | int | float | str) -> Fraction:
    try:
        tempo = Fraction(str(bpm)) if isinstance(bpm, float) else Fraction(bpm)
    except (ValueError, TypeError, OverflowError, ZeroDivisionError):
        tempo = Fraction(0)
    if not SLOWEST_BPM <= tempo <= FASTEST_BPM:
        raise TimelineError(f"A tempo of {bpm!r:.40} bpm cannot be", hint="Give 0.1 to 10,000 beats per minute.")
    return 60 / tempo


def _meter(beats_per_cycle: Fraction | int) -> Fraction:
    meter = Fraction(beats_per_cycle)
    if not Fraction(1, 64) <= meter <= 1024:
        raise TimelineError(f"A bar of {beats_per_cycle} beats cannot be", hint="Give 1/64 to 1,024 beats per bar.")
    return meter


def _bounded(value: Fraction) -> Fraction:
    if value.denominator.bit_length() <= _EXACT_BITS:
        return value
    return Fraction(round(value * (1 << _EXACT_BITS)), 1 << _EXACT_BITS)


def _square_root(value: Fraction) -> Fraction:
    return Fraction(math.isqrt((value.numerator << (2 * _ROOT_BITS)) // value.denominator), 1 << _ROOT_BITS)
