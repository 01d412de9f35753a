"""Scores: times on scsynth's own block grid, bundles in order; tests/live renders them."""

import io
import struct
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marmalade_sc.clock.timetag import UNITS_PER_SECOND
from marmalade_sc.engine.layout import BLOCK
from marmalade_sc.engine.score import NonRealtime, Score, sample_of, score_timetag
from marmalade_sc.errors import BootError
from marmalade_sc.sdk.osc import message, read_bundle

RATES = st.sampled_from([44_100, 48_000, 88_200, 96_000, 192_000])
DAY = 86_400


@given(st.integers(0, DAY * UNITS_PER_SECOND), RATES)
def test_a_time_falls_on_the_nearest_sample(timetag: int, rate: int) -> None:
    assert abs(sample_of(timetag, rate) - Fraction(timetag, UNITS_PER_SECOND) * rate) <= Fraction(1, 2)


def scsynth_s_sample(timetag: int, rate: int) -> int:
    """Where scsynth -N puts an event: it adds a truncated integer per block, as SC_CoreAudio's NRT loop does."""
    increment = int(BLOCK / (rate * (1 / 2.0**32)))
    block, rest = divmod(timetag, increment)
    return block * BLOCK + int(rest / UNITS_PER_SECOND * rate + 0.000001)


@given(st.integers(0, DAY * 192_000), RATES)
def test_the_time_that_is_written_falls_on_the_sample_that_was_meant(sample: int, rate: int) -> None:
    assert scsynth_s_sample(score_timetag(sample, rate), rate) == sample


@given(st.lists(st.integers(0, 10 * UNITS_PER_SECOND), max_size=20))
def test_bundles_are_written_in_order_of_time_each_behind_its_size(times: list[int]) -> None:
    file = io.BytesIO()
    score = Score(file, 48_000)
    score.setup([message("/a"), message("/b")])
    samples = [score.add(when, [message("/n", when & 0xFFFF)]) for when in sorted(times)]
    score.soon([message("/end")])
    data, found = file.getvalue(), []
    while data:
        (size,) = struct.unpack_from(">i", data)
        found.append(read_bundle(data[4 : 4 + size]))
        data = data[4 + size :]
    assert [when for when, _ in found] == sorted(when for when, _ in found)
    assert len(found) == 2 + len(times) + 1
    assert score.samples == max(samples, default=0)


def test_a_scsynth_that_is_not_there_is_said_and_leaves_no_file(tmp_path: Path) -> None:
    wav = tmp_path / "out.wav"
    with pytest.raises(BootError, match="cannot be started"), NonRealtime("no-such-scsynth", 48_000).rendering(wav):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_scsynth_that_ends_at_once_is_said_with_its_words(tmp_path: Path) -> None:
    program = tmp_path / "scsynth"
    program.write_text("#!/bin/sh\necho exception: no plugins; exit 3\n")
    program.chmod(0o755)
    with pytest.raises(BootError, match="no plugins"), NonRealtime(str(program), 48_000).rendering(tmp_path / "o.wav"):
        pass
    assert not (tmp_path / "o.wav").exists()
