"""`marmalade jam` without a player; with one see tests/live/test_player.py."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from marmalade_sc.cli.main import run
from marmalade_sc.jam.jams import Jams
from marmalade_sc.settings.places import Places


@pytest.fixture
def folder(tmp_path: Path) -> list[str]:
    jams = Jams(Places.find(tmp_path))
    for name in ("home", "club"):
        jams.make(name, datetime(2031, 1, 1, tzinfo=UTC))
    return ["--dir", str(tmp_path)]


def test_jams_are_listed_with_the_current_one_marked(folder: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*folder, "jam", "switch", "club"]) == 0
    assert run([*folder, "jam", "list", "--json"]) == 0
    said = capsys.readouterr().out
    rows = json.loads(said[said.index("[") :])
    assert [(row["name"], row["current"]) for row in rows] == [("club", True), ("home", False)]
    assert run([*folder, "jam", "list"]) == 0
    assert "* club" in capsys.readouterr().out


def test_a_jam_is_archived_and_one_deleted(folder: list[str], tmp_path: Path) -> None:
    assert run([*folder, "jam", "archive", "club"]) == 0
    assert run([*folder, "jam", "delete", "home", "--yes"]) == 0
    assert list((tmp_path / "jams").iterdir()) == []
    assert len(list((tmp_path / "archive").iterdir())) == 1


@pytest.mark.parametrize("command", ["switch", "archive", "delete"])
def test_a_jam_that_is_not_there_is_named(folder: list[str], command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*folder, "jam", command, "clubb"]) == 2
    assert "Did you mean 'club'?" in capsys.readouterr().err


@pytest.mark.parametrize("answer", ["n\n", ""])
def test_deleting_asks_first(
    folder: list[str],
    answer: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    import io

    monkeypatch.setattr("sys.stdin", io.StringIO(answer))
    assert run([*folder, "jam", "delete", "home"]) == 130
    assert (tmp_path / "jams" / "home").is_dir()
    assert "With --yes" in capsys.readouterr().err


def test_stopping_without_a_player_says_so(folder: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*folder, "jam", "stop"]) == 0
    assert "No jam plays." in capsys.readouterr().out
