"""Where evaluated blocks stand in the buffer, while lines move: so that what sounds is shown at its place. Pure."""

from collections.abc import Mapping, Sequence

__all__ = ["Marks"]

Mark = tuple[str, int]
"""Name of an evaluated block, and the line in it, from 1."""


class Marks:
    """One mark or none for each line of a text. A line that is edited loses its mark: it is not what sounds.

    Attributes:
        sources: the blocks of which a line is still there.
    """

    def __init__(self) -> None:
        self.sources: frozenset[str] = frozenset()
        self._lines: list[str] = [""]
        self._marks: list[Mark | None] = [None]
        self._margins: dict[str, int] = {}
        self._rows: dict[str, dict[int, int]] | None = None

    def text(self, lines: Sequence[str]) -> None:
        """The text has changed to `lines`."""
        old, new = self._lines, list(lines)
        if old == new:
            return
        short = min(len(old), len(new))
        head = next((at for at in range(short) if old[at] != new[at]), short)
        tail = next((at for at in range(short - head) if old[-1 - at] != new[-1 - at]), short - head)
        middle: list[Mark | None] = [None] * (len(new) - head - tail)
        lost = any(self._marks[head : len(old) - tail])
        self._marks = [*self._marks[:head], *middle, *self._marks[len(old) - tail :]]
        self._lines, self._rows = new, None
        if lost:
            self._count()

    def evaluated(self, source: str, lines: Sequence[str], near: int, margin: int = 0) -> None:
        """`lines` play now as the block `source`, beginning with its line 1. Without effect where they are gone.

        Args:
            near: the line (from 0) where they were when they were sent; they may have moved meanwhile.
            margin: characters that each line had before its first one in the block.
        """
        sent = list(lines)
        places = [at for at in range(len(self._lines) - len(sent) + 1) if self._lines[at : at + len(sent)] == sent]
        if not places:
            return
        first = min(places, key=lambda at: abs(at - near))
        for at in range(len(sent)):
            self._marks[first + at] = (source, at + 1)
        self._margins[source], self._rows = margin, None
        self._count()

    def rows(self, source: str) -> Mapping[int, int]:
        """From lines of the block `source` (from 1) to lines of the text (from 0), as far as they are still there."""
        if self._rows is None:
            self._rows = {}
            for at, mark in enumerate(self._marks):
                if mark is not None:
                    self._rows.setdefault(mark[0], {})[mark[1]] = at
        return self._rows.get(source, {})

    def margin(self, source: str) -> int:
        """See `evaluated`."""
        return self._margins.get(source, 0)

    def _count(self) -> None:
        self.sources = frozenset(mark[0] for mark in self._marks if mark is not None)
        self._margins = {source: margin for source, margin in self._margins.items() if source in self.sources}
