"""What plays is kept for a crash: who crashed is known at the next start, who ended in order is not bothered."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from marmalade_sc.errors import UsageError
from marmalade_sc.player.live.autosave import Autosave, restorable, restored

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
CODE = 'd1 >> s("bd*4")\n'


def session(folder: Path, origin: int, said: list[str] | None = None) -> Autosave:
    return Autosave(folder, origin, (said if said is not None else []).append)


def test_a_crash_is_noticed_by_the_next_session_and_what_played_comes_back(tmp_path: Path) -> None:
    one = session(tmp_path, 1)
    assert one.begin() == ""
    one.write(CODE, NOW)
    two = session(tmp_path, 2)
    assert "restore() brings back what was playing" in two.begin()
    assert "2026-01-02T03:04:05Z" in session(tmp_path, 2)._path.with_name("crashed.py").read_text()
    assert restorable(tmp_path).endswith(CODE)


def test_a_session_that_ended_in_order_is_no_crash(tmp_path: Path) -> None:
    one = session(tmp_path, 1)
    one.begin()
    one.write(CODE, NOW)
    one.end()
    assert session(tmp_path, 2).begin() == ""
    assert restorable(tmp_path).endswith(CODE)


def test_a_process_that_is_started_again_within_a_session_is_no_crash(tmp_path: Path) -> None:
    one = session(tmp_path, 1)
    one.begin()
    one.write(CODE, NOW)
    assert session(tmp_path, 1).begin() == ""  # killed
    one.end()
    assert session(tmp_path, 1).begin() == ""  # ended in order, and started again
    assert session(tmp_path, 2).begin()  # and now the whole player crashed


def test_a_crash_while_nothing_played_leaves_nothing(tmp_path: Path) -> None:
    one = session(tmp_path, 1)
    one.write(CODE, NOW)
    one.write("", NOW)
    assert session(tmp_path, 2).begin() == ""
    with pytest.raises(UsageError, match="nothing to restore"):
        restorable(tmp_path)


def test_a_crash_is_told_until_it_was_restored(tmp_path: Path) -> None:
    session(tmp_path, 1).write(CODE, NOW)
    assert session(tmp_path, 2).begin()
    assert session(tmp_path, 3).begin()  # the machine had to start twice
    restored(tmp_path)
    assert session(tmp_path, 4).begin() == ""
    assert restorable(tmp_path).endswith(CODE)


def test_a_crash_is_not_told_any_more_when_something_else_was_played_since(tmp_path: Path) -> None:
    session(tmp_path, 1).write(CODE, NOW)
    two = session(tmp_path, 2)
    assert two.begin()
    two.write("d2 >> silence()\n", NOW)
    two.end()
    assert session(tmp_path, 3).begin() == ""


def test_a_full_disk_is_said_once_and_again_after_it_had_room(tmp_path: Path) -> None:
    said: list[str] = []
    folder = tmp_path / "jam"
    folder.write_text("in the way")
    one = session(folder, 1, said)
    for _ in range(3):
        one.write(CODE, NOW)
    assert len(said) == 1
    assert "The music goes on" in said[0]
    folder.unlink()
    one.write(CODE, NOW)
    (folder / "autosave.py").unlink()
    folder.rmdir()
    folder.write_text("again")
    one.write(CODE, NOW)
    assert len(said) == 2
