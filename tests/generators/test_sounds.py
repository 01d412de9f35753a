"""A generator's synthdefs and samples, before scsynth sees any of it."""

import contextlib
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marmalade_sc.errors import ArchiveError, SynthDefError
from marmalade_sc.generators.archive import File, Tree
from marmalade_sc.generators.sounds import sounds_of, standing, wav
from marmalade_sc.synthdefs.metadata import INTERNAL
from marmalade_sc.synthdefs.scgf import read, write
from marmalade_sc.synthdefs.strangers import admit
from tests.synthdefs.hostile import HOSTILE, NASTY, plain

PLAY = File(b"#!/bin/sh\n", True)


def pcm(frames: int, tag: int = 1, bits: int = 16, channels: int = 1, rate: int = 48_000) -> bytes:
    head = struct.pack("<HHIIHH", tag, channels, rate, rate * channels * bits // 8, channels * bits // 8, bits)
    body = b"\1" * (frames * channels * bits // 8)
    inside = b"WAVEfmt " + struct.pack("<I", 16) + head + b"data" + struct.pack("<I", len(body)) + body
    return b"RIFF" + struct.pack("<I", len(inside)) + inside


def test_controls_stand_as_the_engine_writes_them() -> None:
    row, data = standing(admit(write([plain()])))
    (graph,) = read(data)
    assert [name for name, _ in graph.parameters] == ["buf", *INTERNAL]
    assert row["wall"] == graph.name and str(row["hash"]) in graph.name and row["exact"] is None
    out = next(unit for unit in graph.units if unit.name == "Out")
    assert out.inputs[0] == (0, 1), "its bus is still the control `out`, which stands second now"
    assert graph.defaults[-1] == 1.0
    admit(data)  # what we write passes our own checks


@pytest.mark.parametrize("name", NASTY)
def test_nasty_ones_are_admitted_and_stand(name: str) -> None:
    row, data = standing(admit(NASTY[name]))
    assert row["name"] == name and admit(data)


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_ones_are_refused_with_the_archive(name: str) -> None:
    with pytest.raises(SynthDefError):
        sounds_of(Tree.of({"play": PLAY, "synthdefs/evil.scsyndef": File(HOSTILE[name])}))


def test_sounds_are_found_in_their_folders() -> None:
    files = {
        "play": PLAY,
        "synthdefs/tone.scsyndef": File(write([plain()])),
        "samples/b.wav": File(pcm(480)),
        "samples/a.wav": File(pcm(24_000, channels=2)),
        "samples/readme.txt": File(b"x"),
    }
    found = sounds_of(Tree.of(files))
    assert [row["name"] for row in found.rows] == ["tone"]
    assert [(name, channels, length_s) for name, _, channels, length_s in found.samples] == [
        ("a", 2, 0.5),
        ("b", 1, 0.01),
    ]


def test_only_plain_wav_files_are_samples() -> None:
    for tag, bits in ((1, 16), (1, 24), (1, 32), (3, 32)):
        data, channels, length_s = wav(pcm(480, tag, bits, 2))
        assert (channels, length_s) == (2, 0.01) and wav(data)[0] == data
    wrong = [
        b"",
        b"RIFF",
        pcm(0),
        pcm(10, bits=8),
        pcm(10, channels=3),
        pcm(10, rate=1),
        pcm(10, tag=2),
        b"fLaC" + b"x" * 99,
    ]
    for each in wrong:
        with pytest.raises(ArchiveError, match="plain wav"):
            wav(each)
    nan = pcm(2, 3, 32)[:-8] + struct.pack("<ff", float("nan"), float("inf"))
    assert wav(nan)[0][-8:] == struct.pack("<ff", 0.0, 8.0)


@given(st.binary(max_size=200))
def test_no_bytes_raise_anything_else(tail: bytes) -> None:
    for data in (tail, b"RIFF\0\0\0\0WAVE" + tail, pcm(4)[:20] + tail):
        with contextlib.suppress(ArchiveError):
            wav(data)


def test_there_is_an_end_to_how_many() -> None:
    tone = File(write([plain()]))
    with pytest.raises(ArchiveError, match="too many"):
        sounds_of(Tree.of({"play": PLAY, **{f"synthdefs/t{n}.scsyndef": tone for n in range(33)}}))
