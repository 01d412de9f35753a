"""In which steps of a bar the notes of each track begin; each note is looked at once."""

from collections.abc import Iterable
from fractions import Fraction
from itertools import islice
from typing import Final

from marmalade_sc.clock.timeline import Timeline
from marmalade_sc.shell.board import Board, Step

__all__ = ["Cells", "Onsets"]

Cells = frozenset[int]
NONE: Final[Cells] = frozenset()


class Onsets:
    """Of this bar and the one before it; what is known of the next is kept."""

    def __init__(self) -> None:
        self._timeline: Timeline | None = None
        self._cells = 0
        self._told = 0
        self._bars: dict[int, dict[str, Cells]] = {}
        self._edges: dict[int, tuple[int, int]] = {}

    def bars(self, board: Board, bar: int, cells: int) -> tuple[dict[str, Cells], dict[str, Cells]]:
        """By track, the cells (from 0) of `cells` in which notes begin: of a bar, and of the one before it."""
        timeline = board.timeline
        assert timeline is not None
        if timeline is not self._timeline or cells != self._cells:
            self._timeline, self._cells = timeline, cells
            self._bars, self._edges = {}, {}
            self._add(board.lately(timeline.timetag(Fraction(bar - 1))), timeline, bar, cells)
        else:
            fresh = min(board.told - self._told, len(board.steps))
            self._add(islice(reversed(board.steps), fresh), timeline, bar, cells)
        self._told = board.told
        for old in [each for each in self._bars if each < bar - 1]:
            del self._bars[old]
        for old in [each for each in self._edges if each < bar - 1]:
            del self._edges[old]
        return self._bars.get(bar, {}), self._bars.get(bar - 1, {})

    def _add(self, steps: Iterable[Step], timeline: Timeline, bar: int, cells: int) -> None:
        found: dict[tuple[int, str], set[int]] = {}
        for step in steps:
            place = self._bar_of(step.due, timeline, bar)
            begin, end = self._edges_of(place, timeline)
            cell = min(cells - 1, max(0, (step.due - begin) * cells // max(1, end - begin)))
            found.setdefault((place, step.track), set()).add(cell)
        for (place, track), on in found.items():
            tracks = self._bars.setdefault(place, {})
            tracks[track] = tracks.get(track, NONE) | on

    def _bar_of(self, due: int, timeline: Timeline, bar: int) -> int:
        for near in (bar, bar + 1, bar - 1):  # where a note that is told now nearly always is
            begin, end = self._edges_of(near, timeline)
            if begin <= due < end:
                return near
        cycle = timeline.cycle(due)
        return cycle.numerator // cycle.denominator

    def _edges_of(self, bar: int, timeline: Timeline) -> tuple[int, int]:
        if bar not in self._edges:
            self._edges[bar] = timeline.timetag(Fraction(bar)), timeline.timetag(Fraction(bar + 1))
        return self._edges[bar]
