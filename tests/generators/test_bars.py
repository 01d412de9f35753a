"""Programs that only follow live by this: each bar is told once, before it begins."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from marmalade_sc.clock.timeline import Timeline
from marmalade_sc.clock.timetag import UNITS_PER_SECOND
from marmalade_sc.generators.bars import AHEAD, Bars


@given(st.integers(20, 400), st.lists(st.integers(1, UNITS_PER_SECOND // 20), min_size=1, max_size=300))
def test_each_bar_is_told_once_and_ahead(bpm: int, steps: list[int]) -> None:
    timeline, bars, now, told = Timeline.steady(bpm, UNITS_PER_SECOND), Bars(), 0, []
    for step in steps:
        now += step
        record = bars.due(timeline, now)
        if record is not None:
            bar = record["bar"]
            assert isinstance(bar, int)
            told.append(bar)
            assert timeline.timetag(Fraction(bar)) <= now + AHEAD < timeline.timetag(Fraction(bar + 1))
    assert told == list(range(len(told)))


def test_a_jam_that_stands_tells_no_bar() -> None:
    timeline = Timeline.steady(120, UNITS_PER_SECOND).stopped(UNITS_PER_SECOND)
    assert Bars().due(timeline, 10 * UNITS_PER_SECOND) is None
