"""Folders of sockets: those of players that are gone go, those of players that may be there stay."""

import fcntl
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from marmalade_sc.player.base.abandoned import hold, passing, remove_abandoned, remove_passed
from marmalade_sc.player.base.processes import ProcessId

OWN = "marmalade-0-00000000"


@pytest.fixture
def folder() -> Iterator[Path]:
    """Right in the temporary folder: the path of a socket has at most 107 bytes."""
    with tempfile.TemporaryDirectory(prefix="m-") as name:
        yield Path(name)


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


def test_what_a_dead_player_left_goes_and_is_told_in_a_sentence(folder: Path) -> None:
    dead = record(ProcessId(os.getpid(), 1))  # its pid is another's by now
    gone = [left(folder, "marmalade-0-0000000a"), left(folder, "marmalade-0-0000000b", fill=dead)]
    (told,) = remove_abandoned(folder / OWN)
    assert told.endswith("gone: 2.") and not any(path.exists() for path in gone)
    assert remove_abandoned(folder / OWN) == []


def test_what_may_be_somebody_s_stays(folder: Path) -> None:
    """A player whose sockets are taken away plays on, and nobody can speak to it any more."""
    (folder / OWN).mkdir()
    os.utime(folder / OWN, (1, 1))
    stay = [
        left(folder, "marmalade-0-00000001", age_s=60.0),
        left(folder, "marmalade-0-00000002", fill=record(ProcessId.own())),
        left(folder, "marmalade-0-00000003", fill=lambda path: (path / "processes.json").write_text("{")),
        left(folder, "marmalade-0-00000004-jobs"),
        left(folder, "marmalade-00000005"),
        left(folder, "marmalade-1-00000006"),
        left(folder, "other"),
    ]
    is_held = left(folder, "marmalade-0-00000007")
    held = hold(is_held)
    listened = left(folder, "marmalade-0-00000008")
    with socket.socket(socket.AF_UNIX) as server:
        (listened / "control.sock").unlink()
        server.bind(str(listened / "control.sock"))
        for each in (listened / "control.sock", listened):
            os.utime(each, (1, 1))
        assert remove_abandoned(folder / OWN) == []
        assert all(path.exists() for path in (*stay, is_held, listened, folder / OWN))
    os.close(held)
    os.utime(is_held, (1, 1))
    assert remove_abandoned(folder / OWN) != [] and not is_held.exists() and not listened.exists()


@pytest.mark.parametrize("own", ["run", "0123abcd", "marmalade-x-0123abcd", "marmalade-0-0123abcd-jobs"])
def test_nothing_is_removed_beside_a_folder_of_another_name(folder: Path, own: str) -> None:
    left(folder, "abcdef01")
    assert remove_abandoned(folder / own) == []
    assert (folder / "abcdef01").exists()


def test_nothing_is_removed_where_sockets_cannot_be_known(folder: Path) -> None:
    path = left(folder, "marmalade-0-0000000a")
    assert remove_abandoned(folder / OWN, unix=folder / "nothing") == []
    assert remove_abandoned(folder / "nowhere" / OWN) == []
    assert path.exists()


LEFT = """
import sys
from marmalade_sc.player.base.abandoned import passing
with passing() as folder:
    (folder / "set-x").mkdir()
    print(folder, flush=True)
    sys.stdin.read()
"""


def test_what_a_process_that_was_killed_had_in_passing_goes_and_what_lives_stays(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A step of a job is killed while its set is in a sandbox: each left a folder in the temporary one."""
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", None)
    for name in ("marmalade-passing-0123", "marmalade-passing-0123456z", "marmalade-other-01234567"):
        (folder / name).mkdir()

    def begun() -> tuple["subprocess.Popen[str]", Path]:
        process = subprocess.Popen(
            [sys.executable, "-c", LEFT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        return process, Path(process.stdout.readline().strip())

    (killed, left_), (living, held) = begun(), begun()
    try:
        killed.kill()
        killed.wait()
        assert left_.is_dir() and left_.parent == folder
        with passing() as ours:
            assert not left_.exists() and held.is_dir() and ours.stat().st_mode & 0o777 == 0o700
            remove_passed()
            assert ours.is_dir()
        assert not ours.exists()
        living.communicate("")
        assert not held.exists()
        assert sorted(each.name for each in folder.iterdir()) == [
            "marmalade-other-01234567",
            "marmalade-passing-0123",
            "marmalade-passing-0123456z",
        ]
    finally:
        for process in (killed, living):
            process.kill()
            process.communicate()


def test_who_waits_for_a_folder_that_is_removed_gets_a_new_one(folder: Path) -> None:
    """It starts just when another player cleans up."""
    own = left(folder, OWN)
    cleaner = os.open(own, os.O_RDONLY)
    fcntl.flock(cleaner, fcntl.LOCK_EX)
    found: list[int] = []
    waiting = threading.Thread(target=lambda: found.append(hold(own)))
    waiting.start()
    shutil.rmtree(own)
    os.close(cleaner)
    waiting.join(20)
    assert os.path.samestat(os.fstat(found[0]), own.stat()) and own.stat().st_mode & 0o777 == 0o700
    os.close(found[0])
