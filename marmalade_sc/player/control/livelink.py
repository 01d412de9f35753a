"""The hub's connection to the live host, made again whenever it breaks."""

import asyncio
import contextlib
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path

from marmalade_sc.player.control.connection import failure
from marmalade_sc.player.control.protocol import Message

__all__ = ["LiveLink"]

_LIVE_S = 60.0
"""How long a command waits for a live host that is starting; a first evaluation is typed before it is there."""
_LONGEST_LINE = 8 << 20


class LiveLink:
    """See the module.

    Args:
        path: where the live host listens for clients.
        heard: takes each event that it tells.
        joined: called whenever the connection was made.
        what: is at the other end, for messages.
    """

    def __init__(
        self,
        path: Path,
        heard: Callable[[Message], None],
        joined: Callable[[], None],
        what: str = "The live host",
    ) -> None:
        self._what = what
        self._path = path
        self._heard_event = heard
        self._joined = joined
        self._writer: asyncio.StreamWriter | None = None
        self._answers: dict[int, asyncio.Future[Message]] = {}
        self._count = 0
        self._connected = asyncio.Event()

    async def keep(self) -> None:
        """Stay connected, until cancelled."""
        while True:
            try:
                reader, self._writer = await asyncio.open_unix_connection(os.fspath(self._path), limit=_LONGEST_LINE)
                self._connected.set()
                self._joined()
                while line := await reader.readline():
                    self._heard(json.loads(line))
            except (OSError, ValueError, asyncio.LimitOverrunError):
                pass
            finally:
                self._writer = None
                self._connected.clear()
                for future in self._answers.values():
                    if not future.done():
                        future.set_result(failure(f"{self._what} was restarted; try again"))
                self._answers.clear()
            await asyncio.sleep(0.05)

    def _heard(self, message: Message) -> None:
        number = message.get("id")
        if isinstance(number, int):
            future = self._answers.pop(number, None)
            if future is not None and not future.done():
                future.set_result(message)
        else:
            self._heard_event(message)

    def tell(self, message: Mapping[str, object]) -> None:
        """Send without waiting for an answer; lost where nobody listens."""
        if self._writer is not None:
            with contextlib.suppress(OSError, RuntimeError):
                self._writer.write(json.dumps(message).encode() + b"\n")

    async def ask(self, message: Message) -> Message:
        """Send a command and wait for its answer, however long an evaluation takes."""
        if self._writer is None and message.get("do") != "interrupt":
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._connected.wait(), _LIVE_S)
        if self._writer is None:
            return failure(f"{self._what} is starting; try again")
        self._count += 1
        future: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        self._answers[self._count] = future
        # A command of the protocol may have a field `name` of its own; the scheduler's side reads which it is in `do`.
        self._writer.write(json.dumps({**message, "id": self._count}).encode() + b"\n")
        return await future
