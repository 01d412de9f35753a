"""The last eight seconds: pitches up, time to the right, a row for each track without pitch below.

It moves by whole columns, and a note's columns are always the same: nothing trembles, and nothing is drawn between. So
the next picture is this one moved to the left, with what has sounded since at its right end.
"""

import heapq
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from marmalade_sc.clock.timetag import UNITS_PER_SECOND
from marmalade_sc.shell.board import Board, Step
from marmalade_sc.shell.views.lines import Lines, filled, in_runs, runs

__all__ = ["COLOURS", "Roll"]

COLOURS: Final = 8
"""Tracks take turns with so many classes: roll.0 to roll.7."""
_SPAN: Final = 8 * UNITS_PER_SECOND
"""Time on the roll; a note that is longer is seen as long as it began so long before it."""
_NAMES: Final = 6
"""Columns of a row's name and the line behind it."""


@dataclass(slots=True, eq=False)
class _Note:
    """A note on the roll: `begin` and `end` are columns since the jam began."""

    step: Step
    begin: int
    end: int = 0


@dataclass(frozen=True, slots=True)
class _Plan:
    """Which row is for what: where it changes, all is drawn anew."""

    room: int
    height: int
    low: int
    span: int
    drums: tuple[str, ...]
    tracks: tuple[str, ...]

    @property
    def rows(self) -> int:
        """Rows for pitches."""
        return self.height - len(self.drums)

    def row(self, step: Step) -> int | None:
        """The row of a note, from above; None where it has none."""
        if step.midi is None:
            return self.rows + self.drums.index(step.track) if step.track in self.drums else None
        if not self.rows:
            return None
        return self.rows - 1 - min(self.rows - 1, max(0, int((round(step.midi) - self.low) * self.rows / self.span)))

    def names(self) -> list[str]:
        """What stands before each row: octaves, then tracks."""
        pitches = [_pitch_name(self.low, self.span, self.rows, row) for row in range(self.rows)]
        return [*pitches, *(name[:5] for name in self.drums)]


