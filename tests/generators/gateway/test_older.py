"""A range reads the same wherever the cut between disk and Redis lies, and while it moves."""

import asyncio
from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from marmalade_sc.generators.gateway.older import ranged
from marmalade_sc.generators.gateway.resp import first_ids, packed_rows
from marmalade_sc.jam.segments import LAST, Point, Stamp, after, before, stamp_of

KEY = b"tags:ann:drums:one:Context"


class Series:
    """All points of a series: those before `cut` on disk, the others in a Redis that only knows ranges."""

    def __init__(self, points: list[Point], cut: int, moves: int = 0) -> None:
        self.points, self.cut, self.moves = points, cut, moves

    def has(self, key: str) -> bool:
        return self.cut > 0

    def last(self, key: str) -> Stamp | None:
        return self.points[self.cut - 1][0] if self.cut else None

    def earliest(self, key: str, first: Stamp, last: Stamp, most: int) -> list[Point]:
        return [each for each in self.points[: self.cut] if first <= each[0] <= last][:most]

    def latest(self, key: str, first: Stamp, last: Stamp, most: int) -> list[Point]:
        return [each for each in self.points[: self.cut] if first <= each[0] <= last][-most:]

    async def ask(self, parts: list[bytes]) -> bytes:
        name, _, one, other, _, count = parts
        low, high = (one, other) if name == b"XRANGE" else (other, one)
        first = after(stamp_of(low[1:])) if low[:1] == b"(" else stamp_of(low)
        last = before(stamp_of(high[1:], LAST[1])) if high[:1] == b"(" else stamp_of(high, LAST[1])
        if self.moves:  # some go to disk just before this question is answered
            self.moves -= 1
            self.cut = min(len(self.points), self.cut + 3)
        found = [each for each in self.points[self.cut :] if first <= each[0] <= last]
        found = (found if name == b"XRANGE" else found[::-1])[: int(count)]
        return packed_rows(len(found), b"*0\r\n", found, is_reply_first=True)


async def aside(work: Callable[[], list[Point]]) -> list[Point]:
    return work()


@given(
    count=st.integers(0, 30),
    cut=st.integers(0, 30),
    moves=st.integers(0, 2),
    most=st.integers(1, 40),
    bounds=st.tuples(st.integers(0, 35), st.integers(0, 35)),
    is_back=st.booleans(),
    mark=st.sampled_from([b"", b"("]),
)
def test_the_cut_is_not_seen(
    count: int, cut: int, moves: int, most: int, bounds: tuple[int, int], is_back: bool, mark: bytes
) -> None:
    points: list[Point] = [((100 + n // 2, n % 2), (b"value", b"\r\n*%d" % n)) for n in range(count)]
    low, high = mark + b"%d" % (100 + min(bounds)), b"%d" % (100 + max(bounds))
    order = (high, low) if is_back else (low, high)
    parts = [b"XREVRANGE" if is_back else b"XRANGE", KEY, *order, b"COUNT", b"%d" % most]
    whole, series = Series(points, 0), Series(points, min(cut, count), moves)
    wanted = asyncio.run(whole.ask(parts))
    assert asyncio.run(ranged(parts, series, series.ask, aside)) == wanted


def test_an_error_of_redis_is_passed_on() -> None:
    series = Series([((1, 0), (b"v", b"1"))], 1)

    async def ask(parts: list[bytes]) -> bytes:
        return b"-ERR no\r\n"

    for parts in ([b"XRANGE", KEY, b"0", b"+"], [b"XREVRANGE", KEY, b"+", b"x"]):
        assert asyncio.run(ranged([*parts, b"COUNT", b"2"], series, ask, aside)) == b"-ERR no\r\n"
    assert first_ids(b"-ERR") is None and first_ids(b"*0\r\n") == []
