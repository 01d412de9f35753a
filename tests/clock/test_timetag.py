"""Timetags: one unit, conversions that round once and in the stated direction."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from marmalade_sc.clock.timetag import (
    UNITS_PER_SECOND,
    nanoseconds_to_units,
    ntp_from_unix_nanoseconds,
    seconds_to_units,
    units_to_milliseconds,
    units_to_seconds,
)

SECONDS = st.fractions(min_value=0, max_value=10**10)


@given(SECONDS)
def test_a_time_becomes_the_nearest_unit(seconds: Fraction) -> None:
    assert abs(seconds_to_units(seconds) - seconds * UNITS_PER_SECOND) <= Fraction(1, 2)


def test_halves_round_up_so_that_a_shift_by_whole_units_changes_nothing() -> None:
    half = Fraction(1, 2 * UNITS_PER_SECOND)
    assert [seconds_to_units(half * odd) for odd in (-3, -1, 1, 3)] == [-1, 0, 1, 2]


@given(st.integers(0, 1 << 63))
def test_nanoseconds_become_the_unit_at_or_before_them(nanoseconds: int) -> None:
    units = nanoseconds_to_units(nanoseconds)
    assert Fraction(units, UNITS_PER_SECOND) <= Fraction(nanoseconds, 10**9) < Fraction(units + 1, UNITS_PER_SECOND)


@given(st.integers(0, 1 << 64))
def test_milliseconds_round_down_so_ids_never_lie_ahead_of_their_time(units: int) -> None:
    assert Fraction(units_to_milliseconds(units), 1000) <= Fraction(units, UNITS_PER_SECOND)
    assert units_to_milliseconds(units) == units * 1000 // UNITS_PER_SECOND


def test_the_unix_epoch_is_seventy_years_after_the_ntp_one() -> None:
    assert ntp_from_unix_nanoseconds(0) == 2_208_988_800 * UNITS_PER_SECOND
    assert units_to_seconds(3 << 31) == 1.5
