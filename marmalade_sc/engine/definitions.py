"""What scsynth must have loaded, as plain values, and when what was replaced may go: nothing here imports supriya."""

from collections.abc import Container, Mapping
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Definitions", "Retirement"]


@dataclass(frozen=True, slots=True)
class Definitions:
    """What a server must have loaded: catalogue rows, their compiled bytes, and sound files by buffer number."""

    rows: tuple[Mapping[str, object], ...] = ()
    compiled: tuple[bytes, ...] = ()
    buffers: tuple[tuple[int, Path], ...] = ()

    @property
    def hashes(self) -> frozenset[str]:
        """What names the versions that it holds."""
        return frozenset(str(row["hash"]) for row in self.rows)

    def without(self, hashes: Container[str]) -> "Definitions":
        """Itself less those versions."""
        pairs = [pair for pair in zip(self.rows, self.compiled, strict=True) if str(pair[0]["hash"]) not in hashes]
        return Definitions(tuple(row for row, _ in pairs), tuple(data for _, data in pairs), self.buffers)


class Retirement:
    """Keeps what was replaced for a while: sources go on with it until the next bar, patterns may hold longer notes.

    Args:
        ring_out: how long, in timetag units.
    """

    def __init__(self, ring_out: int) -> None:
        self._ring_out = ring_out
        self._until: dict[str, int] = {}

    def replace(self, older: Definitions, fresh: Definitions, now: int) -> Definitions:
        """Everything that is to be loaded from now on: `fresh`, and what of `older` is not in it, for a while."""
        kept = fresh.hashes
        for each in kept:
            self._until.pop(each, None)
        stale = older.without(kept)
        for each in stale.hashes:
            self._until.setdefault(each, now + self._ring_out)
        return Definitions((*fresh.rows, *stale.rows), (*fresh.compiled, *stale.compiled), fresh.buffers)

    def due(self, now: int) -> list[str]:
        """Versions whose time is over; each is given once."""
        over = [each for each, until in self._until.items() if until <= now]
        for each in over:
            del self._until[each]
        return over
