"""A score as a pattern: its beats are beats of the jam, or its times are times; it begins where it lands, and loops."""

import functools
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from types import MappingProxyType
from typing import Final, Protocol

from marmalade_sc.clock.timetag import UNITS_PER_SECOND
from marmalade_sc.errors import ScoreError, UsageError, nearest
from marmalade_sc.patterns.event import Event
from marmalade_sc.patterns.pattern import MAX_PERIOD, Ask, Pattern, Run
from marmalade_sc.patterns.piece import Piece
from marmalade_sc.patterns.span import Span
from marmalade_sc.scores.midi import TickMap
from marmalade_sc.scores.playing import MF, TRACK_VOLUME, track_names
from marmalade_sc.scores.score import Score
from marmalade_sc.scores.sounding import Sounding
from marmalade_sc.scores.sounds import Sound, sound_of

__all__ = ["Manner", "Row", "ScorePattern", "Stage", "rows_of", "score_pattern"]

_FINEST: Final = 1_000_000
"""Beats are fractions with denominators up to here: exact for what is written in notes, 1e-12 beats off for times."""

Row = tuple[Fraction, Fraction, dict[str, object]]


@dataclass(frozen=True, slots=True)
class Manner:
    """How a score plays as a pattern.

    Attributes:
        beats_per_cycle: quarters of a bar.
        in_seconds: at the score's own tempo; else its beats are the jam's, and its changes of tempo are left alone.
        loops: whether it begins again, after as many whole bars as it needs, or, in seconds, where it ends.
        begins_anew: whether it begins at its beginning on a track that plays the same piece.
        own: sounds that go before those of the table.
    """

    beats_per_cycle: Fraction = Fraction(4)
    in_seconds: bool = False
    loops: bool = True
    begins_anew: bool = False
    own: Mapping[str, Sound] = field(default_factory=lambda: MappingProxyType({}))


class Stage(Protocol):
    """Where parts can be given tracks of their own."""

    def play(self, song: "ScorePattern", at: object) -> None:
        """Let each part play on a track that has its name, from a point of a grid on."""

    def stop(self, song: "ScorePattern") -> None:
        """Let those tracks fall silent."""


class ScorePattern(Pattern):
    """All parts of a score at once. `part` gives one of them; the methods of patterns are there as well.

    Attributes:
        score: what plays.
        manner: how.
    """

    __slots__ = ("_stage", "manner", "score")

    manner: Manner
    score: Score
    _stage: Stage | None

    def __init__(
        self, ask: Ask, period: int | None, piece: Piece, score: Score, manner: Manner, stage: Stage | None = None
    ) -> None:
        super().__init__(ask, period, piece=piece)
        self.score = score
        self.manner = manner
        self._stage = stage

    def play(self, at: object = 1) -> None:
        """Let each part play on a track of its own, from the next bar on or where `at` says, as in `d1.at(...)`."""
        self._on_stage().play(self, at)

    def stop(self) -> None:
        """Silence the tracks on which `play` let its parts play."""
        self._on_stage().stop(self)

    def _on_stage(self) -> Stage:
        if self._stage is None:
            raise UsageError("this score has no tracks to play on", hint="Give it to a track: d1 >> song.")
        return self._stage

    @property
    def parts(self) -> tuple[str, ...]:
        """Names of the parts, as `part` takes them."""
        return tuple(track_names(self.score).values())

    @property
    def markers(self) -> tuple[str, ...]:
        """Names of the markers in order of their time; `d1.at("%name")` waits for one."""
        return tuple(sorted(self.score.markers, key=lambda name: self.score.markers[name]))

    def part(self, name: str) -> "ScorePattern":
        """One part alone, in its place in the whole: several of them on several tracks keep together.

        Raises:
            ScoreError: there is none of that name.
        """
        numbers = [number for number, called in track_names(self.score).items() if called == name]
        if not numbers:
            close = nearest(name, self.parts)
            hint = f"Did you mean {close}?" if close else f"There are {', '.join(self.parts)}."
            raise ScoreError(f"no part is named {name}", hint=hint)
        assert self.piece is not None
        notes = tuple(note for note in self.score.notes if note.part == numbers[0])
        piece = replace(self.piece, key=f"{self.piece.key} {name}")
        return _pattern(replace(self.score, notes=notes), self.manner, piece, self._stage)

    def __repr__(self) -> str:
        return f"<score of {len(self.score.notes)} notes: {', '.join(self.parts) or 'no parts'}>"


def score_pattern(
    score: Score,
    manner: Manner = Manner(),  # noqa: B008  a frozen value
    name: str = "",
    stage: Stage | None = None,
) -> ScorePattern:
    """A score as a pattern that begins where it lands.

    Args:
        name: which piece it is; without one its parts say so, so that an edit of notes is another version of it.
        stage: for `ScorePattern.play`.
    """
    key = f"{name or ' '.join(track_names(score).values())}{' in seconds' if manner.in_seconds else ''}"
    length, unit = _length(score, manner), _Unit(score, manner)
    marks = {mark: unit(at_ms) for mark, at_ms in score.markers.items() if at_ms >= 0 and unit(at_ms) <= length}
    piece = Piece(key, length, MappingProxyType(marks), manner.loops, manner.in_seconds, manner.begins_anew)
    return _pattern(score, manner, piece, stage)


