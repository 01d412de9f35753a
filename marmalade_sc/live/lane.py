"""A lane: one version of a track's pattern, cycle by cycle as ready notes.

A pattern that repeats is asked for one period only; after that a cycle costs next to nothing, which is how one process
plays 1,600 patterns at once.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final

from marmalade_sc.clock.timeline import Timeline
from marmalade_sc.clock.timetag import UNITS_PER_SECOND
from marmalade_sc.errors import UsageError
from marmalade_sc.live.places import blamed
from marmalade_sc.patterns.event import Place
from marmalade_sc.patterns.pattern import Pattern
from marmalade_sc.sdk.instruments import Instrument, Orchestra
from marmalade_sc.sdk.notes import check_ranges, packed_note

__all__ = ["Lane", "Placed", "Ready"]

_MOST_CYCLES: Final = 128
_MOST_COMPLAINTS: Final = 3
"""A value may have another number in each bar; behind so many sentences the notes are only counted."""
_LAST: Final = 1 - Fraction(1, 1 << 40)
"""The latest place in a cycle: rounding must not put a note into the next one, which asks for its own."""
_Key = tuple[int, float]
_Offset = Callable[[Fraction], Fraction | None]


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a piece lands: at cycle `origin`, where `gone` units of it lie behind already.

    Attributes:
        timeline: the jam's, as it is when it is asked.
    """

    origin: Fraction
    gone: Fraction
    timeline: Callable[[], Timeline]


@dataclass(slots=True)
class Ready:
    """A note within its cycle, packed but for its time, node and seed.

    Attributes:
        offset: where it begins, 0 <= offset < 1, in cycles; `at` the same, about.
        head: message up to the node id.
        values: control values as bytes, without the seed.
        instrument: what plays it; `is_random` whether its noise needs a seed.
        length_s: of its step, in seconds.
        places: characters that made it.
        told: what `steps` said of it; kept, for it comes again in each cycle.
    """

    offset: Fraction
    at: float
    head: bytes
    values: bytes
    instrument: Instrument
    is_random: bool
    length_s: float
    places: tuple[Place, ...]
    told: str = field(default="", compare=False, repr=False)


