"""The generations that a host knows, the blocks that wait for one, and what is said of both."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from marmalade_sc.clock.clocks import waited_s
from marmalade_sc.live.link import Message, encode

__all__ = ["Job", "Member", "facts_of", "kill", "plain_error"]

_HEARD_S: Final = 0.6
"""Generations say something four times a second."""
_LONGEST_S: Final = 10.0
"""So long a silence is the end of one, whatever the reason."""


@dataclass(slots=True)
class Member:
    """One connected generation."""

    pid: int
    request: int
    writer: asyncio.StreamWriter
    seen: float
    _waited: float = 0.0

    def send(self, message: Mapping[str, object]) -> None:
        with contextlib.suppress(OSError, RuntimeError):
            self.writer.write(encode(message))

    def hangs_since(self, now: float) -> float:
        """For how many seconds it has said nothing while it had a processor: a busy machine is no hanging pattern."""
        silent = now - self.seen
        if silent < _HEARD_S:
            self._waited = waited_s(self.pid)
            return 0.0
        return silent if silent > _LONGEST_S else silent - max(0.0, waited_s(self.pid) - self._waited)


@dataclass(slots=True)
class Job:
    """A block, or after a crash all that had worked, that waits for its turn or is being evaluated.

    Attributes:
        sent: when a generation was asked to fork for it; `tries` how often.
    """

    request: int
    blocks: list[tuple[str, str]]
    answer: "asyncio.Future[Message]"
    restores: bool = False
    since: float = 0.0
    is_told: bool = False
    sent: float = 0.0
    tries: int = 0


def kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def facts_of(message: Message) -> Message:
    """When a block or a command was carried out, and where it landed."""
    return {name: message[name] for name in ("at", "cycle", "landings", "places") if name in message}


def plain_error(text: str) -> dict[str, object]:
    return {"code": "evaluation", "message": text, "hint": "", "text": text, "traceback": "", "where": None}
