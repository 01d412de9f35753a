"""Sets on disk: whole, found again, and never written over what somebody wrote."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from marmalade_sc.errors import IdError, UnknownNameError, UsageError
from marmalade_sc.player.live.sets import BUNDLED, read_set, save_set, set_names

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
CODE = 'd1 >> s("bd*4")\nonly(d1)\n'


def test_a_set_that_was_saved_is_found_again(tmp_path: Path) -> None:
    said = save_set(tmp_path / "sets", "one", CODE, NOW)
    assert said == f"saved {tmp_path / 'sets' / 'one.py'}"
    assert read_set(tmp_path / "sets", "one").partition("\n")[2] == CODE
    assert set_names(tmp_path / "sets") == ["one", "starter"]


def test_bundled_sets_are_there_until_the_player_has_its_own_of_that_name(tmp_path: Path) -> None:
    """A player that no shell has started has a folder without sets: `load("starter")` plays all the same."""
    assert set_names(tmp_path / "nowhere") == ["starter"]
    assert read_set(tmp_path, "starter") == (BUNDLED / "starter.py").read_text(encoding="utf-8")
    (tmp_path / "starter.py").write_text("mine = 1")
    assert read_set(tmp_path, "starter") == "mine = 1"


def test_what_cannot_be_loaded_is_no_set(tmp_path: Path) -> None:
    for name in ("my set.py", ".one.py.new", "two.py~"):
        (tmp_path / name).touch()
    (tmp_path / "folder.py").mkdir()
    assert set_names(tmp_path) == ["starter"]


def test_what_was_saved_here_is_written_over_and_that_is_said(tmp_path: Path) -> None:
    save_set(tmp_path, "one", CODE, NOW)
    assert "over what was saved there before" in save_set(tmp_path, "one", "x = 1\n", NOW)
    assert read_set(tmp_path, "one").endswith("x = 1\n")


@pytest.mark.parametrize(
    "text", ["my own work\n", "# A set of Marmalade, saved 2026-01-02T03:04:05Z, 0123456789abcdef\n"]
)
def test_a_file_that_somebody_wrote_or_changed_is_left_alone(tmp_path: Path, text: str) -> None:
    path = tmp_path / "one.py"
    path.write_text(text)
    with pytest.raises(UsageError, match="by hand") as raised:
        save_set(tmp_path, "one", CODE, NOW)
    assert "replace=True" in raised.value.hint
    assert path.read_text() == text
    assert "one.py~" in save_set(tmp_path, "one", CODE, NOW, replace=True)
    assert (tmp_path / "one.py~").read_text() == text
    assert read_set(tmp_path, "one").endswith(CODE)


@pytest.mark.parametrize("name", ["../x", "", "a/b", ".x", "x" * 65, "a b"])
def test_bad_names_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(IdError):
        save_set(tmp_path, name, CODE, NOW)
    with pytest.raises(IdError):
        read_set(tmp_path, name)


def test_a_set_that_is_not_there_is_told_with_the_nearest(tmp_path: Path) -> None:
    save_set(tmp_path, "opening", CODE, NOW)
    with pytest.raises(UnknownNameError) as raised:
        read_set(tmp_path, "openin")
    assert "'opening'" in raised.value.hint


def test_a_disk_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "sets").write_text("a file in the way")
    with pytest.raises(UsageError, match="cannot be written"):
        save_set(tmp_path / "sets", "one", CODE, NOW)
    assert [path.name for path in tmp_path.iterdir()] == ["sets"]
