"""What Python inside a sandbox may import."""

import subprocess
import sys
from pathlib import Path

from marmalade_sc.generators.library import library
from marmalade_sc.generators.templates import begin, templates


def test_the_sdk_is_whole_there_and_nothing_else_of_us(tmp_path: Path) -> None:
    folder = library(tmp_path)
    assert library(tmp_path) == folder and [each.name for each in tmp_path.iterdir()] == [folder.name]
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); import marmalade_sc.sdk.frames, marmalade_sc.patterns.language\n"
    )
    code += "from marmalade_sc.scores.language import score\nassert score('piano: c').onsets(0, 1)"
    subprocess.run([sys.executable, "-I", "-S", "-c", code, str(folder)], check=True)
    assert not (folder / "marmalade_sc" / "player").exists()
    assert all(path.stat().st_mode & 0o044 for path in folder.rglob("*"))
    assert list(folder.rglob("*.pyc"))


def test_a_template_becomes_a_folder_with_its_name(tmp_path: Path) -> None:
    from marmalade_sc.generators.archive import read_folder
    from marmalade_sc.generators.shelf import manifest_of

    for template in templates():
        begin(tmp_path / f"my-{template}", template)
        tree = read_folder(tmp_path / f"my-{template}")
        assert manifest_of(tree).name == f"my-{template}" and tree.entry_point == "play"
