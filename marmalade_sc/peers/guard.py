"""Connections that take too long or are too many end: aiohttp itself waits for a header as long as it takes."""

import asyncio
import ipaddress
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, cast

__all__ = ["Guards", "Guarded", "network_of"]

_HEADER_S: Final = 5.0
_LONGEST_S: Final = 120.0


def network_of(address: str) -> str:
    """The network that an address is likely one of many of: whoever has one has them all."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    return str(ipaddress.ip_network((found, 24 if found.version == 4 else 64), strict=False))


@dataclass(slots=True)
class Guards:
    """All connections of a server.

    Attributes:
        header_s: from when a connection is made, or was answered, until a whole header is there.
        longest_s: of one request, its body and answer.
        per_address, most: connections at once.
        reserved: so many more for addresses that are `known`, whatever all others do.
        refused, ended: how many were too many, or too slow.
    """

    header_s: float = _HEADER_S
    longest_s: float = _LONGEST_S
    per_address: int = 32
    most: int = 256
    reserved: int = 64
    known: Callable[[str], bool] = lambda address: False
    refused: int = 0
    ended: int = 0
    open: dict[asyncio.BaseTransport, "Guarded"] = field(default_factory=dict)
    addresses: Counter[str] = field(default_factory=Counter)
    networks: Counter[str] = field(default_factory=Counter)

    def wrap(self, inner: Callable[[], asyncio.BaseProtocol]) -> "Guarded":
        """A new connection."""
        return Guarded(self, cast(asyncio.Protocol, inner()))

    def admit(self, transport: asyncio.BaseTransport, guarded: "Guarded", address: str) -> bool:
        """Whether a connection from an address may stay. Where all places are taken a crowded network gives one up."""
        network = network_of(address)
        may = self.addresses[address] < self.per_address and (
            len(self.open) < self.most
            or (self.known(address) and len(self.open) < self.most + self.reserved)
            or self._cut_one_of_many(network)
        )
        if not may:
            self.refused += 1
            return False
        self.open[transport] = guarded
        self.addresses[address] += 1
        self.networks[network] += 1
        return True

    def dismiss(self, transport: asyncio.BaseTransport, address: str) -> bool:
        """A connection is over; whether it was one of these."""
        if self.open.pop(transport, None) is None:
            return False
        for counts, name in ((self.addresses, address), (self.networks, network_of(address))):
            counts[name] -= 1
            if not counts[name]:
                del counts[name]
        return True

    def _cut_one_of_many(self, newcomer: str) -> bool:
        """End the oldest connection of the most crowded network that asks nothing yet, for one of a less crowded."""
        crowded, count = max(self.networks.items(), key=lambda each: each[1], default=("", 0))
        if count <= self.networks[newcomer] + 1:
            return False
        for each in self.open.values():
            if each.is_waiting and network_of(each.address) == crowded and not self.known(each.address):
                each.cut()
                return True
        return False

    def begin(self, transport: asyncio.BaseTransport | None) -> None:
        """A whole header has come on this connection."""
        if transport is not None and (guarded := self.open.get(transport)) is not None:
            guarded.is_waiting = False
            guarded.wait(self.longest_s)

    def end(self, transport: asyncio.BaseTransport | None) -> None:
        """The request was answered."""
        if transport is not None and (guarded := self.open.get(transport)) is not None:
            guarded.is_waiting = True
            guarded.wait(self.header_s)


class Guarded(asyncio.Protocol):
    """One connection: passes everything on to `inner`, and cuts it when its time is over.

    Attributes:
        address: of the other side.
        is_waiting: it asks nothing now.
    """

    def __init__(self, guards: Guards, inner: asyncio.Protocol) -> None:
        self._guards = guards
        self._inner = inner
        self._transport: asyncio.Transport | None = None
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._until = 0.0
        self._is_cut = False
        self.address = ""
        self.is_waiting = True

    def wait(self, seconds_s: float) -> None:
        """So long may it take from now on.

        A timer that rings too early looks again: with a new one for each request the loop would sort thousands.
        """
        self._until = self._loop.time() + seconds_s
        if self._timer is not None:
            if self._timer.when() <= self._until:
                return
            self._timer.cancel()
        self._timer = self._loop.call_at(self._until, self._look)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        guards = self._guards
        peer = transport.get_extra_info("peername")
        self.address = str(peer[0]) if peer else ""
        self._transport = cast(asyncio.Transport, transport)
        if not guards.admit(transport, self, self.address):
            self._transport.abort()
            return
        self.wait(guards.header_s)
        self._inner.connection_made(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._transport is not None and (self._guards.dismiss(self._transport, self.address) or self._is_cut):
            self._inner.connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._transport in self._guards.open:
            self._inner.data_received(data)

    def eof_received(self) -> bool | None:
        return self._inner.eof_received() if self._transport in self._guards.open else False

    def pause_writing(self) -> None:
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        self._inner.resume_writing()

    def _look(self) -> None:
        self._timer = None
        if self._loop.time() < self._until:
            self._timer = self._loop.call_at(self._until, self._look)
        else:
            self.cut()

    def cut(self) -> None:
        """End it now; its place is free at once."""
        self._guards.ended += 1
        if self._transport is not None:
            self._is_cut = self._guards.dismiss(self._transport, self.address)
            self._transport.abort()
