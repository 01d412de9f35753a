"""Real Redis servers: killed, out of memory, on a full disk."""

import contextlib
import os
import resource
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis

from marmalade_sc.jam.servers import Persistence, RedisServer, events_server, find_redis, redis_version, state_server
from tests.player.deadline import eventually

pytestmark = pytest.mark.live

_PROGRAM = find_redis()
_VERSION = redis_version(_PROGRAM)


@contextlib.contextmanager
def running(server: RedisServer, log: Path) -> Iterator[tuple["redis.Redis", subprocess.Popen[bytes]]]:
    # Signals as Python has them: SIGXFSZ ignored, so that a file at its limit is a failed write and no death.
    command = server.argv
    with (
        log.open("ab") as output,
        subprocess.Popen(command, stdout=output, stderr=output, restore_signals=False) as process,
    ):
        client = redis.Redis(unix_socket_path=str(server.socket))

        def answers() -> bool:
            assert process.poll() is None, log.read_text()
            with contextlib.suppress(redis.ConnectionError, redis.BusyLoadingError):
                return bool(client.ping())
            return False

        try:
            eventually(answers)
            yield client, process
        finally:
            client.close()
            process.kill()


def state(folder: Path, runtime: Path, memory_mb: int = 64) -> RedisServer:
    return state_server(_PROGRAM, _VERSION, socket=runtime / "s.sock", folder=folder, memory_mb=memory_mb)


def test_a_killed_state_server_comes_back_with_every_acknowledged_write(tmp_path: Path) -> None:
    for round_ in range(3):
        with running(state(tmp_path, tmp_path), tmp_path / "log") as (client, process):
            assert client.xlen("tags:é") == round_ * 500
            for n in range(500):
                client.xadd("tags:é", {"v": n})
            process.kill()


def test_a_torn_end_of_the_file_is_cut_off(tmp_path: Path) -> None:
    with running(state(tmp_path, tmp_path), tmp_path / "log") as (client, _):
        for n in range(1000):
            client.xadd("s", {"v": n})
    newest = max(tmp_path.rglob("*.aof"), key=lambda path: path.stat().st_size)
    os.truncate(newest, newest.stat().st_size - 7)
    with running(state(tmp_path, tmp_path), tmp_path / "log") as (client, _):
        assert client.xlen("s") == 999


def test_sockets_are_for_this_user_and_there_is_no_port(tmp_path: Path) -> None:
    with running(state(tmp_path, tmp_path), tmp_path / "log") as (client, _):
        assert client.config_get("port") == {"port": "0"}
        assert (tmp_path / "s.sock").stat().st_mode & 0o777 == 0o700


def test_events_never_fail_for_lack_of_memory_and_leave_no_file(tmp_path: Path) -> None:
    """An instance that forgot to cap its stream must not silence the others."""
    folder = tmp_path / "data"
    folder.mkdir()
    server = events_server(_PROGRAM, _VERSION, socket=tmp_path / "e.sock", folder=folder, memory_mb=16)
    with running(server, tmp_path / "log") as (client, _):
        for n in range(400):
            client.xadd("events:greedy", {"data": bytes(60_000)})
            client.xadd("events:polite", {"data": b"x" * 1000}, maxlen=100, approximate=True)
            client.xadd(f"events:old{n % 7}", {"data": bytes(20_000)})
        assert client.info("stats")["evicted_keys"] > 0
        assert client.xlen("events:polite") > 0
    assert list(folder.iterdir()) == []


@contextlib.contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=40m", "tmpfs", str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(client: "redis.Redis") -> None:
    for _ in range(1000):
        client.xadd("s", {"v": os.urandom(5000)}, maxlen=10)


def check_survival(disk: Path, runtime: Path, hinder: Callable[[int], None], help_: Callable[[int], None]) -> None:
    """Writing fails, `look` has writes taken again, room comes back, `look` has them kept again, and they are."""
    with running(state(disk, runtime), runtime / "log") as (client, process):
        persistence = Persistence(disk)
        client.set("before", 1)
        hinder(process.pid)
        with pytest.raises(redis.ResponseError, match="MISCONF"):
            fill(client)
        assert "no longer kept" in persistence.look(client)
        fill(client)
        help_(process.pid)
        assert "again" in persistence.look(client)
        client.set("after", 2)
        eventually(lambda: client.info("persistence")["aof_rewrite_in_progress"] == 0)
        process.kill()
        process.wait()
        with running(state(disk, runtime), runtime / "log") as (again, _):
            assert (again.get("before"), again.get("after")) == (b"1", b"2")


def test_a_file_that_may_not_grow_stops_keeping_but_never_the_writes(tmp_path: Path) -> None:
    """A quota, for which nobody needs to be root; to Redis it is the same failed write as a full disk."""

    def limit(pid: int, size: int) -> None:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

    folder = tmp_path / "data"
    folder.mkdir()
    check_survival(folder, tmp_path, lambda pid: limit(pid, 1 << 20), lambda pid: limit(pid, resource.RLIM_INFINITY))


if os.geteuid() == 0:

    def test_a_full_disk_stops_keeping_but_never_the_writes(tmp_path: Path) -> None:
        """The recording fills the disk in the middle of the set: the state is no longer kept, the jam goes on."""
        with small_disk(tmp_path / "disk") as disk:
            recording = disk / "recording.wav"

            def fill_disk(pid: int) -> None:
                recording.write_bytes(bytes(39 << 20))

            check_survival(disk, tmp_path, fill_disk, lambda pid: recording.unlink())
