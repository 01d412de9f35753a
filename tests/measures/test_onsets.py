"""Onsets are found where sounds begin, and nowhere else."""

import numpy
import pytest

from marmalade_sc.measures.measure import measure
from marmalade_sc.measures.onsets import first_sounds

RATE = 48000
SECONDS = numpy.arange(RATE * 2) / RATE


def hits(places: list[int], length: int = 4000, hertz: float = 300.0, amplitude: float = 0.5) -> numpy.ndarray:
    """Falling cosines: each begins at its full level, on its own sample."""
    samples = numpy.zeros(RATE * 2)
    one = numpy.cos(2 * numpy.pi * hertz * numpy.arange(length) / RATE) * numpy.exp(-numpy.arange(length) / 900)
    for place in places:
        part = samples[place : place + length]
        part += one[: len(part)] * amplitude
    return samples


@pytest.mark.parametrize("hertz", [60.0, 300.0, 5000.0])
def test_sharp_sounds_are_found_on_their_sample(hertz: float) -> None:
    places = [0, 7001, 14063, 14063 + 3000, 40000, 95990]
    assert measure(hits(places, hertz=hertz), RATE).onsets == tuple(places)


@pytest.mark.parametrize("rate", [44100, 96000])
def test_other_rates_are_as_exact(rate: int) -> None:
    assert measure(hits([1000, 30001]), rate).onsets == (1000, 30001)


def test_hits_that_follow_faster_than_they_fall_count_as_one() -> None:
    """A known limit of the detector, kept in view: 40 ms are looked back over, for the sake of low notes."""
    assert measure(hits([1000, 3000], hertz=5000.0), RATE).onsets == (1000,)
    assert measure(hits([1000, 4000], hertz=5000.0), RATE).onsets == (1000, 4000)


def test_hits_are_found_over_a_held_bass() -> None:
    bass = 0.4 * numpy.sin(2 * numpy.pi * 55 * SECONDS)
    places = [20000, 44000, 68000]
    found = measure(bass + hits(places, hertz=3000.0, amplitude=0.3), RATE).onsets
    assert len(found) == 4 and found[0] <= 50
    assert all(abs(a - b) <= 4 for a, b in zip(found[1:], places, strict=True))


@pytest.mark.parametrize(
    "steady",
    [
        0.5 * numpy.sin(2 * numpy.pi * 30 * SECONDS),
        0.5 * numpy.sin(2 * numpy.pi * 440 * SECONDS),
        0.5 * ((55 * SECONDS) % 1.0 - 0.5),
        numpy.random.default_rng(3).normal(0, 0.1, len(SECONDS)),
        0.2 * numpy.sin(2 * numpy.pi * 220 * SECONDS) + 0.2 * numpy.sin(2 * numpy.pi * 223 * SECONDS),
    ],
    ids=["low sine", "sine", "saw", "noise", "beating"],
)
def test_a_steady_sound_begins_once(steady: numpy.ndarray) -> None:
    samples = numpy.concatenate([numpy.zeros(5000), steady])
    found = measure(samples, RATE).onsets
    assert len(found) == 1 and 5000 <= found[0] <= 5064


def test_silence_and_hum_below_hearing_have_none() -> None:
    assert measure(numpy.zeros(RATE), RATE).onsets == ()
    assert measure(1e-5 * numpy.sin(2 * numpy.pi * 50 * SECONDS), RATE).onsets == ()
    assert measure(numpy.zeros(0), RATE).onsets == ()


def test_both_channels_are_heard() -> None:
    samples = numpy.stack([hits([1000]), hits([50001])], axis=1)
    assert measure(samples, RATE).onsets == (1000, 50001)


def test_first_sounds_are_exact_behind_silence() -> None:
    samples = numpy.zeros((1000, 2))
    for place, channel in ((0, 0), (5, 1), (300, 1), (301, 0), (310, 0), (999, 0)):
        samples[place, channel] = 1e-9
    assert first_sounds(samples, gap=10) == (0, 300, 999)
    assert first_sounds(samples, gap=3) == (0, 5, 300, 310, 999)
    assert first_sounds(samples, gap=3, threshold=1.0) == ()
    assert first_sounds([], gap=3) == ()
