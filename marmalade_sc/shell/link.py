"""The shell's connection to the player: made again whenever it breaks, with what it wants to hear."""

import asyncio
from collections.abc import Callable, Iterable
from pathlib import Path

from marmalade_sc.errors import PlayerError
from marmalade_sc.player.control.protocol import Client, Message

__all__ = ["PlayerLink"]

_REJOIN_S = 0.3
_ALWAYS = frozenset({"status", "output", "news", "levels"})


class PlayerLink:
    """See the module.

    Args:
        path: the control socket.
        heard: takes events.
        joined: is told the player's hello, now and whenever it is joined again; and None when it is lost.
    """

    def __init__(self, path: Path, heard: Callable[[Message], None], joined: Callable[[Message | None], None]) -> None:
        self._path = path
        self._heard = heard
        self._joined = joined
        self._client = Client(heard)
        self._wants = _ALWAYS
        self._told: frozenset[str] = frozenset()

    async def join(self) -> None:
        """The first time.

        Raises:
            PlayerError: no player answers.
        """
        hello = await self._client.connect(self._path)
        await self._subscribe()
        self._joined(hello)

    async def keep(self) -> None:
        """Join again for ever: the hub was restarted, or the player moved to another jam."""
        while True:
            await self._client.closed.wait()
            self._joined(None)
            await self._client.close()
            fresh = Client(self._heard)
            try:
                hello = await fresh.connect(self._path)
            except PlayerError:
                await fresh.close()
                await asyncio.sleep(_REJOIN_S)
                continue
            self._client, self._told = fresh, frozenset()
            try:
                await self._subscribe()
            except PlayerError:
                continue
            self._joined(hello)

    async def ask(self, do: str, /, *, timeout_s: float | None = 10.0, **fields: object) -> Message:
        """See `Client.ask`. Raises PlayerError."""
        return await self._client.ask(do, timeout_s=timeout_s, **fields)

    async def want(self, more: Iterable[str]) -> None:
        """Hear these events besides what every shell hears; each costs the player something."""
        self._wants = _ALWAYS | frozenset(more)
        if self._wants != self._told and not self._client.closed.is_set():
            try:
                await self._subscribe()
            except PlayerError:
                self._told = frozenset()

    async def close(self) -> None:
        """Let the player go."""
        await self._client.close()

    async def _subscribe(self) -> None:
        self._told = self._wants
        await self._client.ask("subscribe", to=sorted(self._wants))
