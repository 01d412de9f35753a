"""The generators that come with Marmalade: what each plays under a virtual clock is kept as text.

WRITE_GOLDEN=1 writes the texts anew.
"""

import array
import os
import shutil
import subprocess
import sys
import wave
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path

import pytest

from marmalade_sc.generators.archive import read_folder
from marmalade_sc.generators.manifest import read_manifest
from marmalade_sc.sdk.offline import Part, Performance, Scene, perform

HERE = Path(__file__).parent
FOLDER = HERE.parent.parent / "generators"
WITHOUT = ("clicks", "pulse", "tock")
"""Written without the SDK: they live by the clock on the wall."""
NAMES = sorted(path.name for path in FOLDER.iterdir() if path.is_dir())
COMPILED = ("tock",)
"""Their programs are built by whoever wants them."""
TOGETHER = ("drums", "chords", "bass", "arp")
CHORD = "tags:local:other:1:Chord"
AROUND: Mapping[str, list[tuple[Fraction | int, str, Mapping[str, object]]]] = {
    "bass": [(Fraction(3, 4), CHORD, {"value": "F"}), (2, CHORD, {"value": "G#m"})],
    "arp": [(Fraction(3, 4), CHORD, {"value": "F"})],
    "drone": [(n, "state:players", {"count": count}) for n, count in enumerate((1, 3, 2))],
    "ambience": [(n, "state:levels:master", {"left": level}) for n, level in enumerate((-60.0, -6.0, -60.0))],
    "tenth": [(6, "state:players", {"count": 0})],
}


def performed(*names: str, cycles: int = 8, seed: int = 1) -> Performance:
    writes = [row for name in names for row in AROUND.get(name, [])] if len(names) == 1 else []
    return perform([Part(FOLDER / name) for name in names], Scene(HERE / "orchestra.json", cycles, seed, writes=writes))


def check(found: Performance, name: str) -> None:
    text = "\n".join(found.lines()) + "\n"
    golden = HERE / "golden" / f"{name}.txt"
    if os.environ.get("WRITE_GOLDEN"):
        golden.write_text(text)
    assert text == golden.read_text(), f"{name} plays something else; WRITE_GOLDEN=1 where that is meant"


@pytest.mark.parametrize("name", [name for name in NAMES if name not in WITHOUT])
def test_an_example_plays_what_it_did(name: str) -> None:
    found = performed(name)
    assert not found.complaints
    check(found, name)
    manifest = read_manifest((FOLDER / name / "generator.toml").read_bytes())
    assert {note.instrument.name for _, note in found.notes} <= set(manifest.synthdefs)
    own = f"tags:local:{name}:1:"
    for _, write in found.writes:
        assert write.key in manifest.writes or write.key.removeprefix(own) in manifest.tags


def test_three_and_more_play_one_piece_alike_for_the_same_seed() -> None:
    found = performed(*TOGETHER)
    assert not found.complaints
    check(found, "together")
    assert found.lines() == performed(*TOGETHER).lines() == performed(*TOGETHER[::-1]).lines()
    assert found.lines() != performed(*TOGETHER, seed=2).lines()
    # The bass has the chord's root on the very bar on which the chord comes.
    lines = found.lines()
    assert "   2.0000  bass.line bass freq=87.307 cutoff=900 sustain=0.45" in lines


@pytest.mark.parametrize("name", NAMES)
def test_an_example_is_a_whole_generator(name: str) -> None:
    tree = read_folder(FOLDER / name)
    manifest = read_manifest((FOLDER / name / "generator.toml").read_bytes())
    assert manifest.name == name and manifest.title
    if name not in COMPILED:
        assert tree.entry_point == "play" and manifest.programs
    assert f"| `{name}` |" in (FOLDER / "README.md").read_text()
    assert set(manifest.synthdefs) <= {path.stem for path in (FOLDER.parent / "synthdefs").iterdir()}


def test_the_slicers_loop_is_what_its_script_computes(tmp_path: Path) -> None:
    """To one step of 16 bits: sines differ in their last bits between machines."""
    shutil.copy(FOLDER / "slicer" / "make_loop.py", tmp_path)
    subprocess.run([sys.executable, tmp_path / "make_loop.py"], check=True, timeout=60)
    sounds = []
    for folder in (FOLDER / "slicer", tmp_path):
        with wave.open(str(folder / "samples" / "loop.wav")) as file:
            sounds.append((file.getparams(), array.array("h", file.readframes(file.getnframes()))))
    assert sounds[0][0] == sounds[1][0]
    assert max(abs(a - b) for a, b in zip(sounds[0][1], sounds[1][1], strict=True)) <= 1


def test_those_without_the_sdk_are_in_order() -> None:
    subprocess.run(["sh", "-n", FOLDER / "clicks" / "play"], check=True, timeout=60)
    node = shutil.which("node")
    if node is not None:
        code = (FOLDER / "pulse" / "play").read_text()
        subprocess.run([node, "--check", "-"], input=code.encode(), check=True, timeout=60)
