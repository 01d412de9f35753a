"""A small client for the gateway's socket: what a generator asks of the jam's state, and what it writes.

Standard library only: `import redis` costs 74 to 164 ms in a sandbox, this 3. Version 2 of Redis's protocol, over a
Unix socket, several requests at once; a connection that breaks is opened again with the next request.
"""

import contextlib
import socket
from collections.abc import Sequence
from typing import Final

from marmalade_sc.errors import JamError

__all__ = ["Client", "Part", "Reply"]

Part = str | bytes | int
Reply = bytes | int | None | list["Reply"] | JamError

_CHUNK: Final = 65_536
_LARGEST: Final = 16 << 20
_DEEPEST: Final = 8
_PIPELINE: Final = 200


class Client:
    """One connection. For one thread; blocks at most `timeout_s` for an answer.

    Args:
        path: of the socket.
        timeout_s: for connecting, and for an answer beyond what a request itself waits.
    """

    def __init__(self, path: str, timeout_s: float = 2.0) -> None:
        self._path = path
        self._timeout_s = timeout_s
        self._socket: socket.socket | None = None
        self._buffer = b""
        self._at = 0
        self.reconnects = -1

    def call(self, *request: Part) -> Reply:
        """The answer to a request. Raises JamError where it is an error, or nobody is there."""
        reply = self.pipeline([request])[0]
        if isinstance(reply, JamError):
            raise reply
        return reply

    def pipeline(self, requests: Sequence[Sequence[Part]]) -> list[Reply]:
        """The answers to several requests; errors are among them as JamError.

        Not repeated after a loss: an XADD may have been done.

        Raises:
            JamError: nobody is there, or there are too many requests.
        """
        if len(requests) > _PIPELINE:
            raise JamError(f"{len(requests)} requests at once; {_PIPELINE} are the most")
        self.send(requests)
        return [self.receive() for _ in requests]

    def send(self, requests: Sequence[Sequence[Part]]) -> None:
        """Send requests; each has to be followed by one `receive`. Raises JamError where nobody is there."""
        data = b"".join(map(_packed, requests))
        try:
            self._open().sendall(data)
        except OSError as error:
            self.close()
            raise JamError(f"The jam's socket {self._path} cannot be reached: {error}") from error

    def receive(self, wait_s: float = 0.0) -> Reply:
        """The next answer, `wait_s` longer than usual. Raises JamError where the connection breaks."""
        try:
            self._open().settimeout(self._timeout_s + wait_s)
            return self._reply(0)
        except (OSError, ValueError, RecursionError) as error:
            self.close()
            raise JamError(f"The connection to the jam broke: {error}") from error

    def fileno(self) -> int:
        """The descriptor, for `select`; -1 while there is none."""
        return self._socket.fileno() if self._socket is not None else -1

    @property
    def has_more(self) -> bool:
        """Whether some of an answer has been read already: `select` would not tell of it."""
        return self._at < len(self._buffer)

    def close(self) -> None:
        """Give the connection back. Idempotent."""
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.close()
        self._socket, self._buffer, self._at = None, b"", 0

    def _open(self) -> socket.socket:
        if self._socket is None:
            made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            made.settimeout(self._timeout_s)
            try:
                made.connect(self._path)
            except OSError:
                made.close()
                raise
            self._socket, self._buffer, self._at = made, b"", 0
            self.reconnects += 1
        return self._socket

    def _reply(self, depth: int) -> Reply:
        line = self._line()
        kind, rest = line[:1], line[1:]
        if kind == b"+":
            return rest
        if kind == b"-":
            return JamError(rest.decode(errors="replace"))
        if kind == b":":
            return int(rest)
        size = int(rest)
        if not -1 <= size <= _LARGEST or depth > _DEEPEST:
            raise ValueError("an answer is too large")
        if kind == b"$":
            return None if size < 0 else self._exactly(size)
        if kind == b"*":
            return None if size < 0 else [self._reply(depth + 1) for _ in range(size)]
        raise ValueError("an answer is not in Redis's protocol")

    def _line(self) -> bytes:
        while (end := self._buffer.find(b"\r\n", self._at)) < 0:
            self._more()
        line = self._buffer[self._at : end]
        self._at = end + 2
        return line

    def _exactly(self, size: int) -> bytes:
        while len(self._buffer) - self._at < size + 2:
            self._more()
        data = self._buffer[self._at : self._at + size]
        self._at += size + 2
        return data

    def _more(self) -> None:
        assert self._socket is not None
        data = self._socket.recv(_CHUNK)
        if not data:
            raise OSError("it was closed")
        self._buffer = self._buffer[self._at :] + data
        self._at = 0
        if len(self._buffer) > _LARGEST:
            raise ValueError("an answer is too large")


def _packed(request: Sequence[Part]) -> bytes:
    parts = [each if isinstance(each, bytes) else str(each).encode() for each in request]
    return b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(each), each) for each in parts)
