"""A scsynth without sound: it keeps the tree of nodes and tells what would have been heard, and what was refused.

It does what the real one does where the engine relies on it: bundles run in order of time, no more than 2,048 wait and
further ones vanish, a synth for a group that is gone fails, an id that is taken fails, freeing a group frees what is
in it. Node order within a group is not kept.
"""

import heapq
from collections.abc import Iterable
from dataclasses import dataclass, field

from marmalade_sc.engine.packets import Packet
from marmalade_sc.sdk.osc import read_message

__all__ = ["LARGEST_DATAGRAM", "MOST_PENDING", "Onset", "ServerDouble"]

MOST_PENDING = 2048
LARGEST_DATAGRAM = 65_507


@dataclass(frozen=True, slots=True)
class Onset:
    """A synth that was made: when, from which definition, in which group, with which first controls."""

    when: int
    wire: str
    node: int
    group: int
    values: tuple[float, ...]


@dataclass(slots=True)
class _Node:
    parent: int
    wire: str = ""
    controls: dict[str, float] = field(default_factory=dict)


class ServerDouble:
    """See the module. Time moves with `run_until`.

    Attributes:
        onsets: every synth that was made, in order.
        failures: what a real one would have answered with /fail.
        lost: bundles beyond MOST_PENDING.
    """

    def __init__(self) -> None:
        self.onsets: list[Onset] = []
        self.failures: list[str] = []
        self.lost = 0
        self.most_pending = 0
        self.nodes: dict[int, _Node] = {0: _Node(-1)}
        self._queue: list[tuple[int, int, Packet]] = []
        self._count = 0
        self._now = 0

    def send(self, packets: Iterable[Packet], now: int) -> None:
        """Take packets at `now`: those without a time, or with one that is past, run at once."""
        self.run_until(now)
        for packet in packets:
            size = 16 + sum(4 + len(content) for content in packet.messages)
            if size > LARGEST_DATAGRAM:
                self.failures.append(f"a datagram of {size} bytes")
            elif packet.when <= now:
                self._run(packet, now)
            elif len(self._queue) >= MOST_PENDING:
                self.lost += 1
            else:
                self._count += 1
                heapq.heappush(self._queue, (packet.when, self._count, packet))
        self.most_pending = max(self.most_pending, len(self._queue))

    def run_until(self, now: int) -> None:
        """Run what is due."""
        while self._queue and self._queue[0][0] <= now:
            when, _, packet = heapq.heappop(self._queue)
            self._run(packet, when)
        self._now = now

    def voices(self) -> list[int]:
        """Nodes of the synths that there are, oldest first."""
        return [number for number, node in self.nodes.items() if node.wire]

    def controls(self, node: int) -> dict[str, float]:
        """Controls of a node that were named when it was made or since."""
        return dict(self.nodes[node].controls)

    def _run(self, packet: Packet, when: int) -> None:
        for content in packet.messages:
            address, arguments = read_message(content)
            if address == "/clearSched":
                self._queue.clear()
            elif address == "/g_new":
                for number, _, target in zip(arguments[::3], arguments[1::3], arguments[2::3], strict=True):
                    self._add(_whole(number), self._parent(arguments[1], _whole(target)), _Node(0))
            elif address == "/s_new":
                self._new_synth(arguments, when)
            elif address in ("/n_free", "/g_freeAll", "/g_deepFree"):
                for number in map(_whole, arguments):
                    if number not in self.nodes:
                        self.failures.append(f"{address} Node {number} not found")
                    elif address == "/n_free":
                        self._free(number)
                    else:
                        self._free_inside(number)
            elif address == "/n_set":
                node = self.nodes.get(_whole(arguments[0]))
                if node is None:
                    self.failures.append(f"/n_set Node {_whole(arguments[0])} not found")
                else:
                    node.controls |= _named(arguments[1:])
            elif address == "/g_tail":
                for number in map(_whole, arguments):
                    if number not in self.nodes:
                        self.failures.append(f"{address} Group {number} not found")

    def _new_synth(self, arguments: list[int | float | str | bytes | list[float]], when: int) -> None:
        wire, number = str(arguments[0]), _whole(arguments[1])
        group = self._parent(arguments[2], _whole(arguments[3]))
        rest = arguments[4:]
        values = tuple(rest[1]) if len(rest) == 2 and isinstance(rest[1], list) else ()
        if self._add(number, group, _Node(group, wire, {} if values else _named(rest))):
            self.onsets.append(Onset(when, wire, number, group, values))

    def _parent(self, action: object, target: int) -> int:
        """The group into which something goes: `target`, or that of the node before or behind which it is put."""
        if action in (2, 3) and target in self.nodes:
            return self.nodes[target].parent
        return target

    def _add(self, number: int, group: int, node: _Node) -> bool:
        if number in self.nodes:
            self.failures.append(f"duplicate node ID {number}")
            return False
        if group not in self.nodes or self.nodes[group].wire:
            self.failures.append(f"Group {group} not found")
            return False
        node.parent = group
        self.nodes[number] = node
        return True

    def _free(self, number: int) -> None:
        self._free_inside(number)
        del self.nodes[number]

    def _free_inside(self, group: int) -> None:
        for number in [number for number, node in self.nodes.items() if node.parent == group]:
            self._free(number)


def _whole(value: object) -> int:
    assert isinstance(value, int)
    return value


def _named(arguments: list[int | float | str | bytes | list[float]]) -> dict[str, float]:
    return {str(name): float(value) for name, value in zip(arguments[::2], arguments[1::2], strict=True)}  # type: ignore[arg-type]
