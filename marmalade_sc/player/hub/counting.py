"""Whose bars are whose: where somebody counts them, a first pattern may not begin them anew. See live/clockwork.py."""

import asyncio
from collections.abc import Awaitable, Callable, Container

from marmalade_sc.player.control.protocol import Message

__all__ = ["Counting"]


class Counting:
    """See the module.

    Args:
        ask: puts a command to the live host.
    """

    def __init__(self, ask: Callable[[Message], Awaitable[Message]]) -> None:
        self._ask = ask
        self._asked: asyncio.Future[Message] | None = None

    def look(self, timeline: object, hosted: Container[str], players: object) -> None:
        """Let the bars count as soon as a generator or another player is there. For the loop; waits for nothing.

        Args:
            timeline: this player's, as JSON has it, or None.
            hosted: tracks of generators that run.
            players: of the jam, as in the status.
        """
        if not isinstance(timeline, dict) or timeline.get("counts"):
            return
        rows = players if isinstance(players, list) else []
        others = any(isinstance(each, dict) and not each.get("is_own") for each in rows)
        if (hosted or others) and (self._asked is None or self._asked.done()):
            self._asked = asyncio.ensure_future(self._ask({"do": "count"}))
