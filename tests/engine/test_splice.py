"""A recording outlives the server's death and the player's: an evening on stage cannot be played again."""

from pathlib import Path

import numpy
import pytest
import soundfile

from marmalade_sc.engine.splice import piece_path, rescue, splice
from marmalade_sc.errors import EngineError

RATE = 8000


def piece(path: Path, level: float, seconds: float, kind: str = "WAV") -> Path:
    soundfile.write(path, numpy.full((round(seconds * RATE), 2), level), RATE, subtype="PCM_24", format=kind)
    return path


def torn(path: Path) -> Path:
    """A wav as scsynth leaves it when it is killed: the lengths in its header are those of the empty file."""
    data = bytearray(path.read_bytes())
    data[4:8] = (8).to_bytes(4, "little")
    place = data.index(b"data") + 4
    data[place : place + 4] = bytes(4)
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("ending", ["wav", "flac"])
def test_each_piece_lies_at_its_second_and_the_rest_is_silent(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"set.{ending}"
    one, two = (
        piece(piece_path(path, 0), 0.5, 1.0, ending.upper()),
        piece(piece_path(path, 1), 0.25, 0.5, ending.upper()),
    )
    splice([(one, 0.0), (two, 1.75)], path)
    samples, rate = soundfile.read(path)
    assert (rate, samples.shape) == (RATE, (round(2.25 * RATE), 2))
    for first, last, level in ((0.0, 1.0, 0.5), (1.0, 1.75, 0.0), (1.75, 2.25, 0.25)):
        assert abs(samples[round(first * RATE) : round(last * RATE)] - level).max() < 1e-6
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


def test_a_piece_that_was_never_closed_is_read_by_its_size(tmp_path: Path) -> None:
    path = tmp_path / "set.wav"
    splice([(torn(piece(piece_path(path, 0), 0.5, 1.0)), 0.0)], path)
    assert soundfile.info(path).frames == RATE


def test_a_torn_flac_is_read_to_where_it_is_torn(tmp_path: Path) -> None:
    """It knows its length as little as where its last frame ends."""
    path, whole = tmp_path / "set.flac", tmp_path / "whole.flac"
    noise = numpy.random.default_rng(1).uniform(-0.5, 0.5, (4 * RATE, 2))
    soundfile.write(whole, noise, RATE, subtype="PCM_24")
    data = bytearray(whole.read_bytes())
    data[21:26] = bytes([data[21] & 0xF0, 0, 0, 0, 0])  # the number of samples in STREAMINFO: unknown
    piece_path(path, 0).write_bytes(data[: len(data) * 3 // 4])
    whole.unlink()
    splice([(piece_path(path, 0), 0.0)], path)
    samples, _ = soundfile.read(path)
    assert 2.0 * RATE < len(samples) <= 3 * RATE
    assert abs(samples - noise[: len(samples)]).max() < 1e-6


def test_a_piece_that_holds_nothing_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "set.wav"
    piece_path(path, 0).touch()
    splice([(piece_path(path, 0), 0.0), (piece(piece_path(path, 1), 0.5, 0.25), 0.5)], path)
    assert soundfile.info(path).frames == round(0.75 * RATE)


def test_what_cannot_be_put_together_stays_where_it_is_and_is_named(tmp_path: Path) -> None:
    path = tmp_path / "set.wav"
    one = piece(piece_path(path, 0), 0.5, 1.0)
    piece_path(path, 1).write_bytes(b"no sound at all")
    with pytest.raises(EngineError, match="What was recorded is in") as caught:
        splice([(one, 0.0), (piece_path(path, 1), 2.0)], path)
    assert str(one) in str(caught.value)
    assert one.exists()
    assert not path.exists()


def test_after_a_crash_recordings_are_put_in_place_and_nothing_is_written_over(tmp_path: Path) -> None:
    path = tmp_path / "two.parts.wav"
    piece(path, 0.1, 0.125)
    torn(piece(piece_path(path, 0), 0.5, 1.0))
    torn(piece(piece_path(path, 1), 0.25, 0.5))
    piece_path(tmp_path / "nothing.wav", 0).touch()
    (tmp_path / ".other.part").touch()
    (tmp_path / ".linked.wav.part").symlink_to(path)
    said = rescue(tmp_path)
    assert len(said) == 1
    assert "two.parts-2.wav" in said[0]
    assert soundfile.info(tmp_path / "two.parts-2.wav").frames == round(1.5 * RATE)
    assert soundfile.info(path).frames == RATE // 8
    assert {each.name for each in tmp_path.iterdir()} == {
        "two.parts.wav",
        "two.parts-2.wav",
        ".other.part",
        ".linked.wav.part",
    }
    assert rescue(tmp_path) == []
    assert rescue(tmp_path / "nowhere") == []
