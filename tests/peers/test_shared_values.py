"""Values of registers: read as they were written, and what cannot be is refused."""

import io
import struct
import wave

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marmalade_sc.errors import PeerError, UsageError
from marmalade_sc.peers.assets import LARGEST_ASSET, SharedAsset, plain_wave, read_asset
from marmalade_sc.peers.ballots import check_question, read_choice, written_choice
from marmalade_sc.peers.mix import SharedMix, read_mix
from marmalade_sc.peers.registers import LARGEST_VALUE

pytestmark = pytest.mark.faults
SHA = "ab" * 32


def sound(channels: int = 2, width: int = 2, rate: int = 44_100, frames: int = 100) -> bytes:
    written = io.BytesIO()
    with wave.open(written, "wb") as target:
        target.setnchannels(channels)
        target.setsampwidth(width)
        target.setframerate(rate)
        target.writeframes(bytes(range(256)) * frames)
    return written.getvalue()


def test_values_are_read_as_they_were_written() -> None:
    assert read_mix(SharedMix(-3.5, 0.25).to_bytes()) == SharedMix(-3.5, 0.25)
    assert read_asset(SharedAsset(SHA, 1000).to_bytes()) == SharedAsset(SHA, 1000)
    assert read_choice("tempo", written_choice("tempo", 132)) == 132.0
    assert read_choice("encore", written_choice("encore", "yes, é")) == "yes, é"
    assert written_choice("tempo", 132) == written_choice("tempo", 132.0), "one choice is one value"


@given(st.binary(max_size=LARGEST_VALUE))
def test_garbage_is_refused(data: bytes) -> None:
    for read in (read_mix, read_asset, lambda data: read_choice("tempo", data), plain_wave):
        with pytest.raises(PeerError):
            read(data)


@pytest.mark.parametrize(
    "data",
    [
        b'{"gain_db": -96, "pan": 0}',
        b'{"gain_db": 24, "pan": 0}',
        b'{"gain_db": NaN, "pan": 0}',
        b'{"gain_db": 0, "pan": Infinity}',
        b'{"gain_db": true, "pan": 0}',
        b'{"gain_db": "0", "pan": 0}',
        b'{"gain_db": 1e999, "pan": 0}',
        b"[" * 600,
        b"",
    ],
)
def test_a_mix_neither_silences_nor_deafens(data: bytes) -> None:
    with pytest.raises(PeerError):
        read_mix(data)


@pytest.mark.parametrize(
    "data",
    [
        b'{"sha256": "../../etc/passwd", "size": 100}',
        b'{"sha256": "%s", "size": 0}' % SHA.encode(),
        b'{"sha256": "%s", "size": 1e3}' % SHA.encode(),
        b'{"sha256": "%s", "size": %d}' % (SHA.encode(), LARGEST_ASSET + 1),
        b'{"sha256": "%s"}' % SHA.upper().encode(),
        b"null",
    ],
)
def test_a_sound_has_a_hash_and_a_size_within_bounds(data: bytes) -> None:
    with pytest.raises(PeerError):
        read_asset(data)


def test_a_sound_comes_through_number_by_number_and_nothing_else_of_its_file() -> None:
    """Other chunks, and what stands behind the sound, are not kept."""
    for channels in (1, 2):
        for width in (2, 3):
            data = sound(channels, width)
            found = plain_wave(data + b"LIST" + struct.pack("<I", 4) + b"evil")
            assert b"evil" not in found
            with wave.open(io.BytesIO(found)) as one, wave.open(io.BytesIO(data)) as other:
                assert one.getparams()[:3] == (channels, width, 44_100)
                assert one.readframes(1 << 20) == other.readframes(1 << 20)[: one.getnframes() * channels * width]
            assert plain_wave(found) == found


def evil_waves() -> list[bytes]:
    good = sound()
    return [
        good[:20] + struct.pack("<H", 3) + good[22:],  # floats
        good[:22] + struct.pack("<H", 0) + good[24:],
        good[:22] + struct.pack("<H", 8) + good[24:],
        good[:24] + struct.pack("<I", 0) + good[28:],
        good[:24] + struct.pack("<I", 1 << 31) + good[28:],
        good[:34] + struct.pack("<H", 8) + good[36:],
        good[:44],
        good[:30],
        b"RIFF" + struct.pack("<I", 0xFFFFFFFF) + b"WAVEfmt " + struct.pack("<I", 0xFFFFFFFF),
        b"OggS" + bytes(1000),
        b"",
    ]


@pytest.mark.parametrize("data", evil_waves(), ids=lambda data: f"{len(data)}")
def test_what_is_no_plain_wave_never_gets_to_a_reader_of_sound_files(data: bytes) -> None:
    with pytest.raises(PeerError):
        plain_wave(data)


def test_a_wave_that_says_it_is_longer_than_it_is_ends_where_it_does() -> None:
    good = sound()
    lying = good[:40] + struct.pack("<I", 0x7FFFFFFF) + good[44:]
    assert len(plain_wave(lying)) <= len(good)


@pytest.mark.parametrize(
    ("question", "choice"),
    [("tempo", "fast"), ("tempo", 1e9), ("tempo", float("nan")), ("tempo", True), ("transport", "stop"), ("x", ""),
     ("x", "\x1b[2J"), ("x", "y" * 61), ("x", 3.0)],
)  # fmt: skip
def test_what_cannot_be_voted_for_is_said(question: str, choice: object) -> None:
    with pytest.raises(UsageError, match="cannot be voted for"):
        written_choice(question, choice)


@pytest.mark.parametrize("question", ["", "-", "a b", "a" * 41, "\x1b", "../x"])
def test_a_question_is_a_name(question: str) -> None:
    with pytest.raises(UsageError):
        check_question(question)


@pytest.mark.parametrize("data", [b"132", b"132.00", b' "yes"', b'"\\u0079es"'])
def test_one_choice_has_one_form(data: bytes) -> None:
    """Else two players who want the same would be counted apart."""
    with pytest.raises(PeerError):
        read_choice("tempo" if data[:1].isdigit() else "x", data)
