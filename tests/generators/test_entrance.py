"""Instances enter on a grid, and only when they can be there."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from marmalade_sc.clock.timeline import Timeline
from marmalade_sc.clock.timetag import UNITS_PER_SECOND
from marmalade_sc.generators.entrance import entrance, opening

ORIGIN = 1000 * UNITS_PER_SECOND


@given(st.integers(1, 300), st.integers(1, 16), st.integers(0, 600_000))
def test_it_is_where_so_many_bars_begin_and_no_further_than_it_must(bpm: int, quantum: int, ahead_ms: int) -> None:
    timeline = Timeline.steady(bpm, ORIGIN)
    now = ORIGIN + ahead_ms * UNITS_PER_SECOND // 1000
    begin = entrance(timeline, now, quantum)
    cycle = timeline.cycle(begin)
    near = round(cycle / quantum) * quantum
    assert timeline.timetag(Fraction(near)) == begin
    assert begin >= now + UNITS_PER_SECOND // 2 - 1
    assert cycle - timeline.cycle(now + UNITS_PER_SECOND // 2) <= quantum


def test_without_a_bar_to_come_it_plays_as_soon_as_it_can() -> None:
    timeline = Timeline.steady(120, ORIGIN)
    assert entrance(None, ORIGIN, 1) == 0
    assert entrance(timeline, ORIGIN, 0) == 0
    assert entrance(timeline.stopped(ORIGIN + 5), ORIGIN + UNITS_PER_SECOND, 1) == 0


def test_a_first_note_that_is_moved_a_little_is_let_through() -> None:
    assert 0 < ORIGIN - opening(ORIGIN) < UNITS_PER_SECOND // 20
    assert opening(0) == 0
