"""Redis's protocol, versions 2 and 3: requests of strangers within limits, replies of our own servers as they are."""

import asyncio
from collections.abc import Sequence
from typing import Final

from marmalade_sc.errors import JamError

__all__ = ["MOST_ARGUMENTS", "error", "first_ids", "packed", "packed_rows", "read_reply", "read_request"]

MOST_ARGUMENTS: Final = 300
_LONGEST_HEAD: Final = 16
_DEEPEST: Final = 8


async def read_request(reader: asyncio.StreamReader, longest: int) -> tuple[list[bytes], int] | None:
    """The arguments of the next request and its size in bytes; None at the end.

    Only arrays of bulk strings are read, which is what every client library sends.

    Raises:
        JamError: it is something else, or longer than `longest` bytes; the connection cannot go on.
    """
    head = await reader.readline()
    if not head:
        return None
    count = _number(head, b"*")
    if not 0 < count <= MOST_ARGUMENTS:
        raise JamError(f"a request has 1 to {MOST_ARGUMENTS} arguments")
    size = len(head)
    arguments = []
    for _ in range(count):
        head = await reader.readline()
        length = _number(head, b"$")
        size += len(head) + length + 2
        if length < 0 or size > longest:
            raise JamError(f"a request may have {longest} bytes")
        data = await reader.readexactly(length + 2)
        if data[-2:] != b"\r\n":
            raise JamError("a request is not what Redis speaks")
        arguments.append(data[:-2])
    return arguments, size


def _number(head: bytes, kind: bytes) -> int:
    if head[:1] != kind or head[-2:] != b"\r\n" or len(head) > _LONGEST_HEAD:
        raise JamError("a request is not what Redis speaks: send arrays of bulk strings")
    digits = head[1:-2]
    if not digits.lstrip(b"-").isdigit():
        raise JamError("a request is not what Redis speaks: a length is no number")
    return int(digits)


async def read_reply(reader: asyncio.StreamReader, depth: int = 0) -> bytes:
    """One whole reply as its bytes.

    Raises:
        JamError: the server is gone, or says what cannot be.
    """
    head = await reader.readline()
    if not head.endswith(b"\r\n") or depth > _DEEPEST:
        raise JamError("the state server is gone")
    kind = head[:1]
    if kind in b"+-:_#,(":
        return head
    length = int(head[1:-2])
    if length < 0:
        return head
    if kind in b"$=!":
        return head + await reader.readexactly(length + 2)
    parts = [head]
    for _ in range(2 * length if kind in b"%|" else length):
        parts.append(await read_reply(reader, depth + 1))
    return b"".join(parts)


def packed(arguments: Sequence[bytes]) -> bytes:
    """A request."""
    return b"*%d\r\n" % len(arguments) + b"".join(b"$%d\r\n%s\r\n" % (len(each), each) for each in arguments)


def error(text: str, code: str = "ERR") -> bytes:
    """A reply that says what is wrong, on one line."""
    line = "".join(each if each.isprintable() else " " for each in text)
    return f"-{code} {line[:300]}\r\n".encode()


def first_ids(reply: bytes) -> list[bytes] | None:
    """The ids of the entries in a reply to XRANGE; None where it is no such reply."""
    if reply[:1] != b"*":
        return None
    found: list[bytes] = []
    end = reply.index(b"\r\n")
    count, at = int(reply[1:end]), end + 2
    for _ in range(max(0, count)):
        at = reply.index(b"\r\n", at) + 2  # *2
        end = reply.index(b"\r\n", at)
        size = int(reply[at + 1 : end])
        found.append(reply[end + 2 : end + 2 + size])
        at = end + 4 + size
        end = reply.index(b"\r\n", at)
        at, parts = end + 2, int(reply[at + 1 : end])
        for _ in range(max(0, parts)):
            end = reply.index(b"\r\n", at)
            at = end + 4 + int(reply[at + 1 : end])
    return found


def packed_rows(
    count: int, reply: bytes, points: Sequence[tuple[tuple[int, int], Sequence[bytes]]], is_reply_first: bool
) -> bytes:
    """A reply to XRANGE of `count` entries: those of a reply, and further points before or behind them."""
    rest = reply[reply.index(b"\r\n") + 2 :]
    rows = b"".join(b"*2\r\n" + _bulk(b"%d-%d" % stamp) + _array(fields) for stamp, fields in points)
    return b"*%d\r\n" % count + (rest + rows if is_reply_first else rows + rest)


def _array(parts: Sequence[bytes]) -> bytes:
    return b"*%d\r\n" % len(parts) + b"".join(map(_bulk, parts))


def _bulk(data: bytes) -> bytes:
    return b"$%d\r\n%s\r\n" % (len(data), data)
