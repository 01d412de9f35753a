"""The code of the full screen is kept, and what somebody else wrote meanwhile is not lost."""

from datetime import UTC, datetime
from pathlib import Path

from marmalade_sc.shell.scratch import read_scratch, write_scratch

NOON = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)


def test_it_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "sets" / "scratch.py"
    assert read_scratch(path) == ""
    assert write_scratch(path, "a = 'é'\n", "", NOON) is None
    assert read_scratch(path) == "a = 'é'\n"
    assert write_scratch(path, "b", "a = 'é'\n", NOON) is None
    assert [each.name for each in path.parent.iterdir()] == ["scratch.py"]


def test_what_another_wrote_is_renamed_aside(tmp_path: Path) -> None:
    path = tmp_path / "scratch.py"
    path.write_text("theirs")
    aside = write_scratch(path, "mine", "as it was", NOON)
    assert aside is not None and aside.read_text() == "theirs"
    assert path.read_text() == "mine"
    path.write_text("theirs again")
    second = write_scratch(path, "mine 2", "mine", NOON)
    assert second is not None and second != aside


def test_nothing_is_written_where_nothing_changed(tmp_path: Path) -> None:
    write_scratch(tmp_path / "scratch.py", "", "", NOON)
    assert list(tmp_path.iterdir()) == []
