"""The second wall: what Redis itself lets an instance do, should its gateway ever let something through."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

from marmalade_sc.jam.access import Access
from marmalade_sc.jam.servers import events_server, find_redis, redis_version, state_server
from tests.live.test_servers import running

pytestmark = [pytest.mark.live, pytest.mark.untimed]

OWN, OTHER = "abcdefgh:drums:one", "abcdefgh:drums:two"


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[tuple[str, str]]:
    program = find_redis()
    version = redis_version(program)
    state = state_server(program, version, socket=tmp_path / "s.sock", folder=tmp_path, memory_mb=32)
    events = events_server(program, version, socket=tmp_path / "e.sock", folder=tmp_path, memory_mb=32)
    with running(state, tmp_path / "s.log"), running(events, tmp_path / "e.log"):
        yield str(state.socket), str(events.socket)


def client(path: str, login: tuple[bytes, ...]) -> "redis.Redis":
    return redis.Redis(unix_socket_path=path, username=login[1].decode(), password=login[2].decode())


def denied(connection: "redis.Redis", *words: Any) -> bool:
    try:
        connection.execute_command(*words)  # type: ignore[no-untyped-call]
    except redis.exceptions.NoPermissionError:
        return True
    return False


def test_an_instance_writes_its_own_and_reads_what_is_everybodys(servers: tuple[str, str]) -> None:
    access = Access(*servers)
    login = access.allow(OWN, ["schedule:main"])
    assert access.allow(OWN, ["schedule:main"]) == login, "once more, after Redis was restarted"
    state, events = (client(path, login) for path in servers)
    assert not denied(state, "XADD", f"tags:{OWN}:beat", "1-1", "v", "1")
    assert not denied(state, "XADD", "schedule:main", "1-1", "v", "1")
    assert not denied(state, "XRANGE", f"tags:{OTHER}:beat", "-", "+")
    assert not denied(state, "XREAD", "COUNT", "1", "STREAMS", "state:clock", "0")
    assert not denied(events, "XADD", f"events:{OWN}", "1-1", "v", "1")
    for words in (
        ("XADD", f"tags:{OTHER}:beat", "1-1", "v", "1"),
        ("XADD", f"tags:{OWN}2:beat", "1-1", "v", "1"),
        ("XADD", "state:clock", "1-1", "v", "1"),
        ("XADD", "log:plays", "1-1", "v", "1"),
        ("XRANGE", "log:plays", "-", "+"),
        *(("KEYS", "*"), ("FLUSHALL",), ("CONFIG", "GET", "dir"), ("EVAL", "return 1", "0"), ("ACL", "LIST")),
        *(("SET", f"tags:{OWN}:x", "1"), ("DEL", f"tags:{OWN}:beat"), ("SHUTDOWN",), ("MONITOR",), ("CLIENT", "LIST")),
    ):
        assert denied(state, *words), words
    for words in (("XADD", "control", "1-1", "order", "panic"), ("XADD", f"events:{OTHER}", "1-1", "v", "1")):
        assert denied(events, *words), words
    access.revoke(OWN)
    with pytest.raises(redis.RedisError):
        client(servers[0], login).ping()
    state.close()
    events.close()
    access.close()
