"""The player directory: lock, version, messages, and what a crash left."""

import json
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from marmalade_sc.errors import PlayerError
from marmalade_sc.player.base import directory
from marmalade_sc.player.base.directory import SCHEMA, PlayerDirectory, clear, holder
from marmalade_sc.player.base.processes import ProcessId, start_time
from marmalade_sc.player.supervision.running import status
from marmalade_sc.settings.places import Places, make_private


def crashed(places: Places) -> None:
    """A directory whose player was killed: the folder of its sockets is still there."""
    directory.make(places)
    make_private(places.runtime)


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return Places(tmp_path / "spielerin é", tmp_path / "run")


def test_a_new_directory_has_its_folders_and_version(places: Places) -> None:
    with PlayerDirectory.open(places) as opened:
        assert opened.cleaned == []
        for folder in (places.generators, places.jams, places.players, places.blobs, places.synthdefs, places.logs):
            assert folder.is_dir()
        assert places.schema.read_text() == f"{SCHEMA}\n"
        assert places.runtime.stat().st_mode & 0o777 == 0o700


def test_a_second_player_is_told_who_is_there_and_what_to_do(places: Places) -> None:
    with PlayerDirectory.open(places), pytest.raises(PlayerError) as caught:
        PlayerDirectory.open(places)
    assert str(os.getpid()) in caught.value.message
    assert "marmalade player stop" in caught.value.message


def test_a_closed_directory_may_be_opened_again_and_closing_is_idempotent(places: Places) -> None:
    opened = PlayerDirectory.open(places)
    assert holder(places) == ProcessId.own()
    opened.close()
    opened.close()
    assert holder(places) is None
    PlayerDirectory.open(places).close()


def test_a_start_waits_for_the_guard_that_clears_what_its_player_left(places: Places) -> None:
    """After a crash on stage the player is started at once: it must not be told that another one is there."""
    crashed(places)
    is_clearing, done = threading.Event(), threading.Event()

    def clean_memory() -> None:
        is_clearing.set()
        done.wait(20)

    guard = threading.Thread(target=clear, args=(places, clean_memory))
    places.lock.write_text(json.dumps({"pid": os.getpid(), "start": 1}))
    guard.start()
    assert is_clearing.wait(20)
    threading.Timer(0.1, done.set).start()
    with PlayerDirectory.open(places):
        guard.join(20)
        assert places.runtime.is_dir()


def test_a_guard_removes_nothing_of_a_player_that_plays_there_already(places: Places) -> None:
    with PlayerDirectory.open(places):
        clear(places, lambda: pytest.fail("its sound servers play"))
        assert places.runtime.is_dir()
    clear(places, lambda: pytest.fail("it has ended by itself"))
    crashed(places)
    places.lock.touch()
    cleaned: list[bool] = []
    clear(places, lambda: cleaned.append(True))
    assert cleaned == [True] and not places.runtime.exists()


def test_a_lock_of_a_dead_process_does_not_hold(places: Places) -> None:
    """After a power cut the lock file is still there; nobody may have to remove it by hand."""
    directory.make(places)
    places.lock.write_text(json.dumps({"pid": os.getpid(), "start": 1}))
    assert holder(places) is None
    PlayerDirectory.open(places).close()


@pytest.mark.parametrize("text", ["", "[]", "{", '{"pid": 1}', "null"])
def test_any_text_in_the_lock_file_is_survived(places: Places, text: str) -> None:
    directory.make(places)
    places.lock.write_text(text)
    assert holder(places) is None
    PlayerDirectory.open(places).close()


def test_a_directory_of_a_newer_marmalade_is_left_alone(places: Places) -> None:
    directory.make(places)
    places.schema.write_text(f"{SCHEMA + 1}\n")
    leftover = places.blobs / "x.part"
    leftover.touch()
    with pytest.raises(PlayerError, match="newer Marmalade"):
        PlayerDirectory.open(places)
    assert leftover.exists()
    places.schema.write_text("1\n")
    PlayerDirectory.open(places).close()


