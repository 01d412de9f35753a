"""Bars that players share: tempo first, then phase, and then nothing."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marmalade_sc.clock.offsets import Offset
from marmalade_sc.clock.timeline import Timeline
from marmalade_sc.clock.timetag import UNITS_PER_SECOND, seconds_to_units, units_to_seconds
from marmalade_sc.errors import PeerError
from marmalade_sc.peers.grid import SharedGrid, correction, grid_of, read_grid

pytestmark = pytest.mark.faults
START = 100 * UNITS_PER_SECOND
NOW = START + 30 * UNITS_PER_SECOND


def offset(ahead_s: float, unsure_s: float = 0.0) -> Offset:
    return Offset(30.0, ahead_s, 0.0, unsure_s, 0.0, 0.001, 0.0)


@given(st.floats(30, 300), st.integers(2, 7), st.floats(-50, 50), st.floats(-10, 10))
def test_whoever_follows_falls_in_with_the_other(bpm: float, beats: int, ahead_s: float, begun_s: float) -> None:
    """Whatever the other's clock shows and wherever its bars lie: after the corrections bars begin together."""
    theirs = Timeline.steady(Fraction(bpm), START + seconds_to_units(ahead_s + begun_s), beats)
    grid = grid_of(theirs, NOW + seconds_to_units(ahead_s))
    ours = Timeline.steady(120, START, beats)
    found = correction(grid, offset(ahead_s), START, ours, NOW)
    if found.bpm is not None:
        ours = ours.with_tempo(found.bpm, Fraction(0))
    for _ in range(40):
        found = correction(grid, offset(ahead_s), START, ours, NOW)
        if not found.nudge_s:
            break
        ours = ours.nudged(found.nudge_s, Fraction(0))
    assert found.nudge_s == 0
    assert found.bpm is None
    own = grid_of(ours, NOW)
    off = (units_to_seconds(own.at - grid.at) + ahead_s) % own.bar_s
    assert min(off, own.bar_s - off) <= 0.0004


def test_what_is_not_known_better_than_that_is_not_changed() -> None:
    """A wandering estimate must not make the music wander."""
    ours = Timeline.steady(120, START, 4)
    grid = grid_of(ours, NOW)
    assert correction(grid, offset(0.0025, unsure_s=0.006), START, ours, NOW).nudge_s == 0
    assert correction(grid, offset(0.0025, unsure_s=0.001), START, ours, NOW).nudge_s == pytest.approx(
        -0.0025, abs=1e-6
    )


def test_where_the_others_clock_is_not_known_only_its_tempo_is_taken() -> None:
    ours = Timeline.steady(120, START, 4)
    assert correction(SharedGrid(START, 90.0, Fraction(4)), None, START, ours, NOW).bpm == 90
    assert correction(SharedGrid(START + 77, 120.0, Fraction(4)), None, START, ours, NOW).nudge_s == 0


def test_a_tempo_that_is_still_to_come_is_waited_for() -> None:
    ours = Timeline.steady(120, START, 4).with_tempo(90, Fraction(16))
    grid = grid_of(ours, NOW)
    assert grid.bpm == 90
    assert correction(grid, offset(0.1), START, ours, NOW).nudge_s == 0


def test_a_grid_is_read_as_it_was_written() -> None:
    grid = SharedGrid(12345678901234567890, 127.3, Fraction(7, 2))
    assert read_grid(grid.to_bytes()) == grid
    assert len(grid.to_bytes()) < 640


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"{}",
        b'{"at": -1, "bpm": 120, "beats": "4"}',
        b'{"at": 1, "bpm": 0, "beats": "4"}',
        b'{"at": 1, "bpm": NaN, "beats": "4"}',
        b'{"at": 1, "bpm": 1e9, "beats": "4"}',
        b'{"at": 1, "bpm": true, "beats": "4"}',
        b'{"at": 1, "bpm": 120, "beats": "4/0"}',
        b'{"at": 1, "bpm": 120, "beats": "1e999999999"}',
        b'{"at": 1, "bpm": 120, "beats": "9999999999/9999999999"}',
        b'{"at": 1, "bpm": 120, "beats": 4}',
        b'{"at": 1.5, "bpm": 120, "beats": "4"}',
        b"[" * 600,
    ],
)
def test_a_grid_that_cannot_be_is_refused(data: bytes) -> None:
    """T19: a tempo of nothing would stop the music."""
    with pytest.raises(PeerError):
        read_grid(data)