@dataclass(slots=True)
class _Heard:
    """The notes that are on the roll, in the order in which they were heard, and how many there are of what."""

    notes: dict[_Note, None] = field(default_factory=dict)
    pitches: Counter[float] = field(default_factory=Counter)
    drums: Counter[str] = field(default_factory=Counter)
    coming: list[tuple[int, int, Step]] = field(default_factory=list)
    leaving: list[tuple[int, int, _Note]] = field(default_factory=list)
    count: int = 0

    def hear(self, steps: Iterable[Step]) -> None:
        """Notes that may come."""
        for step in steps:
            self.count += 1
            heapq.heappush(self.coming, (step.due, self.count, step))

    def begin(self, heard: int, since: int, room: int) -> tuple[list[_Note], bool]:
        """Notes that began until `heard` and are seen after `since`; and whether one of them is older than others."""
        fresh, is_late = [], False
        latest = max((note.step.due for note in islice(reversed(self.notes), 1)), default=0)
        while self.coming and self.coming[0][0] <= heard:
            due, count, step = heapq.heappop(self.coming)
            over = max(due + step.length, due + 1)
            if over <= since or due <= since - _SPAN:
                continue
            note = _Note(step, due * room // _SPAN)
            is_late = is_late or due < latest
            fresh.append(note)
            self.notes[note] = None
            heapq.heappush(self.leaving, (min(over, due + _SPAN), count, note))
            self._count(step, 1)
        if is_late:
            self.notes = dict.fromkeys(sorted(self.notes, key=lambda note: note.step.due))
        return fresh, is_late

    def leave(self, since: int) -> None:
        """Forget what is over before `since`."""
        while self.leaving and self.leaving[0][0] <= since:
            _, _, note = heapq.heappop(self.leaving)
            del self.notes[note]
            self._count(note.step, -1)

    def _count(self, step: Step, by: int) -> None:
        if step.midi is None:
            counts, what = self.drums, step.track
            counts[what] += by
            if not counts[what]:
                del counts[what]
        else:
            self.pitches[step.midi] += by
            if not self.pitches[step.midi]:
                del self.pitches[step.midi]


class Roll:
    """See the module."""

    def __init__(self) -> None:
        self._heard = _Heard()
        self._told: int | None = None
        self._room = 0
        self._plan: _Plan | None = None
        self._newest = 0
        self._grows: list[_Note] = []
        self._signs: list[list[str]] = []
        self._styles: list[list[str]] = []

    def lines(self, board: Board, now: int, width: int, height: int) -> Lines:
        """See `views.View`."""
        room = width - _NAMES
        if room < 8 or height < 1:
            self._told = None
            return filled([], height)
        heard = now - board.latency
        newest = heard * room // _SPAN
        since = (newest - room + 1) * _SPAN // room
        if self._told is None or room != self._room or newest < self._newest:
            self._room, self._plan, self._heard = room, None, _Heard()
            self._heard.hear(reversed(list(board.lately(since - _SPAN))))
        else:
            fresh = min(board.told - self._told, len(board.steps))
            self._heard.hear(reversed(list(islice(reversed(board.steps), fresh))))
        self._told = board.told
        begun, is_late = self._heard.begin(heard, since, room)
        self._heard.leave(since)
        plan = self._planned(board, room, height)
        moved = newest - self._newest
        if plan != self._plan or is_late or not 0 <= moved < room:
            self._begin_anew(plan)
            self._paint(self._heard.notes, heard, newest, 0)
        else:
            for row in range(height):
                for line, blank in ((self._signs[row], " "), (self._styles[row], "class:roll.grid")):
                    del line[:moved]
                    line += [blank] * moved
            self._paint([*self._grows, *begun], heard, newest, self._newest)
        self._newest = newest
        return [
            [("class:rest", f"{name:<5}│"), *in_runs("".join(signs), runs(styles))]
            for name, signs, styles in zip(plan.names(), self._signs, self._styles, strict=True)
        ]

    def _planned(self, board: Board, room: int, height: int) -> _Plan:
        drums = tuple(sorted(self._heard.drums)[: max(0, height // 2)])
        low, span = _range(tuple(self._heard.pitches), height - len(drums))
        return _Plan(room, height, low, span, drums, tuple(board.track_names()))

    def _begin_anew(self, plan: _Plan) -> None:
        self._plan = plan
        self._signs = [[" "] * plan.room for _ in range(plan.height)]
        self._styles = [["class:roll.grid"] * plan.room for _ in range(plan.height)]

    def _paint(self, notes: Iterable[_Note], heard: int, newest: int, since: int) -> None:
        """Paint notes from the column `since` on, or from where they begin; the newest note of a place is seen."""
        plan, grows = self._plan, []
        assert plan is not None
        first = newest - plan.room + 1
        colour = {name: f"class:roll.{place % COLOURS}" for place, name in enumerate(plan.tracks)}
        for note in notes:
            step = note.step
            is_new = not note.end
            over = min(step.due + step.length, heard)
            note.end = max(over * plan.room // _SPAN, note.begin + 1)
            if note.end > newest or over == heard:
                grows.append(note)
            row = plan.row(step)
            begin = max(0, (note.begin if is_new else max(note.begin, since)) - first)
            end = min(note.end - first, plan.room)
            if row is None or end <= begin:
                continue
            self._signs[row][begin:end] = "━" * (end - begin)
            self._styles[row][begin:end] = [colour.get(step.track, "class:roll.0")] * (end - begin)
            if note.begin - first == begin:
                self._signs[row][begin] = "▌"
        self._grows = grows


def _range(notes: Sequence[float], rows: int) -> tuple[int, int]:
    """The lowest note and the number of semitones that are shown: never fewer than there are rows."""
    if not notes:
        return 60, max(1, rows)
    low, high = math.floor(min(notes)), math.ceil(max(notes))
    span = max(high - low + 1, rows, 1)
    return low - (span - (high - low + 1)) // 2, span


def _pitch_name(low: int, span: int, rows: int, row: int) -> str:
    first = low + math.ceil((rows - 1 - row) * span / rows)
    after = low + math.ceil((rows - row) * span / rows)
    c = next((note for note in range(first, after) if note % 12 == 0), None)
    return f"c{c // 12}" if c is not None else ""  # c5 is 60, as in the language
