"""Older points on disk: found by time, whatever was cut off, and never more of them than there is room for."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from marmalade_sc.errors import JamError
from marmalade_sc.jam.segments import FIRST, LAST, Point, Segments, after, before, stamp_of

KEY = "tags:ann:drums:one:Context"


def points(count: int, begin: int = 0) -> list[Point]:
    return [((1000 + (n // 3) * 10, n % 3), (b"value", b"%d" % n)) for n in range(begin, begin + count)]


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    parts=st.lists(st.integers(0, 700), min_size=1, max_size=4),
    low=st.integers(900, 8000),
    length=st.integers(0, 8000),
    most=st.integers(1, 300),
)
def test_what_is_found_is_what_a_list_would_give(
    tmp_path_factory: pytest.TempPathFactory, parts: list[int], low: int, length: int, most: int
) -> None:
    root = tmp_path_factory.mktemp("series")
    written, segments = [], Segments(root)
    for part in parts:
        fresh = points(part, len(written))
        segments.append(KEY, fresh)
        written += fresh
    first, last = (low, 1), (low + length, LAST[1])
    wanted = [each for each in written if first <= each[0] <= last]
    for reader in (segments, Segments(root)):
        assert reader.earliest(KEY, first, last, most) == wanted[:most]
        assert reader.latest(KEY, first, last, most) == wanted[-most:]
        assert reader.last(KEY) == (written[-1][0] if written else None)


def test_a_point_that_comes_twice_is_kept_once(tmp_path: Path) -> None:
    """A crash between writing and trimming has the same points moved again."""
    segments = Segments(tmp_path)
    segments.append(KEY, points(300))
    segments.append(KEY, points(400))
    assert segments.latest(KEY, FIRST, LAST, 1000) == points(400)


def test_what_a_crash_has_cut_off_is_not_there_and_hinders_nothing(tmp_path: Path) -> None:
    segments = Segments(tmp_path)
    segments.append(KEY, points(600))
    index = next(tmp_path.rglob("*.idx"))
    os.truncate(index, index.stat().st_size - 7)
    again = Segments(tmp_path)
    assert len(again.latest(KEY, FIRST, LAST, 1000)) == 512
    again.append(KEY, points(600))
    assert again.latest(KEY, FIRST, LAST, 1000) == points(600)
    with index.with_suffix(".seg").open("r+b") as file:
        file.write(b"damaged")
    assert len(Segments(tmp_path).latest(KEY, FIRST, LAST, 1000)) == 600 - 256


def test_the_oldest_segment_goes_for_one_more(tmp_path: Path) -> None:
    segments = Segments(tmp_path, most=2)
    for number in range(120):
        noise = [((10_000 * number + n, 0), (os.urandom(200),)) for n in range(256)]
        segments.append(KEY, noise)
    assert len(list(tmp_path.rglob("*.seg"))) == 2
    found = segments.earliest(KEY, FIRST, LAST, 10)
    assert found and found[0][0] > (10_000, 0)
    assert segments.last(KEY) == (10_000 * 119 + 255, 0)
    assert 0 < segments.size("tags:ann:drums:one:") < 4 << 20


@pytest.mark.parametrize("key", ["tags:../../x", "tags::x", "a/b", "tags:" + "x" * 200, "t:" * 20])
def test_a_key_that_could_leave_the_folder_is_refused(tmp_path: Path, key: str) -> None:
    with pytest.raises(JamError):
        Segments(tmp_path).append(key, points(1))
    assert not list(tmp_path.iterdir()) and not Segments(tmp_path).has(key)


@given(st.tuples(st.integers(1, 1 << 50), st.integers(0, (1 << 64) - 1)))
def test_stamps_have_neighbours(stamp: tuple[int, int]) -> None:
    assert before(stamp) < stamp < after(stamp)
    assert before(after(stamp)) == stamp and after(before(stamp)) == stamp
    assert stamp_of(b"%d-%d" % stamp) == stamp
