"""Folders of sockets: those of players that are gone go, those of players that may be there stay."""

import fcntl
import json
import os
import shutil
import socket
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from marmalade_sc.player.abandoned import hold, remove_abandoned
from marmalade_sc.player.processes import ProcessId

OWN = "marmalade-0-00000000"


def left(folder: Path, name: str, age_s: float = 7200.0, fill: Callable[[Path], object] = lambda path: None) -> Path:
    path = folder / name
    path.mkdir()
    with socket.socket(socket.AF_UNIX) as gone:
        gone.bind(str(path / "control.sock"))
    (path / "gates").mkdir()
    fill(path)
    for each in (*path.iterdir(), path):
        os.utime(each, (each.lstat().st_mtime - age_s,) * 2, follow_symlinks=False)
    return path


def record(*processes: ProcessId) -> Callable[[Path], object]:
    rows = [{"name": "hub", "pid": each.pid, "start": each.start} for each in processes]
    return lambda path: (path / "processes.json").write_text(json.dumps({"processes": rows}))


def test_what_a_dead_player_left_goes_and_is_told_in_a_sentence(tmp_path: Path) -> None:
    dead = record(ProcessId(os.getpid(), 1))  # its pid is another's by now
    gone = [left(tmp_path, "marmalade-0-0000000a"), left(tmp_path, "marmalade-0-0000000b", fill=dead)]
    (told,) = remove_abandoned(tmp_path / OWN)
    assert told.endswith("gone: 2.") and not any(path.exists() for path in gone)
    assert remove_abandoned(tmp_path / OWN) == []


def test_what_may_be_somebody_s_stays(tmp_path: Path) -> None:
    """A player whose sockets are taken away plays on, and nobody can speak to it any more."""
    (tmp_path / OWN).mkdir()
    os.utime(tmp_path / OWN, (1, 1))
    stay = [
        left(tmp_path, "marmalade-0-00000001", age_s=60.0),
        left(tmp_path, "marmalade-0-00000002", fill=record(ProcessId.own())),
        left(tmp_path, "marmalade-0-00000003", fill=lambda path: (path / "processes.json").write_text("{")),
        left(tmp_path, "marmalade-0-00000004-jobs"),
        left(tmp_path, "marmalade-00000005"),
        left(tmp_path, "marmalade-1-00000006"),
        left(tmp_path, "other"),
    ]
    is_held = left(tmp_path, "marmalade-0-00000007")
    held = hold(is_held)
    listened = left(tmp_path, "marmalade-0-00000008")
    with socket.socket(socket.AF_UNIX) as server:
        (listened / "control.sock").unlink()
        server.bind(str(listened / "control.sock"))
        for each in (listened / "control.sock", listened):
            os.utime(each, (1, 1))
        assert remove_abandoned(tmp_path / OWN) == []
        assert all(path.exists() for path in (*stay, is_held, listened, tmp_path / OWN))
    os.close(held)
    os.utime(is_held, (1, 1))
    assert remove_abandoned(tmp_path / OWN) != [] and not is_held.exists() and not listened.exists()


@pytest.mark.parametrize("own", ["run", "0123abcd", "marmalade-x-0123abcd", "marmalade-0-0123abcd-jobs"])
def test_nothing_is_removed_beside_a_folder_of_another_name(tmp_path: Path, own: str) -> None:
    left(tmp_path, "abcdef01")
    assert remove_abandoned(tmp_path / own) == []
    assert (tmp_path / "abcdef01").exists()


def test_nothing_is_removed_where_sockets_cannot_be_known(tmp_path: Path) -> None:
    path = left(tmp_path, "marmalade-0-0000000a")
    assert remove_abandoned(tmp_path / OWN, unix=tmp_path / "nothing") == []
    assert remove_abandoned(tmp_path / "nowhere" / OWN) == []
    assert path.exists()


def test_who_waits_for_a_folder_that_is_removed_gets_a_new_one(tmp_path: Path) -> None:
    """It starts just when another player cleans up."""
    folder = left(tmp_path, OWN)
    cleaner = os.open(folder, os.O_RDONLY)
    fcntl.flock(cleaner, fcntl.LOCK_EX)
    found: list[int] = []
    waiting = threading.Thread(target=lambda: found.append(hold(folder)))
    waiting.start()
    shutil.rmtree(folder)
    os.close(cleaner)
    waiting.join(20)
    assert os.path.samestat(os.fstat(found[0]), folder.stat()) and folder.stat().st_mode & 0o777 == 0o700
    os.close(found[0])