@pytest.mark.parametrize("text", ["x", "", "-1", "1.5"])
def test_a_version_that_is_none_is_refused(places: Places, text: str) -> None:
    directory.make(places)
    places.schema.write_text(text)
    with pytest.raises(PlayerError, match="no version"):
        PlayerDirectory.open(places)


def test_what_a_crash_left_is_cleaned_and_said(places: Places, tmp_path: Path) -> None:
    crashed(places)
    unfinished = places.jams / "home" / "x" / "take.wav.part"
    unfinished.parent.mkdir(parents=True)
    unfinished.touch()
    elsewhere = tmp_path / "library" / "mine.part"
    elsewhere.parent.mkdir()
    elsewhere.touch()
    (places.samples / "linked").symlink_to(elsewhere.parent)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(places.control_socket))
    (places.runtime / "keep.json").touch()
    recorded = places.recordings / ".set.wav.part"
    recorded.touch()
    with PlayerDirectory.open(places) as opened:
        assert not unfinished.exists()
        assert recorded.exists(), "the set that the laptop died in is not rubbish"
        assert elsewhere.exists()
        assert not places.control_socket.exists()
        assert (places.runtime / "keep.json").exists()
        assert len(opened.cleaned) == 2


def test_only_the_recorded_process_is_ended(places: Places) -> None:
    """A crash's scsynth must go; a stranger that got its pid must not."""
    crashed(places)
    command = [sys.executable, "-S", "-c", "import time; time.sleep(60)"]
    with subprocess.Popen(command) as ours, subprocess.Popen(command) as stranger:
        try:
            record = [
                {"name": "engine", "pid": ours.pid, "start": start_time(ours.pid)},
                {"name": "live", "pid": stranger.pid, "start": (start_time(stranger.pid) or 0) - 1},
                {"name": "hub", "pid": None, "start": None},
                "nonsense",
            ]
            places.processes.write_text(json.dumps({"processes": record}))
            with PlayerDirectory.open(places) as opened:
                assert ours.wait(5) == -15
                assert stranger.poll() is None
                assert any("engine" in line for line in opened.cleaned)
        finally:
            ours.kill()
            stranger.kill()


@pytest.mark.parametrize("text", ["", "[]", '{"processes": 3}', '{"processes": null}', "\x00"])
def test_any_record_of_processes_is_survived(places: Places, text: str) -> None:
    crashed(places)
    places.processes.write_text(text)
    PlayerDirectory.open(places).close()


def test_a_file_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for root in (tmp_path / "file", tmp_path / "file" / "player"):
        with pytest.raises(PlayerError, match="--dir"):
            PlayerDirectory.open(Places(root, tmp_path / "run"))


@pytest.mark.parametrize(
    ("code", "words"),
    [("EROFS", "read-only"), ("ENOSPC", "disk is full"), ("EACCES", "may not write"), ("EIO", "--dir")],
)
def test_what_the_disk_says_becomes_a_sentence(places: Places, code: str, words: str) -> None:
    import errno

    number = getattr(errno, code)
    error = directory._unusable(places.root, OSError(number, os.strerror(number), str(places.lock)))
    assert words in error.message
    assert str(places.root) in error.message


def test_the_lock_is_not_handed_to_children(places: Places) -> None:
    """A child that outlives the supervisor would otherwise keep the next player out."""
    opened = PlayerDirectory.open(places)
    with subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(60)"], close_fds=False) as child:
        opened.close()
        try:
            PlayerDirectory.open(places).close()
        finally:
            child.kill()


def test_the_record_of_a_killed_player_says_nothing_of_the_next_one(places: Places) -> None:
    """Else its start counts as done while it still cleans up, and whoever speaks to it finds nobody."""
    with PlayerDirectory.open(places):
        processes = [{"name": "hub", "state": "running", "pid": 1}]
        for supervisor, is_up in ((1, False), (os.getpid(), True)):
            record = {"supervisor": {"pid": supervisor, "start": 0}, "processes": processes}
            places.processes.write_text(json.dumps(record))
            found = status(places)
            assert found is not None and found.is_up is is_up
