"""The end of a jam: its generators are told, with bars to finish, before the player goes on or ends."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from typing import Final

from marmalade_sc.player.control.protocol import Message
from marmalade_sc.settings.places import Places

__all__ = ["MOST_BARS", "bars_of", "farewell", "leave"]

MOST_BARS: Final = 64
_LOOK_S: Final = 0.05
_LOOKS: Final = 12_000
"""Ten minutes: 64 bars of the slowest meter that is played take less."""


def bars_of(message: Message) -> float:
    """The bars that a command gives to finish in: 0 to 64; 0 where it gives none."""
    found = message.get("bars")
    if isinstance(found, bool) or not isinstance(found, int | float) or found != found:
        return 0.0
    return min(float(MOST_BARS), max(0.0, float(found)))


async def farewell(ask: Callable[[Message], Awaitable[Message]], bars: float, why: str) -> None:
    """Tell all instances to end within so many bars, and return when none runs any more.

    Args:
        ask: asks the process that runs them. It ends what does not end by itself: TERM, and KILL a second later.
    """
    stopped = (await ask({"do": "stop", "bars": bars, "why": why, "quiet": False})).get("instances")
    if not stopped:
        return
    for _ in range(_LOOKS):
        rows = (await ask({"do": "instances"})).get("instances")
        if not isinstance(rows, list) or all(row["state"] == "ended" for row in rows):
            return
        await asyncio.sleep(_LOOK_S)


async def leave(places: Places, ask: Callable[[Message], Awaitable[Message]], jam: str | None, bars: float) -> Message:
    """Move to another jam, or (None) end the player; once the instances have had `bars` to finish.

    Called in a process of the player: the supervisor, its parent, is told.

    Raises:
        MarmaladeError: there can be no such jam.
    """
    if bars:
        await farewell(ask, bars, "the jam ends" if jam is None else f"the player goes to the jam {jam}")
    if jam is None:
        os.kill(os.getppid(), signal.SIGTERM)
    else:
        await asyncio.to_thread(_switch, places, jam)
    return {"ok": True}


def _switch(places: Places, jam: str) -> None:
    # The wiring of the supervisor's side: not needed until somebody leaves.
    from marmalade_sc.player.supervision import running

    running.choose(places, {}, jam)
    running.switch(places, jam)
