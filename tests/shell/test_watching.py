"""Files that are open in an editor elsewhere: several, side by side."""

from pathlib import Path

from marmalade_sc.settings.load import load
from marmalade_sc.settings.places import Places
from marmalade_sc.shell.desk import Desk
from marmalade_sc.shell.options import ShellOptions
from marmalade_sc.shell.talk import Talk
from marmalade_sc.shell.watching import Watching


def watching(folder: Path) -> tuple[Watching, Desk]:
    desk = Desk()
    return Watching(Talk(desk, ShellOptions.of(load(None, {}), Places.find(folder, {}), {"TERM": "xterm"}))), desk


def said(desk: Desk) -> list[str]:
    return ["".join(text for _, text in line) for line in desk.take(0.0)]


def test_several_files_are_watched_and_stopped_together(tmp_path: Path) -> None:
    """Drums in one file, the bass in another: the second must not put the first one out."""
    one, desk = watching(tmp_path)
    one.pause()
    assert "No file is watched" in said(desk)[0]
    (tmp_path / "a.py").touch()
    one.watch(tmp_path / "a.py")
    one.watch(tmp_path / "b.py")
    one.watch(tmp_path / "a.py")
    assert one.names == "a.py, b.py"
    assert "not there yet" in said(desk)[1]
    one.pause()
    assert one.names == "" and said(desk)[-1] == "a.py, b.py are not watched any more."
    one.pause()
    assert one.names == "a.py, b.py"


def test_files_of_one_name_are_told_apart(tmp_path: Path) -> None:
    """What plays from one of them must not be looked for in the other."""
    one, _ = watching(tmp_path)
    for folder in ("left", "right"):
        one.watch(tmp_path / folder / "set.py")
    one.watch(tmp_path / "right" / "set.py")
    assert one.names == "set.py, right/set.py"


def test_a_folder_full_of_files_is_too_many(tmp_path: Path) -> None:
    one, desk = watching(tmp_path)
    for number in range(17):
        one.watch(tmp_path / f"{number}.py")
    assert len(one.names.split(", ")) == 16
    assert "16 files are watched already; 16.py is not." in said(desk)
