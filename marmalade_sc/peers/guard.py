"""Connections that take too long or are too many end: aiohttp itself waits for a header as long as it takes."""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, cast

__all__ = ["Guards", "Guarded"]

_HEADER_S: Final = 5.0
_LONGEST_S: Final = 120.0


@dataclass(slots=True)
class Guards:
    """All connections of a server.

    Attributes:
        header_s: from when a connection is made, or was answered, until a whole header is there.
        longest_s: of one request, its body and answer.
        per_address, most: connections at once.
        refused, ended: how many were too many, or too slow.
    """

    header_s: float = _HEADER_S
    longest_s: float = _LONGEST_S
    per_address: int = 32
    most: int = 256
    refused: int = 0
    ended: int = 0
    open: dict[asyncio.BaseTransport, "Guarded"] = field(default_factory=dict)
    addresses: Counter[str] = field(default_factory=Counter)

    def wrap(self, inner: Callable[[], asyncio.BaseProtocol]) -> "Guarded":
        """A new connection."""
        return Guarded(self, cast(asyncio.Protocol, inner()))

    def begin(self, transport: asyncio.BaseTransport | None) -> None:
        """A whole header has come on this connection."""
        if transport is not None and (guarded := self.open.get(transport)) is not None:
            guarded.wait(self.longest_s)

    def end(self, transport: asyncio.BaseTransport | None) -> None:
        """The request was answered."""
        if transport is not None and (guarded := self.open.get(transport)) is not None:
            guarded.wait(self.header_s)


class Guarded(asyncio.Protocol):
    """One connection: passes everything on to `inner`, and cuts it when its time is over."""

    def __init__(self, guards: Guards, inner: asyncio.Protocol) -> None:
        self._guards = guards
        self._inner = inner
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._address = ""

    def wait(self, seconds_s: float) -> None:
        """So long may it take from now on."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(seconds_s, self._cut)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        guards = self._guards
        peer = transport.get_extra_info("peername")
        self._address = str(peer[0]) if peer else ""
        self._transport = cast(asyncio.Transport, transport)
        if len(guards.open) >= guards.most or guards.addresses[self._address] >= guards.per_address:
            guards.refused += 1
            self._transport.abort()
            return
        guards.open[transport] = self
        guards.addresses[self._address] += 1
        self.wait(guards.header_s)
        self._inner.connection_made(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        guards = self._guards
        if self._transport is None or guards.open.pop(self._transport, None) is None:
            return
        guards.addresses[self._address] -= 1
        if not guards.addresses[self._address]:
            del guards.addresses[self._address]
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

    def _cut(self) -> None:
        self._guards.ended += 1
        if self._transport is not None:
            self._transport.abort()
