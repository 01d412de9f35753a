"""A series in Redis and on disk reads as one, whenever its points are moved."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from marmalade_sc.errors import JamError
from marmalade_sc.jam.history import History, Retention
from marmalade_sc.jam.segments import Segments
from marmalade_sc.jam.servers import find_redis, redis_version, state_server
from marmalade_sc.jam.streams import connect
from tests.player.deadline import eventually

pytestmark = [pytest.mark.live, pytest.mark.untimed]

KEY = "tags:ann:drums:one:Context"


@pytest.fixture
def state(tmp_path: Path) -> Iterator[str]:
    program, path = find_redis(), tmp_path / "s.sock"
    spec = state_server(program, redis_version(program), socket=path, folder=tmp_path, memory_mb=64)
    process = subprocess.Popen(spec.argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def answers() -> bool:
        try:
            with redis.Redis(unix_socket_path=str(path)) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False

    eventually(answers)
    yield str(path)
    process.kill()
    process.wait()


def fill(state: str, count: int, begin: int = 0) -> None:
    with connect(state) as client:
        pipeline = client.pipeline(transaction=False)
        for n in range(begin, begin + count):
            pipeline.execute_command("XADD", KEY, f"{1000 + n}-0", "value", n)  # type: ignore[no-untyped-call]
        pipeline.execute()


def test_it_reads_the_same_before_and_after_it_was_moved(state: str, tmp_path: Path) -> None:
    segments = Segments(tmp_path / "series")
    history, retention = History(state, segments), Retention(state, segments, hot=100)
    fill(state, 1000)

    def looks() -> list[object]:
        return [
            history.at(KEY, 1500),
            history.at(KEY, 999),
            history.at(KEY, 99_999),
            history.between(KEY, 1100, 1250),
            history.between(KEY, 1940, 1960),
            history.between(KEY, most=5000),
        ]

    before = looks()
    assert retention.look() == 950
    with connect(state) as client:
        assert client.xlen(KEY) == 50
    assert looks() == before
    assert before[0] == (1500, {"value": 500}) and before[1] is None
    assert retention.look() == 0, "below the cap nothing is moved"
    fill(state, 500, 1000)
    assert retention.look() == 500
    assert [each[1]["value"] for each in history.between(KEY, most=5000)] == list(range(1500))


def test_an_id_with_the_largest_counter_does_not_stop_it(state: str, tmp_path: Path) -> None:
    segments = Segments(tmp_path / "series")
    with connect(state) as client:
        for ms in range(200):
            client.execute_command("XADD", KEY, f"{ms}-{(1 << 64) - 1}", "v", 1)  # type: ignore[no-untyped-call]
    assert Retention(state, segments, hot=10).look() == 195
    assert segments.last(KEY) == (194, (1 << 64) - 1)


def test_a_disk_that_takes_nothing_loses_nothing(state: str, tmp_path: Path) -> None:
    (tmp_path / "series").write_text("in the way")
    fill(state, 300)
    with pytest.raises(JamError, match="cannot be written"):
        Retention(state, Segments(tmp_path / "series"), hot=100).look()
    with connect(state) as client:
        assert client.xlen(KEY) == 300


def test_however_much_is_written_the_hot_part_stays_small(state: str, tmp_path: Path) -> None:
    """Fifty strips for two hours in small: between two looks no more than what was written in between is added."""
    segments, keys = Segments(tmp_path / "series"), [f"state:levels:d{n}" for n in range(50)]
    retention = Retention(state, segments, hot=60)
    with connect(state) as client:
        for turn in range(12):
            pipeline = client.pipeline(transaction=False)
            for key in keys:
                for n in range(40):
                    pipeline.execute_command("XADD", key, f"{1000 * turn + n + 1}-0", "left", -6, "right", -7)  # type: ignore[no-untyped-call]
            pipeline.execute()
            retention.look()
            assert max(client.xlen(key) for key in keys) <= 60
    history = History(state, segments)
    assert all(len(history.between(key, most=10_000)) == 480 for key in keys[::7])
    history.close()