class _Unit:
    """From milliseconds to cycles by a score's own tempos, or to seconds. What is asked again is remembered."""

    def __init__(self, score: Score, manner: Manner) -> None:
        self._ticks = None if manner.in_seconds else TickMap(score.tempos)
        self._beats = manner.beats_per_cycle
        self._known: dict[float, Fraction] = {}

    def about(self, ms: float) -> float:
        """The place as a float."""
        return ms / 1000 if self._ticks is None else self._ticks.beat(ms) / float(self._beats)

    def __call__(self, ms: float) -> Fraction:
        found = self._known.get(ms)
        if found is None:
            if self._ticks is None:
                found = Fraction(round(ms * UNITS_PER_SECOND / 1000), UNITS_PER_SECOND)
            else:
                found = _simple(self._ticks.beat(ms)) / self._beats
            self._known[ms] = found
        return found


def _simple(beats: float) -> Fraction:
    """Beats as a fraction with a small denominator. Most notes lie on 1/48 of a beat: trying that first is 20 times
    as fast as looking for the nearest of all."""
    common = round(beats * 48)
    if abs(beats * 48 - common) < 1e-7:
        return Fraction(common, 48)
    return Fraction(beats).limit_denominator(_FINEST)


def _length(score: Score, manner: Manner) -> Fraction:
    length = _Unit(score, manner)(score.end_ms)
    return max(Fraction(1, 10), length) if manner.in_seconds else Fraction(max(1, -(-length // 1)))


class _Notes:
    """The notes of a score as rows of a pattern, each made when it is first asked for: a change of a piece that lasts
    an hour must not wait until all of that is fractions (14 us a note)."""

    def __init__(self, score: Score, manner: Manner) -> None:
        self._parts = {part.number: part for part in score.parts}
        self._notes = score.notes
        self._own = manner.own
        self._unit = _Unit(score, manner)
        self._rows: list[Row | None] = [None] * len(score.notes)
        about = functools.cache(self._unit.about)  # parts share their instants, and a note ends where the next begins
        self._begins = [about(note.offset_ms) for note in score.notes]
        ends = (about(note.offset_ms + note.duration_ms) for note in score.notes)
        self.longest = max((end - begin for begin, end in zip(self._begins, ends, strict=True)), default=0.0)

    def between(self, begin: Fraction, end: Fraction) -> range:
        """Places of the notes that may sound between two points, and of a few more."""
        first = bisect_left(self._begins, float(begin) - self.longest - _ABOUT)
        return range(first, bisect_left(self._begins, float(end) + _ABOUT))

    def row(self, place: int) -> Row:
        """A note: begin, end and the value of a control pattern."""
        row = self._rows[place]
        if row is None:
            note = self._notes[place]
            begin = self._unit(note.offset_ms)
            end = max(self._unit(note.offset_ms + note.duration_ms), begin + _SHORTEST)
            row = self._rows[place] = (begin, end, self._value(note))
        return row

    def _value(self, note: Sounding) -> dict[str, object]:
        instrument = self._parts[note.part].instrument
        sound = sound_of(instrument, note.midi, self._own)
        value: dict[str, object] = {"s": sound.synth, **sound.controls}
        value["amp"] = sound.level * (note.volume / MF) * (note.track_volume / TRACK_VOLUME)
        value["pan"] = note.panning * 2 - 1
        value["dur"] = note.audible_ms / note.duration_ms
        if not instrument.is_percussion:
            value["freq"] = note.reference_pitch * 2 ** ((note.midi - 69) / 12)
        return value


def _pattern(score: Score, manner: Manner, piece: Piece, stage: Stage | None) -> ScorePattern:
    notes = _Notes(score, manner)
    length, loops = piece.length, piece.loops

    def ask(begin: Fraction, end: Fraction, run: Run) -> list[Event]:
        found: list[Event] = []
        query = Span(begin, end)
        reach = begin - Fraction(notes.longest) - 1
        turns = range(int(reach // length), int(-(-end // length))) if loops else (0,)
        for turn in turns:
            shift = turn * length
            places = notes.between(begin - shift, end - shift)
            run.spend(len(places))
            for place in places:
                note_begin, note_end, value = notes.row(place)
                whole = Span(note_begin + shift, note_end + shift)
                part = whole.intersection(query)
                if part is not None:
                    found.append(Event(whole, part, dict(value)))
        return found

    is_periodic = loops and not manner.in_seconds and length <= MAX_PERIOD
    return ScorePattern(ask, int(length) if is_periodic else None, piece, score, manner, stage)


def rows_of(score: Score, manner: Manner) -> dict[int, list[Row]]:
    """Each part's notes by its number: begin and end in cycles (or seconds), and the value of a control pattern."""
    notes = _Notes(score, manner)
    found: dict[int, list[Row]] = {}
    for place, note in enumerate(score.notes):
        found.setdefault(note.part, []).append(notes.row(place))
    return found


_ABOUT: Final = 1e-6
"""Floats find the notes of a span, fractions decide: these are further off than any float is."""
_SHORTEST: Final = Fraction(1, UNITS_PER_SECOND)
