"""Ranges of a series of which Redis has the younger part only: the rest is added from disk, in the same reply."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Protocol

from marmalade_sc.generators.gateway.resp import first_ids, packed_rows
from marmalade_sc.jam.segments import LAST, Point, Stamp, after, before, stamp_of

__all__ = ["Older", "ranged"]

_TRIES: Final = 3

Ask = Callable[[list[bytes]], Awaitable[bytes]]
Aside = Callable[[Callable[[], list[Point]]], Awaitable[list[Point]]]


class Older(Protocol):
    """What is on disk; see `jam.segments.Segments`. All but `has` may block."""

    def has(self, key: str) -> bool:
        """Whether there is anything of a series."""

    def last(self, key: str) -> Stamp | None:
        """Its youngest stamp."""

    def earliest(self, key: str, first: Stamp, last: Stamp, most: int) -> list[Point]:
        """The first points of a time."""

    def latest(self, key: str, first: Stamp, last: Stamp, most: int) -> list[Point]:
        """The last points of a time, in order."""


async def ranged(parts: Sequence[bytes], older: Older, ask: Ask, aside: Aside) -> bytes:
    """The reply to a checked XRANGE or XREVRANGE.

    Args:
        ask: asks Redis.
        aside: does what may block.
    """
    name, key, one, other, _, count = parts
    text, most = key.decode(errors="replace"), int(count)
    try:
        low, high = (one, other) if name == b"XRANGE" else (other, one)
        first, last = _bound(low, 0, after), _bound(high, LAST[1], before)
    except ValueError:  # Redis says what is wrong with it
        return await ask(list(parts))
    if name == b"XREVRANGE":  # what is moved after the answer is on disk when we look there
        reply = await ask(list(parts))
        ids = first_ids(reply)
        if ids is None or len(ids) >= most or not older.has(text):
            return reply
        until = before(stamp_of(ids[-1])) if ids else last
        wanted = most - len(ids)
        points = await aside(lambda: older.latest(text, first, until, wanted)[::-1])
        return packed_rows(len(ids) + len(points), reply, points, is_reply_first=True)
    for _ in range(_TRIES):
        begun = older.last(text) if older.has(text) else None
        points, rest = [], list(parts)
        if begun is not None and first <= begun:
            points = await aside(lambda: older.earliest(text, first, last, most))
            if len(points) >= most:
                return packed_rows(most, b"*0\r\n", points, is_reply_first=True)
            rest = [name, key, b"(%d-%d" % begun, other, b"COUNT", b"%d" % (most - len(points))]
        reply = await ask(rest)
        ids = first_ids(reply)
        if ids is None or (older.last(text) if older.has(text) else None) == begun:
            break  # else some were moved between the two looks
    return reply if ids is None or not points else packed_rows(len(ids) + len(points), reply, points, False)


def _bound(identity: bytes, otherwise: int, beyond: Callable[[Stamp], Stamp]) -> Stamp:
    if identity[:1] == b"(":
        return beyond(stamp_of(identity[1:], otherwise))
    return stamp_of(identity, otherwise)
