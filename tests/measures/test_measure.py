"""One sound, all its measures: known signals, broken files, long files."""

import json
import tracemalloc
from pathlib import Path

import numpy
import pytest
import soundfile

from marmalade_sc.errors import SampleError, UsageError
from marmalade_sc.measures.measure import Measures, measure

RATE = 48000


def test_silences_are_measured_to_the_frame() -> None:
    samples = numpy.zeros(RATE)
    samples[4800:9600] = 0.5
    samples[24000:28800:100] = 0.5  # gaps of 2 ms are part of the sound
    samples[100] = 0.0009  # below -60 dBFS
    measured = measure(samples, RATE)
    assert measured.leading_silence_s == pytest.approx(0.1)
    assert measured.longest_silence_s == pytest.approx((RATE - 28701) / RATE, abs=1e-6)
    assert measured.trailing_silence_s == pytest.approx((RATE - 28701) / RATE, abs=1e-6)
    assert measured.silent_fraction == pytest.approx((4800 + 14400 + RATE - 28701) / RATE, abs=1e-6)


def test_a_silent_sound_is_silent_all_through() -> None:
    measured = measure(numpy.zeros((RATE, 2)), RATE)
    assert measured.peak_dbfs == measured.true_peak_dbtp == -200 and measured.silent_fraction == 1
    assert measured.leading_silence_s == measured.trailing_silence_s == measured.longest_silence_s == 1


def test_offset_clipping_and_invalid_samples_are_counted() -> None:
    samples = numpy.full((RATE, 2), 0.25)
    samples[:, 1] = -0.125
    samples[10:14, 0] = 1.0
    samples[20, 0] = -1.5
    samples[30, 1], samples[31, 1], samples[32, 0] = numpy.nan, numpy.inf, -numpy.inf
    measured = measure(samples, RATE)
    assert measured.dc == pytest.approx((0.25, -0.125), abs=1e-3)
    assert (measured.clipped, measured.invalid) == (5, 3)
    assert measured.peak_dbfs == pytest.approx(3.522, abs=0.001)


def test_a_file_measures_as_its_samples(tmp_path: Path) -> None:
    samples = numpy.random.default_rng(1).uniform(-0.5, 0.5, (200_000, 2)).astype("float32").astype("float64")
    for name, subtype in (("a.wav", "FLOAT"), ("a.flac", "PCM_24")):
        soundfile.write(tmp_path / name, samples, RATE, subtype=subtype)
        measured = measure(tmp_path / name)
        expected = measure(samples, RATE)
        assert measured.frames == 200_000 and measured.onsets == expected.onsets
        assert measured.peak_dbfs == pytest.approx(expected.peak_dbfs, abs=0.001)
        assert measured.lufs == expected.lufs and measured.rms_db == pytest.approx(expected.rms_db, abs=0.001)


@pytest.mark.parametrize("content", [None, b"", b"RIFFjunk", b"\0" * 5000])
def test_what_is_no_sound_file_is_named(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "broken.wav"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SampleError, match="broken.wav cannot be measured"):
        measure(path)


def test_arrays_without_rate_or_shape_are_no_sound() -> None:
    for samples, rate in ((numpy.zeros(9), None), (numpy.zeros((2, 2, 2)), RATE), (numpy.zeros((5, 0)), RATE)):
        with pytest.raises(SampleError, match="no sound"):
            measure(samples, rate)


def test_measures_go_through_json_and_back() -> None:
    measured = measure(numpy.random.default_rng(1).uniform(-1, 1, (RATE, 2)), RATE)
    assert Measures.from_json(json.loads(json.dumps(measured.to_json(), allow_nan=False))) == measured
    silent = measure(numpy.zeros(10), RATE)
    assert Measures.from_json(json.loads(json.dumps(silent.to_json(), allow_nan=False))) == silent


@pytest.mark.parametrize("change", [{"rate": "fast"}, {"peak_dbfs": None}, {"rms_db": ["loud"]}, {"clipped": True}])
def test_measures_that_are_none_are_refused(change: dict[str, object]) -> None:
    row = measure(numpy.zeros(10), RATE).to_json()
    with pytest.raises(UsageError):
        Measures.from_json(row | change)
    del row[next(iter(change))]
    with pytest.raises(UsageError, match="have no"):
        Measures.from_json(row)


def test_a_long_file_needs_little_memory(tmp_path: Path) -> None:
    """20 minutes here, an hour by the same rule: the envelope grows by 8 bytes a hop, all else is one block."""
    path = tmp_path / "long.wav"
    block = numpy.random.default_rng(1).uniform(-0.5, 0.5, 8000 * 60).astype("float32")
    with soundfile.SoundFile(path, "w", 8000, 1, "PCM_16") as sound:
        for _ in range(20):
            sound.write(block)
    measure(block[:8000], 8000)  # scipy is imported before memory is counted
    tracemalloc.start()
    measured = measure(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert measured.duration_s == 1200 and len(measured.rms_db) == 12000
    assert peak < 60e6, "the sound itself would be 77 MB as floats"
