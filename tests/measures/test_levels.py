"""Levels of signals whose levels are known."""

import math

import numpy
import pyloudnorm
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marmalade_sc.measures.levels import FLOOR_DB, Silences, Tenths, TruePeak, amplitude_to_db, power_to_db
from marmalade_sc.measures.measure import measure

RATE = 48000


def sine(
    hertz: float, seconds: float = 1.0, amplitude: float = 1.0, phase: float = 0.0, rate: int = RATE
) -> numpy.ndarray:
    return amplitude * numpy.sin(2 * numpy.pi * hertz * numpy.arange(round(seconds * rate)) / rate + phase)


@pytest.mark.parametrize("hertz", [997, 6000, 12000, 15000, 18000])
@pytest.mark.parametrize("phase", [0.0, 0.3, math.pi / 4, 1.5])
def test_the_true_peak_of_a_sine_is_its_amplitude(hertz: float, phase: float) -> None:
    """At a quarter of the rate the samples of a sine may miss its peak by 3 dB."""
    fade = numpy.minimum(1, numpy.minimum(numpy.arange(RATE), numpy.arange(RATE)[::-1]) / 2400)
    measured = measure(sine(hertz, amplitude=0.5, phase=phase) * fade, RATE)
    assert measured.true_peak_dbtp == pytest.approx(-6.02, abs=0.06)
    assert measured.true_peak_dbtp >= measured.peak_dbfs


def test_samples_miss_what_the_true_peak_finds() -> None:
    measured = measure(sine(12000, phase=math.pi / 4)[2400:-2400], RATE)
    assert measured.peak_dbfs == pytest.approx(-3.01, abs=0.01)


@given(st.lists(st.integers(1, 700), min_size=1, max_size=9), st.integers(0, 2**31))
@settings(max_examples=30)
def test_blocks_of_any_size_measure_the_same(sizes: list[int], seed: int) -> None:
    """A file is read in blocks: where they end must not change a figure."""
    samples = numpy.random.default_rng(seed).uniform(-1, 1, (sum(sizes), 2)) ** 3
    whole, parts = TruePeak(2), TruePeak(2)
    whole_tenths, tenths = Tenths(1234), Tenths(1234)
    whole_gaps, gaps = Silences(0.3, 3), Silences(0.3, 3)
    for one in (whole, whole_tenths, whole_gaps):
        one.add(samples)
    at = 0
    for size in sizes:
        for one in (parts, tenths, gaps):
            one.add(samples[at : at + size])
        at += size
    assert whole.finish() == pytest.approx(parts.finish())
    assert numpy.allclose(whole_tenths.powers(), tenths.powers())
    assert whole_gaps.finish() == gaps.finish()
    assert (whole_gaps.leading, whole_gaps.longest, whole_gaps.total) == (gaps.leading, gaps.longest, gaps.total)


@pytest.mark.parametrize("rate", [44100, 48000, 96000, 22050, 11025])
def test_the_power_of_each_tenth_is_that_of_its_samples(rate: int) -> None:
    samples = numpy.random.default_rng(1).uniform(-1, 1, round(rate * 1.234))
    measured = measure(samples, rate)
    assert len(measured.rms_db) == 13
    for window in (0, 5, 11):
        part = samples[window * rate // 10 : (window + 1) * rate // 10]
        assert measured.rms_db[window] == pytest.approx(10 * math.log10(numpy.square(part).mean()), abs=0.001)


@pytest.mark.parametrize("rate", [44100, 48000, 96000])
def test_loudness_is_that_of_pyloudnorm(rate: int) -> None:
    seconds = numpy.arange(rate * 5 + 77) / rate
    left = numpy.sin(2 * numpy.pi * 997 * seconds) * 0.4 * (seconds < 3)
    right = numpy.random.default_rng(2).normal(0, 0.05, len(seconds)) * (seconds > 1)
    samples = numpy.stack([left, right], axis=1)
    expected = pyloudnorm.Meter(rate).integrated_loudness(samples)
    assert measure(samples, rate).lufs == pytest.approx(expected, abs=0.01)


def test_loudness_of_the_standard_s_own_signal() -> None:
    """BS.1770: a sine of 997 Hz at full scale in one channel is -3.01 LUFS."""
    assert measure(sine(997, 3.0), RATE).lufs == pytest.approx(-3.01, abs=0.05)


@pytest.mark.parametrize("samples", [numpy.zeros(96000), sine(997, 0.3), sine(997, 2.0, 1e-5), numpy.zeros(0)])
def test_what_is_short_or_silent_has_no_loudness(samples: numpy.ndarray) -> None:
    assert measure(samples, RATE).lufs is None


def test_decibels_never_leave_json() -> None:
    assert amplitude_to_db(0.0) == FLOOR_DB == power_to_db(0.0)
    assert amplitude_to_db(0.5) == pytest.approx(-6.0206, abs=1e-4)
    assert power_to_db(0.5) == pytest.approx(-3.0103, abs=1e-4)
