"""What the hub's clients watch: steps, levels and the scope are made only while somebody has asked for them.

Who makes them is told so again each two seconds and stops by itself: a hub that is killed leaves nothing running.
"""

import asyncio
import base64
import contextlib
import struct
import time
from collections.abc import Awaitable, Callable
from typing import Final

from marmalade_sc.errors import JamError
from marmalade_sc.jam import keys
from marmalade_sc.jam.streams import StateLog
from marmalade_sc.player.control.protocol import Message

__all__ = ["LEASE_S", "WATCHED", "Watching"]

WATCHED: Final = frozenset({"steps", "levels", "scope"})
LEASE_S: Final = 6.0
"""How long the engine goes on without being asked again."""
_AGAIN_S: Final = 2.0
_LOOK_S: Final = 0.05


class Watching:
    """See the module.

    Args:
        events: the events server.
        order: sends an order to the engine.
        tell_live: sends a message to the live host.
        push: takes an event of a kind, for those who want it.
    """

    def __init__(
        self,
        events: StateLog,
        order: Callable[[Message], Awaitable[None]],
        tell_live: Callable[[Message], None],
        push: Callable[[str, Message], None],
    ) -> None:
        self._events = events
        self._order = order
        self._tell_live = tell_live
        self._push = push
        self._wanted: frozenset[str] = frozenset()
        self._changed = asyncio.Event()
        self._ids: dict[str, str] = {}

    def want(self, wanted: frozenset[str]) -> None:
        """What all clients together want from now on."""
        wanted &= WATCHED
        if wanted == self._wanted:
            return
        if ("steps" in wanted) != ("steps" in self._wanted):
            self._tell_live({"do": "watch", "steps": "steps" in wanted})
        self._wanted = wanted
        self._changed.set()

    def joined_live(self) -> None:
        """There is a new live host."""
        if "steps" in self._wanted:
            self._tell_live({"do": "watch", "steps": True})

    async def run(self) -> None:
        """Ask the engine and pass on what it tells, while anybody wants it; until cancelled."""
        asked = 0.0
        while True:
            wanted = self._wanted & {"levels", "scope"}
            if self._changed.is_set() or (wanted and time.monotonic() - asked >= _AGAIN_S):
                self._changed.clear()
                asked = time.monotonic()
                with contextlib.suppress(Exception):  # an events server that is away; asked again
                    await self._order({"order": "watch", "levels": "levels" in wanted, "scope": "scope" in wanted})
            if not wanted:
                self._ids.clear()
                await self._changed.wait()
                continue
            for kind, record in await asyncio.to_thread(self._read, sorted(wanted)):
                self._push(kind, _event(kind, record))
            await asyncio.sleep(_LOOK_S)

    def _read(self, kinds: list[str]) -> list[tuple[str, dict[str, object]]]:
        """The newest record of each kind that was not read yet; what came before it is the past."""
        found = []
        for kind in kinds:
            key = keys.LEVELS if kind == "levels" else keys.SCOPE
            with contextlib.suppress(JamError):
                row = self._events.newest(key)
                if row is not None and row[0] != self._ids.get(kind):
                    if kind in self._ids:
                        found.append((kind, row[1]))
                    self._ids[kind] = row[0]
        return found


def _event(kind: str, record: dict[str, object]) -> Message:
    if kind == "levels":
        return {"event": "levels", "levels": record.get("levels", {})}
    data = base64.b64decode(str(record.get("samples", "")))
    samples = [round(value, 5) for value in struct.unpack(f">{len(data) // 4}f", data)]
    return {"event": "scope", "rate": record.get("rate"), "left": samples[::2], "right": samples[1::2]}
