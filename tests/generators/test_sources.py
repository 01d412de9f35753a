"""Synthdefs of a generator, from their Python to what travels: built once, anew when they change, never by looking."""

import os
from pathlib import Path

import pytest

from marmalade_sc.errors import SynthDefError
from marmalade_sc.generators.archive import read_folder
from marmalade_sc.generators.sounds import sounds_of
from marmalade_sc.generators.sources import build_sources, unbuilt

PING = '''"""A tone."""
from supriya.ugens import SinOsc
from marmalade_sc.synthdefs import percussive, synthdef
@synthdef()
def ping():
    return SinOsc.ar(frequency=440) * percussive(0.001, 0.1)
'''


def written(folder: Path, text: str = PING) -> Path:
    source = folder / "synthdefs" / "ping.py"
    source.parent.mkdir(exist_ok=True)
    source.write_text(text)
    (folder / "play").write_text("#!/bin/sh\n")
    return source


def test_what_is_built_may_travel(tmp_path: Path) -> None:
    source = written(tmp_path)
    assert unbuilt(tmp_path) == [source]
    (made,) = build_sources(tmp_path)
    assert made.name == "ping.scsyndef" and unbuilt(tmp_path) == [] and build_sources(tmp_path) == []
    (row,) = sounds_of(read_folder(tmp_path)).rows
    assert (row["name"], row["kind"]) == ("ping", "voice") and row["exact"] is not None
    before = made.read_bytes()
    written(tmp_path, PING.replace("440", "880"))
    os.utime(source, (2_000_000_000, 2_000_000_000))
    assert unbuilt(tmp_path) == [source]
    assert build_sources(tmp_path) == [made] and made.read_bytes() != before


def test_a_copy_whose_times_are_mixed_counts_as_built(tmp_path: Path) -> None:
    """A checkout writes the two in any order; `watch` builds anew all the same."""
    source = written(tmp_path)
    (made,) = build_sources(tmp_path)
    now = source.stat().st_mtime
    os.utime(made, (now - 1, now - 1))
    assert unbuilt(tmp_path) == [] and build_sources(tmp_path) == [made]


@pytest.mark.parametrize(
    ("text", "words"),
    [("", "holds no synthdef"), (PING.replace("SinOsc.ar", "nonsense"), "line 6"), (PING[:-9], "ping.py")],
)
def test_what_does_not_build_is_told_with_its_line(tmp_path: Path, text: str, words: str) -> None:
    written(tmp_path, text)
    with pytest.raises(SynthDefError) as caught:
        build_sources(tmp_path)
    assert words in str(caught.value)
    assert not (tmp_path / "synthdefs" / "ping.scsyndef").exists()