class Lane:
    """See the module.

    Args:
        pattern: what plays.
        seed: of all chance in it.
        source: what made it, for sets that are saved; see `units`.

    Attributes:
        number: told apart by it where a lane cannot travel itself: given by the scheduler, 0 before.
        leads_to: what it fades to, where it is such a one.
        came: the cycle from which on it was to play, and what stood there before; kept for the latest of a track.
        placed: where it began, where the pattern is a piece.
        complaints: grows by one sentence per kind of error in a single event; such an event is left out.
        left_out: how many events were since whoever asked has taken note of it.
    """

    def __init__(self, pattern: Pattern, seed: int, source: object = None) -> None:
        self.pattern = pattern
        self.seed = seed
        self.source = source
        self.number = 0
        self.leads_to: Lane | None = None
        self.came: tuple[Fraction, Lane | None] | None = None
        self.placed: Placed | None = None
        self._began: int | None = None
        self.complaints: list[str] = []
        self.left_out = 0
        self._complained: set[str] = set()
        self._cycles: dict[_Key, list[Ready]] = {}
        self._orchestra: Orchestra | None = None
        self._is_strict = False
        self._mute: object = None

    def cycle(
        self,
        number: int,
        cycle_s: float,
        orchestra: Orchestra,
        guard: Callable[[], AbstractContextManager[object]] = nullcontext,
    ) -> list[Ready]:
        """The notes that begin in a cycle, in order.

        Args:
            cycle_s: length of the cycle in seconds.
            guard: entered where the pattern itself has to be asked; bounds what that may cost.

        Raises:
            Exception: whatever the pattern raises when it is asked; code in it may be the user's.
        """
        if orchestra is not self._orchestra:
            self._cycles.clear()
            self._orchestra = orchestra
        key, begin, end, offset_of = self._asked(number, cycle_s)
        ready = self._cycles.get(key)
        if ready is None:
            with guard():
                ready = self._make(begin, end, cycle_s, orchestra, offset_of)
            if len(self._cycles) >= (_MOST_CYCLES if self.pattern.period else 3):
                del self._cycles[next(iter(self._cycles))]
            self._cycles[key] = ready
        return ready

    def place(self, place: "Placed") -> None:
        """Say where a piece begins. What was made of its first cycles stays, where that is the beginning of a cycle."""
        before, self.placed = self.placed, place
        if before is not None or (place.origin - place.gone).denominator != 1:
            self._cycles.clear()

    def place_back(self, place: Placed, began: int | None) -> None:
        """Say where a piece began in a process before this one."""
        self.place(place)
        self._began = began

    @property
    def fixed(self) -> int | None:
        """Jam time at which a piece that counts seconds had its beginning, where that is fixed."""
        return self._began

    def fix(self, began: int) -> None:
        """Fix that time as it is in another copy of this lane."""
        if began != self._began:
            self._began = began
            self._cycles.clear()

    def postpone(self, units: int) -> None:
        """Time stood still for so long: a piece that counts seconds counted none meanwhile."""
        if self._began is not None:
            self._began += units

    def began(self) -> int:
        """Jam time at which a piece that counts seconds had its beginning; fixed once it is asked for what plays."""
        if self._began is not None:
            return self._began
        assert self.placed is not None
        return self.placed.timeline().timetag(self.placed.origin) - round(self.placed.gone * UNITS_PER_SECOND)

    def forget_told(self) -> None:
        """What `steps` said of notes is said anew: their lines have moved."""
        for notes in self._cycles.values():
            for note in notes:
                note.told = ""

    def in_cycles(self) -> Pattern:
        """The pattern with the jam's own cycles, wherever a piece was placed."""
        if self.placed is None or self.placed.origin == self.placed.gone:
            return self.pattern
        return self.pattern.late(self.placed.origin - self.placed.gone)

    def _asked(self, number: int, cycle_s: float) -> tuple[_Key, Fraction, Fraction, _Offset]:
        """What is to be asked for a cycle: under which key it is remembered, from where to where, and where in the
        cycle a time of that lies."""
        piece, placed, period = self.pattern.piece, self.placed, self.pattern.period
        if piece is None or placed is None:
            key = (number % period if period else number, cycle_s)
            return key, Fraction(number), Fraction(number + 1), lambda at: at - number
        if piece.in_seconds:
            timeline = placed.timeline()
            first, last = timeline.timetag(Fraction(number)), timeline.timetag(Fraction(number + 1))
            began = self._began = self.began()

            def offset(at: Fraction) -> Fraction | None:
                when = began + round(at * UNITS_PER_SECOND)
                if not timeline.is_playing(when):
                    return None  # it was before time stood still, and has sounded
                return min(_LAST, max(Fraction(0), timeline.cycle(when) - number))

            begin, end = Fraction(first - began, UNITS_PER_SECOND), Fraction(last - began, UNITS_PER_SECOND)
            return (first, float(last - first)), begin, end, offset
        begun = placed.origin - placed.gone
        whole = begun.numerator // begun.denominator
        rest, own = begun - whole, number - whole
        return (own % period if period else own, cycle_s), own - rest, own + 1 - rest, lambda at: at + rest - own

    def check(
        self,
        number: int,
        cycle_s: float,
        orchestra: Orchestra,
        guard: Callable[[], AbstractContextManager[object]] = nullcontext,
    ) -> None:
        """Make the first cycles now, so that a mistake is told where it was typed and not on stage.

        Raises:
            UsageError: a value cannot be played, or nothing of it says what plays it.
            Exception: whatever the pattern raises.
        """
        period, piece = self.pattern.period, self.pattern.piece
        if piece is not None:
            number = 0
        self._is_strict = True
        self._mute = None
        is_heard = False
        try:
            for cycle in range(number, number + min(period or 4, 16)):
                is_heard |= bool(self.cycle(cycle, cycle_s, orchestra, guard))
        finally:
            self._is_strict = False
        if self._mute is not None and not is_heard:
            raise UsageError(
                f"A track cannot play {self._mute!r:.60} alone: nothing says with which sound",
                hint='Write pluck("c5 e5"), or behind the pattern .set(s="pluck").',
            )

    @property
    def is_in_seconds(self) -> bool:
        """Whether its pattern counts seconds, whatever the tempo."""
        return self.pattern.piece is not None and self.pattern.piece.in_seconds

    def rest(self) -> None:
        """Forget what was made: this version is kept to come back to, and does not play."""
        self._cycles.clear()

    def _make(
        self,
        begin: Fraction,
        end: Fraction,
        cycle_s: float,
        orchestra: Orchestra,
        offset_of: _Offset,
    ) -> list[Ready]:
        notes = []
        unit_s = 1.0 if self.is_in_seconds else cycle_s
        for event in self.pattern.onsets(begin, end, self.seed):
            whole = event.whole
            if whole is None:
                continue
            length_s = float(whole.length) * unit_s
            try:
                note = packed_note(event.value, orchestra, length_s)
                if self._is_strict:
                    check_ranges(event.value, orchestra)
            except UsageError as error:
                if self._is_strict:
                    error.where = error.where or blamed(event.places, error.message)
                    raise
                self.left_out += 1
                if error.message not in self._complained and len(self._complained) < _MOST_COMPLAINTS:
                    self._complained.add(error.message)
                    self.complaints.append(str(error))
                continue
            if note is None:
                self._mute = self._mute or event.value
                continue
            instrument, values = note
            offset = offset_of(whole.begin)
            if offset is None:
                continue
            notes.append(
                Ready(
                    offset,
                    float(offset),
                    instrument.template.prefix_bytes,
                    values,
                    instrument,
                    instrument.is_random,
                    length_s,
                    event.places,
                )
            )
        return notes
