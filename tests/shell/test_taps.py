"""Tap tempo: four taps make a tempo, one that is off does not spoil it, a pause begins anew."""

import pytest

from marmalade_sc.shell.taps import Taps


def tapped(*times: float) -> Taps:
    taps = Taps()
    for time in times:
        taps = taps.tap(time)
    return taps


def test_four_taps_make_a_tempo() -> None:
    assert tapped(0, 0.5, 1.0).bpm is None
    assert tapped(0, 0.5, 1.0).missing == 1
    assert tapped(0, 0.5, 1.0, 1.5).bpm == 120.0


def test_one_tap_that_is_off_does_not_count() -> None:
    assert tapped(0, 0.5, 1.0, 1.7, 2.2, 2.7).bpm == pytest.approx(120.0)


def test_a_pause_begins_anew() -> None:
    assert tapped(0, 0.5, 1.0, 9.0).bpm is None


def test_whatever_is_tapped_is_a_tempo_that_may_be() -> None:
    assert tapped(1, 1, 1, 1).bpm is None
    assert tapped(0, 0.001, 0.002, 0.003).bpm == 1000.0
