"""The event log: what was written is read, a full disk costs records and nothing else, old files make room."""

import os
import resource
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marmalade_sc.engine.eventlog import EventLog, read_event_log
from marmalade_sc.errors import JamError
from marmalade_sc.sdk.frames import Bundles, Mix, Release, Section
from marmalade_sc.sdk.osc import message, read_bundle

NOTE = message("/s_new", "bd.0", 1, 0, 0, 0, [1.0, 2.0])


def notes(sections: list[Section]) -> list[tuple[int, str]]:
    found = []
    for section in sections:
        assert isinstance(section, Bundles)
        for data in section.bundles():
            found.append((read_bundle(data)[0], section.track))
    return found


def read(folder: Path, origin: int | None = None) -> list[Section]:
    return list(read_event_log(folder, origin))


def test_what_was_handed_over_is_read_again_in_order(tmp_path: Path) -> None:
    log = EventLog(tmp_path / "jäm", 5)
    log.note(100, "d1", NOTE, 4096)
    log.section(Mix("d1", 0, {"mute": True}))
    log.flush()
    log.note(200, "d2", NOTE)
    log.section(Release("d1", 2, 300, 0.5))
    log.flush()
    first, mix, second, release = read(tmp_path / "jäm")
    assert notes([first, second]) == [(100, "d1"), (200, "d2")]
    assert isinstance(first, Bundles)
    assert first.epoch == 4096
    assert read_bundle(next(first.bundles()))[1] == [NOTE]
    assert (mix, release) == (Mix("d1", 0, {"mute": True}), Release("d1", 2, 300, 0.5))


@given(st.lists(st.lists(st.integers(2, 1 << 63), max_size=5), max_size=8))
def test_any_number_of_notes_in_any_number_of_files(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[int]]
) -> None:
    folder = tmp_path_factory.mktemp("log")
    log = EventLog(folder, 5, file_bytes=200, files=100)
    for row in rows:
        for due in row:
            log.note(due, "d1", NOTE)
        log.flush()
    if not any(rows):
        return
    assert [due for due, _ in notes(read(folder))] == [due for row in rows for due in row]


def test_the_oldest_files_make_room(tmp_path: Path) -> None:
    log = EventLog(tmp_path, 5, file_bytes=100, files=3)
    for due in range(2, 12):
        log.note(due, "d1", NOTE)
        log.flush()
    assert len(list(tmp_path.iterdir())) == 3
    assert [due for due, _ in notes(read(tmp_path))] == [9, 10, 11]


def test_a_later_session_has_files_of_its_own(tmp_path: Path) -> None:
    for origin, due in ((5, 100), (6, 200)):
        log = EventLog(tmp_path, origin)
        log.note(due, "d1", NOTE)
        log.flush()
    assert notes(read(tmp_path)) == [(200, "d1")]
    assert notes(read(tmp_path, 5)) == [(100, "d1")]


def test_a_torn_end_is_left_out(tmp_path: Path) -> None:
    log = EventLog(tmp_path, 5)
    for due in (100, 200):
        log.note(due, "d1", NOTE)
        log.flush()
    (path,) = tmp_path.iterdir()
    os.truncate(path, path.stat().st_size - 3)
    assert notes(read(tmp_path)) == [(100, "d1")]


def test_a_file_that_the_power_cut_short_is_passed_over(tmp_path: Path) -> None:
    log = EventLog(tmp_path, 5)
    log.note(100, "d1", NOTE)
    log.flush()
    (tmp_path / "events-000099.log").write_bytes(b"MMLD")
    assert notes(read(tmp_path)) == [(100, "d1")]


def test_no_log_and_a_strange_file_are_said(tmp_path: Path) -> None:
    with pytest.raises(JamError, match="no event log"):
        read(tmp_path)
    (tmp_path / "events-000001.log").write_bytes(bytes(100))
    with pytest.raises(JamError, match="is not an event log"):
        read(tmp_path)


def test_a_disk_that_refuses_costs_records_and_nothing_else(tmp_path: Path) -> None:
    """A full disk, as a file that may not grow: what was kept stays, nothing is raised, and it goes on afterwards."""
    for number in range(1, 17):  # earlier sessions: they must not be thrown away for files that cannot be written
        (tmp_path / f"events-{number:06d}.log").write_bytes(b"MMLDEVT1" + bytes(8))
    log = EventLog(tmp_path, 5)
    log.note(100, "d1", NOTE)
    log.flush()
    before = sorted(path.name for path in tmp_path.iterdir())
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (120, hard))
    try:
        for due in range(200, 240):
            log.note(due, "d1", NOTE)
            log.flush()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert log.lost == 40
    assert "cannot be written" in log.error
    assert sorted(path.name for path in tmp_path.iterdir()) == before
    log.note(300, "d1", NOTE)
    log.flush()
    assert log.error == ""
    assert [due for due, _ in notes(read(tmp_path))] == [100, 300]


def test_a_folder_that_is_gone_is_made_again(tmp_path: Path) -> None:
    log = EventLog(tmp_path / "history", 5)
    log.note(100, "d1", NOTE)
    log.flush()
    for path in (tmp_path / "history").iterdir():
        path.unlink()
    (tmp_path / "history").rmdir()
    log.note(200, "d1", NOTE)
    log.flush()
    log.note(300, "d1", NOTE)
    log.flush()
    assert [due for due, _ in notes(read(tmp_path / "history"))][-1] == 300


def test_no_note_is_lost_between_the_thread_that_plays_and_the_one_that_writes(tmp_path: Path) -> None:
    log = EventLog(tmp_path, 5)
    done = threading.Event()

    def write() -> None:
        while not done.is_set():
            log.flush()

    writer = threading.Thread(target=write)
    writer.start()
    for due in range(2, 5002):
        log.note(due, "d1", NOTE)
    done.set()
    writer.join()
    log.flush()
    assert [due for due, _ in notes(read(tmp_path))] == list(range(2, 5002))
