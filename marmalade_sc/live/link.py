"""JSON lines between the live host and its generations: one object per line, over a Unix socket."""

import asyncio
import contextlib
import json
import os
import select
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NoReturn

from marmalade_sc.errors import PlayerError

__all__ = ["LONGEST_LINE", "Link", "Message", "decode", "encode", "serve"]

Message = dict[str, object]

LONGEST_LINE: Final = 4 << 20


def encode(message: Mapping[str, object]) -> bytes:
    """A message as a line."""
    return json.dumps(message, separators=(",", ":")).encode() + b"\n"


def decode(line: bytes) -> Message:
    """The message of a line. Raises PlayerError when it is not an object."""
    try:
        message = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise PlayerError(f"A message is not JSON: {error}") from error
    if not isinstance(message, dict):
        raise PlayerError("A message is not an object")
    return message


async def serve(server: asyncio.Server) -> NoReturn:
    """Let a server that has started serve until the caller is cancelled; its socket is closed then.

    Not `serve_forever`, nor `async with`: from Python 3.12 on these wait until every client has left, and a process
    that should end would wait for a shell that somebody left open.
    """
    with contextlib.closing(server):
        await asyncio.get_running_loop().create_future()
    raise AssertionError("nobody sets this future's result")


class Link:
    """The generation's end. Reads without blocking longer than asked; writes whole lines.

    Attributes:
        is_open: False once the host is gone.
    """

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
        self._socket.connect(os.fspath(path))
        self._rest = b""
        self.is_open = True

    def read(self, timeout_s: float) -> list[Message]:
        """Messages that arrive within `timeout_s`; returns with the first."""
        if not self.is_open or not select.select([self._socket], [], [], max(0.0, timeout_s))[0]:
            return []
        try:
            data = self._socket.recv(1 << 18)
        except OSError:
            data = b""
        if not data:
            self.is_open = False
            return []
        *lines, self._rest = (self._rest + data).split(b"\n")
        return [decode(line) for line in lines]

    def is_asked(self) -> bool:
        """Whether something waits to be read."""
        return bool(select.select([self._socket], [], [], 0)[0])

    def write(self, message: Mapping[str, object]) -> None:
        """Send a message; nothing happens when the host is gone."""
        try:
            self._socket.sendall(encode(message))
        except OSError:
            self.is_open = False

    def write_if_room(self, line: bytes) -> None:
        """Send a line that nobody misses; not at all where the host reads slowly. Never blocks for lines <= 100 KB.

        The kernel calls a Unix socket writable while three quarters of its buffer (208 KB) are free.
        """
        if self.is_open and select.select([], [self._socket], [], 0)[1]:
            try:
                self._socket.sendall(line)
            except OSError:
                self.is_open = False

    def close(self) -> None:
        """Close this process's end."""
        self._socket.close()
        self.is_open = False
