"""Offsets of clocks against a truth that is known, and against liars."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marmalade_sc.clock.offsets import Offset, Offsets, Sample, agreed
from marmalade_sc.testing.links import LINKS, measure


@pytest.mark.parametrize(
    ("name", "most_ms"), [("lan", 0.05), ("wifi", 0.5), ("wan", 1.0), ("mobile", 5.0), ("shaky", 3.0)]
)
def test_the_error_on_links_with_queues(name: str, most_ms: float) -> None:
    """And what it says of itself is true, and not so careful that it says nothing."""
    for seed in range(2):
        found = measure(LINKS[name], seed, 1200)
        assert found.p99_s * 1000 <= most_ms
        assert found.inside >= 0.998
        assert found.stated_s <= 3 * found.p99_s + 5e-6


def test_ways_that_are_not_alike_are_covered_by_half_of_the_round_trip() -> None:
    found = Offsets()
    for count in range(100):
        sent = float(count)
        found.add(Sample(sent, sent + 0.030 + 7, sent + 0.030 + 7, sent + 0.040))
    offset = found.estimate(100.0)
    assert offset is not None
    assert abs(offset.offset_s - 7) <= offset.asymmetry_s + offset.uncertainty_s
    assert offset.asymmetry_s == pytest.approx(0.020)


def test_a_minute_without_probes_costs_less_than_a_millisecond() -> None:
    """Hold-over: the rate is known, so a cable that was pulled is no drift."""
    found = Offsets()
    for count in range(64):
        sent = float(count)
        arrived = sent + 0.0001
        found.add(Sample(sent, arrived * 1.00003, arrived * 1.00003, sent + 0.0002))
    offset = found.estimate(64.0)
    assert offset is not None
    assert abs(offset.offset_at(124.0) - 124.0 * 0.00003) <= 1e-3
    assert offset.uncertainty_at(124.0) > offset.uncertainty_at(64.0)
    assert offset.ours(100.0 + offset.offset_at(100.0)) == pytest.approx(100.0, abs=1e-6)


def test_a_clock_that_was_set_anew_is_followed() -> None:
    found = Offsets()
    for count in range(80):
        jump = 0.0 if count < 64 else 3600.0
        sent = float(count)
        found.add(Sample(sent, sent + jump + 0.001, sent + jump + 0.001, sent + 0.002))
        found.estimate(sent)
    offset = found.estimate(80.0)
    assert offset is not None
    assert offset.offset_s == pytest.approx(3600.0, abs=0.001)


@given(st.lists(st.floats(allow_nan=True, allow_infinity=True), min_size=4, max_size=4))
def test_what_cannot_be_is_no_sample(values: list[float]) -> None:
    """T19: whatever a player answers, the estimate stays a number."""
    found = Offsets()
    found.add(Sample(0.0, 5.0, 5.0, 0.001))
    found.add(Sample(*values))
    offset = found.estimate(1.0)
    assert offset is not None
    assert math.isfinite(offset.offset_s) or max(map(abs, values)) > 1e100


def _says(offset_s: float, half_s: float = 0.001) -> Offset:
    return Offset(0.0, offset_s, 0.0, half_s, 0.0, 0.002, 0.0)


@pytest.mark.faults
@pytest.mark.parametrize("lie_s", [0.0005, 0.003, 0.1, 3600.0, -1e9])
def test_t19_one_liar_of_four_moves_the_clock_by_less_than_three_milliseconds(lie_s: float) -> None:
    found = agreed([_says(0.0), _says(0.0002), _says(-0.0003), _says(lie_s)], 0.0)
    assert found is not None
    assert abs(found[0]) <= 0.003
    assert found[2] >= 3


def test_where_no_most_agree_nothing_is_said() -> None:
    assert agreed([_says(0.0), _says(10.0)], 0.0) is None
    assert agreed([], 0.0) is None
