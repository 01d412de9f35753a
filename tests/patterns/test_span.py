"""Spans and events: exact times, and the integer short cuts that must give what fractions give."""

import subprocess
import sys
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marmalade_sc.patterns.event import Event
from marmalade_sc.patterns.span import Span, ceiling, cycles_from, floor, mapped, ratio, shifted

TIMES = st.fractions(min_value=-50, max_value=50, max_denominator=997)
SCALES = st.fractions(min_value=-9, max_value=9, max_denominator=97).filter(lambda scale: scale != 0)


@given(TIMES, SCALES, TIMES)
def test_mapped_is_the_arithmetic_of_fractions(time: Fraction, scale: Fraction, offset: Fraction) -> None:
    result = mapped(time, scale, offset)
    assert result == time * scale + offset
    assert hash(result) == hash(time * scale + offset)
    assert result.denominator > 0


@given(TIMES, st.integers(-100, 100))
def test_shifted_is_the_arithmetic_of_fractions(time: Fraction, cycles: int) -> None:
    assert shifted(time, cycles) == time + cycles


@given(TIMES)
def test_floor_and_ceiling(time: Fraction) -> None:
    assert floor(time) <= time < floor(time) + 1
    assert ceiling(time) - 1 < time <= ceiling(time)


def test_ratio_is_a_fraction() -> None:
    assert ratio(3, 4) == Fraction(3, 4)
    assert ratio(3, 4) + 1 == Fraction(7, 4)
    assert str(ratio(-1, 3)) == "-1/3"


@pytest.mark.parametrize(
    ("number", "cycles"),
    [(1 / 3, "1/3"), (0.1, "1/10"), (0.125, "1/8"), (3 / 8, "3/8"), (2, "2"), (1e-9, "1/1000000000"), (1.08, "27/25")],
)
def test_a_float_is_the_time_that_was_meant(number: float, cycles: str) -> None:
    assert str(cycles_from(number)) == cycles


@given(TIMES, TIMES)
def test_cycles_of_a_span_cover_it(a: Fraction, b: Fraction) -> None:
    begin, end = min(a, b), max(a, b)
    parts = list(Span(begin, end).cycles())
    assert sum((part.length for part in parts), Fraction(0)) == end - begin
    assert all(part.end <= floor(part.begin) + 1 for part in parts)


def test_spans_that_only_touch_do_not_meet() -> None:
    assert Span(Fraction(0), Fraction(1)).intersection(Span(Fraction(1), Fraction(2))) is None
    assert Span(Fraction(0), Fraction(2)).intersection(Span(Fraction(1), Fraction(3))) == Span(Fraction(1), Fraction(2))


def test_a_piece_of_an_event_is_an_onset_only_at_its_beginning() -> None:
    whole = Span(Fraction(0), Fraction(2))
    event = Event(whole, whole, "a")
    assert event.has_onset
    second = event.clipped(Span(Fraction(1), Fraction(2)))
    assert second is not None
    assert not second.has_onset
    assert second.whole == whole
    assert event.clipped(Span(Fraction(2), Fraction(3))) is None


def test_importing_patterns_is_light() -> None:
    """`marmalade --help` and the live host's start stand on it."""
    code = (
        "import sys, marmalade_sc.patterns.language, marmalade_sc.patterns.onsets;"
        "print([m for m in ('supriya', 'numpy', 'redis', 'aiohttp', 'click') if m in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
