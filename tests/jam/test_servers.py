"""How the two Redis servers are started."""

from pathlib import Path

import pytest

from marmalade_sc.errors import JamError
from marmalade_sc.jam.servers import Persistence, events_server, find_redis, redis_version, state_server

_NEW, _OLD = (7, 0, 15), (6, 2, 14)


def _option(argv: tuple[str, ...], name: str) -> str:
    return argv[argv.index(f"--{name}") + 1]


def test_state_is_kept_and_events_are_not(tmp_path: Path) -> None:
    state = state_server("redis-server", _NEW, socket=tmp_path / "s", folder=tmp_path, memory_mb=64).argv
    events = events_server("redis-server", _NEW, socket=tmp_path / "e", folder=tmp_path, memory_mb=64).argv
    assert (_option(state, "appendonly"), _option(state, "appendfsync")) == ("yes", "everysec")
    assert _option(events, "appendonly") == "no"
    for argv in (state, events):
        assert (_option(argv, "port"), _option(argv, "save"), _option(argv, "maxmemory")) == ("0", "", "64mb")


def test_an_older_redis_is_not_given_what_it_does_not_know(tmp_path: Path) -> None:
    argv = state_server("redis-server", _OLD, socket=tmp_path / "s", folder=tmp_path, memory_mb=64).argv
    assert "--maxmemory-clients" not in argv
    assert "--busy-reply-threshold" not in argv


def test_a_missing_program_is_named_with_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(JamError, match="Install redis-server"):
        find_redis(path=str(tmp_path))
    with pytest.raises(JamError, match="no-such"):
        find_redis("/no-such/redis-server")


@pytest.mark.parametrize(
    ("says", "words"),
    [("Redis server v=6.0.16 sha=0", "6.2 is the oldest"), ("hello", "no redis-server"), ("", "no redis")],
)
def test_a_program_that_will_not_do_is_refused(tmp_path: Path, says: str, words: str) -> None:
    program = tmp_path / "redis-server"
    program.write_text(f"#!/bin/sh\necho '{says}'\n")
    program.chmod(0o755)
    with pytest.raises(JamError, match=words):
        redis_version(str(program))


class Recorder:
    """A server with a disk that we fill, as far as Persistence can see one."""

    def __init__(self) -> None:
        self.kept, self.status, self.used, self.said = 1, "ok", 1 << 20, list[tuple[str, str]]()

    def info(self, section: str) -> object:
        if section == "memory":
            return {"used_memory": self.used}
        return {"aof_enabled": self.kept, "aof_last_write_status": self.status}

    def config_set(self, name: str, value: str) -> object:
        self.said.append((name, value))
        self.kept = int(value == "yes")
        return True


def test_a_failing_disk_turns_keeping_off_once_and_says_so(tmp_path: Path) -> None:
    server, persistence = Recorder(), Persistence(tmp_path)
    assert persistence.look(server) == ""
    server.status, server.used = "err", 1 << 60
    assert "plays on" in persistence.look(server)
    assert persistence.look(server) == ""
    assert server.said == [("appendonly", "no")]


def test_room_turns_keeping_on_again(tmp_path: Path) -> None:
    server, persistence = Recorder(), Persistence(tmp_path)
    server.kept = 0
    assert "again" in persistence.look(server)
    assert server.said == [("appendonly", "yes")]


def test_without_room_or_without_the_folder_it_stays_off(tmp_path: Path) -> None:
    """Redis would fork and fail ten times a second."""
    server = Recorder()
    server.kept, server.used = 0, 1 << 60
    assert Persistence(tmp_path).look(server) == ""
    server.used = 0
    assert Persistence(tmp_path / "gone").look(server) == ""
    assert server.said == []
