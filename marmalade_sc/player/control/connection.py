"""One client of the hub: its socket, what it wants to hear, and a bounded queue of what it has not read yet."""

import asyncio
import contextlib
import json
import os
import socket
import struct
from collections import deque
from dataclasses import dataclass, field

from marmalade_sc.player.control.protocol import Message

__all__ = ["Connection", "failure", "is_own", "join"]

_QUEUE = 256
_PEER = struct.Struct("3i")


@dataclass(eq=False, slots=True)
class Connection:
    """See the module. Who reads slowly loses the oldest events, never answers."""

    writer: asyncio.StreamWriter
    wants: frozenset[str] = frozenset()
    waiting: deque[bytes] = field(default_factory=lambda: deque(maxlen=_QUEUE))
    wake: asyncio.Event = field(default_factory=asyncio.Event)

    def push(self, kind: str, line: bytes) -> None:
        """Queue an event, already a line, where the client wants its kind."""
        if kind in self.wants:
            self.waiting.append(line)
            self.wake.set()

    def answer(self, message: Message) -> None:
        """Write an answer, before the events that wait."""
        with contextlib.suppress(OSError, RuntimeError):
            self.writer.write(json.dumps(message).encode() + b"\n")

    async def drain(self) -> None:
        """Write what waits, as fast as the client reads; until cancelled or the client is gone."""
        with contextlib.suppress(OSError, ConnectionError):
            while True:
                await self.wake.wait()
                self.wake.clear()
                while self.waiting:
                    self.writer.write(self.waiting.popleft())
                    await self.writer.drain()


def is_own(writer: asyncio.StreamWriter) -> bool:
    """Whether the other end is a process of our user (or root)."""
    connection = writer.get_extra_info("socket")
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER.size)
    return _PEER.unpack(credentials)[1] in (os.geteuid(), 0)


def failure(text: str, code: str = "player", hint: str = "") -> Message:
    """An answer that says what went wrong."""
    said = f"{text}\n{hint}" if hint else text
    error = {"code": code, "message": text, "hint": hint, "text": said, "traceback": "", "where": None}
    return {"ok": False, "error": error}


def join(answer: Message, more: Message) -> None:
    """Add to the answer of an evaluation what came of an order that it gave."""
    if more.get("error"):
        answer["ok"], answer["error"] = False, more["error"]
    if more.get("value"):
        answer["value"] = "\n".join(filter(None, (str(answer.get("value") or ""), str(more["value"]))))
    if more.get("settings"):
        answer["settings"] = more["settings"]
    first, second = answer.get("landings"), more.get("landings")
    if isinstance(second, list):
        answer["landings"] = [*(first if isinstance(first, list) else []), *second]
