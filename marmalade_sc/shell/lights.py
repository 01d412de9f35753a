"""Which characters of the code sound at a moment: each step is looked at when it comes and when it is over. Pure.

`board.sounding` answers the same for one block from all steps of the last seconds; ten times a second and for fifty
blocks that would be a third of a core.
"""

import heapq
from collections.abc import Container
from itertools import count
from typing import Final

from marmalade_sc.clock.timetag import UNITS_PER_SECOND

__all__ = ["Lights", "Span"]

Span = tuple[str, int, int, int]
"""Source, line, column (both from 1) and number of characters."""

_SHORTEST: Final = UNITS_PER_SECOND // 8
_LONGEST: Final = 8 * UNITS_PER_SECOND
_MOST: Final = 4000


class Lights:
    """See the module. Steps that do not fit are left out."""

    def __init__(self) -> None:
        self._coming: list[tuple[int, int, int, tuple[Span, ...]]] = []
        self._lit: list[tuple[int, int, tuple[Span, ...]]] = []
        self._count = count()

    def hear(self, rows: object, sources: Container[str]) -> None:
        """Take in the `steps` of an event, as far as they stand in one of `sources`."""
        for row in rows if isinstance(rows, list) else ():
            try:
                due, _, length, _, places = row
                spans = tuple((str(s), int(line), int(column), int(n)) for s, line, column, n in places if s in sources)
            except (TypeError, ValueError):
                continue
            if spans and isinstance(due, int) and isinstance(length, int) and len(self._coming) < _MOST:
                heapq.heappush(self._coming, (due, next(self._count), length, spans))

    def at(self, heard: int) -> frozenset[Span]:
        """What sounds at the jam time `heard`, the output's latency taken off. Times may only grow."""
        while self._coming and self._coming[0][0] <= heard:
            due, number, length, spans = heapq.heappop(self._coming)
            heapq.heappush(self._lit, (due + min(max(length, _SHORTEST), _LONGEST), number, spans))
        while self._lit and self._lit[0][0] <= heard:
            heapq.heappop(self._lit)
        return frozenset(span for _, _, spans in self._lit for span in spans)

    @property
    def next(self) -> int | None:
        """The jam time at which `at` gives something else; None when nothing is known to come."""
        return min((each[0][0] for each in (self._coming, self._lit) if each), default=None)

    def clear(self) -> None:
        """Forget everything: the music was silenced."""
        self._coming.clear()
        self._lit.clear()
