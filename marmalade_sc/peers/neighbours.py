"""Players of the same jam on the same network, found by multicast DNS (zeroconf): nobody has to be told an address.

What is announced is a player's key, its address, and the jam's mark, from which nobody learns the jam's id. What is
heard is a hint where to ask: who answers there has to prove that it has the key.
"""

import asyncio
import base64
import binascii
import contextlib
import errno
import ipaddress
import socket
from collections.abc import Callable, Coroutine, Mapping
from typing import Final

from zeroconf import Error as ZeroconfError
from zeroconf import InterfaceChoice, ServiceStateChange, Zeroconf
from zeroconf.asyncio import AsyncServiceBrowser, AsyncServiceInfo, AsyncZeroconf

from marmalade_sc.identity.keys import PublicKey
from marmalade_sc.peers.reach import Endpoint

__all__ = ["SERVICE", "Neighbours", "hint_of", "properties_of"]

SERVICE: Final = "_marmalade._tcp.local."
_VERSION: Final = b"1"
_ANSWER_MS: Final = 3000
_AT_ONCE: Final = 16
_MOST: Final = 512
"""Answers that are looked at in one session; a flood of made-up ones ends there."""


def properties_of(key: PublicKey, mark: bytes, is_tls: bool) -> dict[str, bytes]:
    """What is said of a player beside its address. Pure."""
    return {"v": _VERSION, "key": base64.b64encode(key.raw), "jam": mark.hex().encode(), "tls": b"%d" % is_tls}


def hint_of(
    properties: Mapping[bytes, bytes | None], mark: bytes, host: str, port: int | None
) -> tuple[bytes, str] | None:
    """The key and address that an answer names; None where it is of another jam, or no answer of ours. Pure."""
    if properties.get(b"v") != _VERSION or properties.get(b"jam") != mark.hex().encode() or not port:
        return None
    try:
        key = base64.b64decode(properties.get(b"key") or b"", validate=True)
        number = ipaddress.ip_address(host)
    except (binascii.Error, ValueError):
        return None
    if len(key) != 32:
        return None
    return key, Endpoint(properties.get(b"tls") == b"1", str(number), port).url


class Neighbours:
    """See the module. For one event loop: `open` it, `close` it.

    Args:
        at: where this player is found.
        mark: of the jam.
        met: takes a key and an address of each player that is found.
        listen: the address that this player listens at; all of this machine's where it is that of none.
    """

    def __init__(
        self, own: PublicKey, at: Endpoint, mark: bytes, met: Callable[[bytes, str], None], listen: str
    ) -> None:
        self._own = own
        self._at = at
        self._mark = mark
        self._met = met
        self._listen = listen
        self._zeroconf: AsyncZeroconf | None = None
        self._browser: AsyncServiceBrowser | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._count = 0

    async def open(self) -> None:
        """Announce this player and look for others. Raises OSError where multicast cannot be had."""
        is_any = ipaddress.ip_address(self._listen).is_unspecified
        interfaces = InterfaceChoice.Default if is_any else [self._listen]
        try:
            self._zeroconf = AsyncZeroconf(interfaces=interfaces)
        except (RuntimeError, ZeroconfError) as error:
            raise OSError(errno.ENETUNREACH, str(error)) from error
        self._browser = AsyncServiceBrowser(self._zeroconf.zeroconf, SERVICE, handlers=[self._changed])
        self._start(self._announce())

    async def close(self) -> None:
        """Say goodbye and stop looking. Idempotent."""
        zeroconf, self._zeroconf = self._zeroconf, None
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if zeroconf is None:
            return
        if self._browser is not None:
            await self._browser.async_cancel()
        with contextlib.suppress(Exception, TimeoutError):  # it goes by itself: records live for two minutes
            async with asyncio.timeout(1.0):
                await zeroconf.async_unregister_all_services()
        await zeroconf.async_close()

    async def _announce(self) -> None:
        assert self._zeroconf is not None
        name = self._own.long_player
        info = AsyncServiceInfo(
            SERVICE,
            f"{name}-{self._mark.hex()[:8]}.{SERVICE}",
            addresses=[socket.inet_pton(socket.AF_INET6 if ":" in self._at.host else socket.AF_INET, self._at.host)],
            port=self._at.port,
            properties=properties_of(self._own, self._mark, self._at.is_tls),
            server=f"marmalade-{self._own.raw.hex()[:16]}.local.",
        )
        await self._zeroconf.async_register_service(info, allow_name_change=True)

    def _changed(self, zeroconf: Zeroconf, service_type: str, name: str, state_change: ServiceStateChange) -> None:
        if state_change is ServiceStateChange.Removed or self._count >= _MOST or len(self._tasks) >= _AT_ONCE:
            return
        self._count += 1
        self._start(self._look(zeroconf, name))

    async def _look(self, zeroconf: Zeroconf, name: str) -> None:
        info = AsyncServiceInfo(SERVICE, name)
        if not await info.async_request(zeroconf, _ANSWER_MS):
            return
        for host in info.parsed_addresses()[:4]:
            found = hint_of(info.properties, self._mark, host, info.port)
            if found is not None and found[0] != self._own.raw:
                self._met(*found)

    def _start(self, work: Coroutine[object, object, None]) -> None:
        async def run() -> None:
            with contextlib.suppress(Exception):  # what others announce may be anything; it is a hint and no more
                await work

        task = asyncio.create_task(run())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
