"""The schedule as players share it: contexts in few bytes, and where its writer is in it, by the writer's clock. Pure.

Bars have no numbers that players share, so a place is a moment: `at` is when the context that plays began.
"""

import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from marmalade_sc.errors import UsageError
from marmalade_sc.peers.refusals import refused
from marmalade_sc.peers.registers import LARGEST_VALUE
from marmalade_sc.sdk.schedule import Node, Schedule, Way

__all__ = ["AGENDA", "Agenda", "read_agenda"]

AGENDA: Final = "schedule"
"""The register's name."""
_LARGEST: Final = 64 << 10
_MOST_COUNT: Final = 1 << 31


@dataclass(frozen=True, slots=True)
class Agenda:
    """A schedule, and a place in it.

    Attributes:
        is_edit: it changes contexts of the one before; whoever is in a context that is still there stays in it.
        seed: of its forks.
        context, count: where its writer was, and how many contexts came before.
        at: jam time of its writer at which that context began, in units of 2**-32 s.
    """

    schedule: Schedule
    is_edit: bool
    seed: int
    context: str
    count: int
    at: int

    def to_bytes(self) -> bytes:
        """As a register's value. Raises ValueError where there is no room for so many contexts."""
        rows = [
            [node.name, node.bars, dict(node.tags), [[way.to, way.weight, way.when] for way in node.ways], node.edited]
            for node in self.schedule.nodes.values()
        ]
        table = [int(self.is_edit), self.seed, self.context, self.count, self.at, self.schedule.start, rows]
        found = zlib.compress(json.dumps(table, separators=(",", ":")).encode(), 9)
        if len(found) > LARGEST_VALUE:
            raise ValueError(f"it has {len(found)} bytes, {LARGEST_VALUE} fit")
        return found


def read_agenda(data: bytes) -> Agenda:
    """What a register holds. Raises PeerError for what is none."""
    try:
        inflating = zlib.decompressobj()
        text = inflating.decompress(data, _LARGEST)
        if inflating.unconsumed_tail or not inflating.eof:
            raise ValueError
        is_edit, seed, context, count, at, start, rows = json.loads(text)
        nodes = [_node(row) for row in rows]
        schedule = Schedule.of(nodes, start)
        numbers = (seed, count, at)
        if not all(isinstance(each, int) and not isinstance(each, bool) for each in numbers):
            raise ValueError
        if context not in schedule.nodes or not (
            0 <= count < _MOST_COUNT and 0 <= at < 1 << 64 and abs(seed) < 1 << 63
        ):
            raise ValueError
    except (zlib.error, ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError, UsageError):
        raise refused("malformed", "a schedule that cannot be") from None
    return Agenda(schedule, bool(is_edit), seed, context, count, at)


def _node(row: list[Any]) -> Node:
    name, bars, tags, ways, edited = row
    if not isinstance(name, str) or not isinstance(bars, int) or not isinstance(tags, Mapping) or len(ways) > 50:
        raise ValueError
    if not isinstance(edited, int) or not 0 <= edited < 1 << 62:
        raise ValueError
    return Node(
        name,
        bars,
        {str(key): str(value) for key, value in tags.items()},
        tuple(Way(str(to), float(weight), str(when)) for to, weight, when in ways),
        edited,
    )
