"""A session that follows a killed one has its bars where that one would have them."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marmalade_sc.clock.timeline import Timeline
from marmalade_sc.clock.timetag import UNITS_PER_SECOND
from marmalade_sc.player.live.resuming import boot, resumed

START = 1000 * UNITS_PER_SECOND
BEFORE = Timeline.steady(126, START, 3).counted()


def row(timeline: Timeline = BEFORE, origin: int = 0, boot: str = "this") -> dict[str, object]:
    return {"timeline": timeline.to_json(), "origin": str(origin), "boot": boot}


@given(
    st.fractions(60, 300, max_denominator=100),
    st.fractions(-Fraction(1, 2), Fraction(1, 2), max_denominator=1000),
    st.integers(-(10**12), 10**12),
    st.integers(1, 10**5),
)
def test_bars_are_where_they_would_be_whatever_had_moved_them(
    bpm: Fraction, nudge_s: Fraction, shift: int, after_s: int
) -> None:
    """The first note after a crash falls on the others' grid: to the unit, though jam time has another constant."""
    before = BEFORE.with_tempo(bpm, Fraction(7)).nudged(nudge_s, Fraction(25, 2))
    now = before.timetag(Fraction(14)) + after_s * UNITS_PER_SECOND
    found = resumed(row(before), "this", shift, now + shift)
    assert found is not None and found.counts
    assert 0 <= found.cycle(now + shift) < 1
    bar = round(before.cycle(found.timetag(Fraction(0)) - shift))
    for number in range(3):
        assert abs(found.timetag(Fraction(number)) - shift - before.timetag(Fraction(bar + number))) <= 1
    assert found.period_s(Fraction(0)) == before.period_s(Fraction(bar))
    assert found.beats_per_cycle(Fraction(0)) == 3


def test_a_change_that_was_still_to_come_is_the_law_to_go_on_with() -> None:
    before = BEFORE.with_tempo(90, Fraction(50))
    now = before.timetag(Fraction(10))
    found = resumed(row(before), "this", 0, now)
    assert found is not None and found.bpm(Fraction(0)) == 90
    bar = found.cycle(before.timetag(Fraction(50)))
    assert abs(bar - round(bar)) < Fraction(1, 1_000_000)


@pytest.mark.parametrize(
    "record",
    [
        row(boot="another"),
        row(boot=""),
        row(Timeline.steady(126, START)),
        row(BEFORE.stopped(START + UNITS_PER_SECOND)),
        {"timeline": 3, "origin": "0", "boot": "this"},
        {"timeline": {}, "origin": "0", "boot": "this"},
        {},
    ],
    ids=["another boot", "ended in order", "not counted", "paused", "no timeline", "empty", "nothing"],
)
def test_what_cannot_go_on_begins_anew(record: dict[str, object]) -> None:
    assert resumed(record, "this", 0, START + 60 * UNITS_PER_SECOND) is None
    assert resumed({**record, "boot": ""}, "", 0, START + 60 * UNITS_PER_SECOND) is None


def test_this_machine_says_which_boot_it_is() -> None:
    assert len(boot()) == 36 and boot() == boot()
