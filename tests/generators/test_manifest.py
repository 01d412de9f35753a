"""What a manifest may say, and what is told of one that says something else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marmalade_sc.errors import ManifestError, MarmaladeError
from marmalade_sc.generators.manifest import Manifest, read_manifest

WHOLE = b"""
name = "drums"
version = "1.2"
title = "Drums for a rainy day"
composer = "Somebody"
tags = ["beat"]
keeps_state = true

[needs]
programs = ["python3"]
synthdefs = ["kick"]
writes = ["schedule:main"]

[controls.density]
default = 0.5
low = 0
high = 1
unit = "share"
doc = "How many of the steps sound."
"""


def test_a_whole_manifest_is_read() -> None:
    found = read_manifest(WHOLE)
    assert (found.name, found.version, found.tags, found.programs) == ("drums", "1.2", ("beat",), ("python3",))
    assert found.writes == ("schedule:main",) and found.keeps_state
    assert found.controls["density"].high == 1.0 and found.controls["density"].unit == "share"
    assert read_manifest(b'name = "x"') == Manifest("x")


WRONG = {
    'name = "drums': (1, "not TOML"),
    "version = '1'": (None, "has no name"),
    'name = "dr ums"': (1, "may not be"),
    'name = "drums"\nversoin = "1"': (2, "versoin"),
    'name = "drums"\nversion = "one"': (2, "cannot be"),
    'name = "drums"\ntitle = 3': (2, "one line"),
    'name = "drums"\ntags = "beat"': (2, "list of names"),
    'name = "drums"\ntags = ["a b"]': (2, "may not be"),
    'name = "drums"\n[needs]\nnetwork = true': (3, "not known in needs"),
    'name = "drums"\n[needs]\nschedule = "all"': (3, "cannot be"),
    'name = "drums"\n[needs]\nwrites = ["log:plays"]': (3, "may not be"),
    'name = "drums"\n[controls.cut]\ndefault = 2\nlow = 0\nhigh = 1': (2, "outside"),
    'name = "drums"\n[controls.cut]\ndefault = 2': (2, "needs a number"),
    'name = "drums"\n[controls.cut]\ndefault = nan\nlow = 0\nhigh = 1': (3, "needs a number"),
    'name = "drums"\n[controls.Cut]\ndefault = 0\nlow = 0\nhigh = 1': (2, "cannot name a control"),
    'name = "drums"\ncontrols = 3': (2, "not a table"),
    'name = "drums"\nkeeps_state = "yes"': (2, "neither"),
}


@pytest.mark.parametrize("text", WRONG)
def test_a_mistake_is_told_with_its_line(text: str) -> None:
    line, words = WRONG[text]
    with pytest.raises(ManifestError, match=words) as caught:
        read_manifest(text.encode())
    assert (caught.value.where.line if caught.value.where else None) == line


@given(st.binary(max_size=300))
def test_no_bytes_raise_anything_else(data: bytes) -> None:
    try:
        read_manifest(data)
        read_manifest(b'name = "x"\n' + data)
    except MarmaladeError:
        pass


def test_controls_are_known_and_in_their_range() -> None:
    manifest = read_manifest(WHOLE)
    assert manifest.settle({}) == {"density": 0.5}
    assert manifest.settle({"density": 1}, {"density": 0.1}) == {"density": 1.0}
    with pytest.raises(ManifestError, match="density cannot be 7") as refused:
        manifest.settle({"density": 7}, {"density": 0.1})
    assert "takes 0 to 1" in refused.value.hint, "it was clamped once, and nobody was told"
    assert manifest.settle({}, {"density": 0.1}) == {"density": 0.1}
    for given_ in ({"densty": 0.1}, {"density": float("nan")}, {"density": True}):
        with pytest.raises(ManifestError):
            manifest.settle(given_)
    assert Manifest("foreign").settle({"anything": 2.0}) == {"anything": 2.0}
