"""The gateway in front of real servers: what redis-py says to it, what floods do, what comes back after a restart."""

import asyncio
import itertools
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import redis
import redis.asyncio

from marmalade_sc.generators.gateway.policy import Bounds, Scope
from marmalade_sc.generators.gateway.resp import packed
from marmalade_sc.generators.gateway.server import Gateway
from tests.player.deadline import eventually

pytestmark = [pytest.mark.live, pytest.mark.untimed]

OWN = "abcdefgh:drums:one"


@dataclass(slots=True)
class Server:
    """A redis-server of our own on a Unix socket."""

    path: Path
    process: "subprocess.Popen[bytes] | None" = None

    def start(self) -> None:
        command = [
            "redis-server",
            "--port",
            "0",
            "--unixsocket",
            str(self.path),
            "--save",
            "",
            "--dir",
            str(self.path.parent),
        ]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        eventually(self._answers, 20.0)

    def _answers(self) -> bool:
        try:
            with redis.Redis(unix_socket_path=str(self.path)) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    one = Server(tmp_path / "redis.sock")
    one.start()
    yield one
    one.stop()


@pytest.fixture
async def gateway(server: Server, tmp_path: Path) -> AsyncIterator[Gateway]:
    counter = itertools.count(5_000_000)
    folder = tmp_path / "gate"
    folder.mkdir()
    one = Gateway(
        folder,
        server.path,
        server.path,
        Scope(OWN),
        now_ms=lambda: next(counter),
        now=time.monotonic,
        bounds=Bounds(commands=2000.0, data=1e6),
    )
    await one.open()
    yield one
    await one.close()


def client(tmp_path: Path) -> "redis.asyncio.Redis":
    return redis.asyncio.Redis(unix_socket_path=str(tmp_path / "gate" / "redis.sock"), decode_responses=True)


async def test_a_usual_client_sets_tags_and_reads_the_state(gateway: Gateway, server: Server, tmp_path: Path) -> None:
    with redis.Redis(unix_socket_path=str(server.path)) as host:
        host.xadd("state:clock", {"origin": "7"}, id="1-0")
        host.xadd("log:evaluations", {"code": "secret"}, id="1-0")
    async with client(tmp_path) as one:
        identity = await one.xadd(f"tags:{OWN}:beat", {"value": "on"})
        assert identity.startswith("500000")
        assert await one.xrange("state:clock") == [("1-0", {"origin": "7"})]
        ((_, rows),) = await one.xread({f"tags:{OWN}:beat": "0"})
        assert rows == [(identity, {"value": "on"})]
        with pytest.raises(redis.ResponseError, match="not for generators"):
            await one.xrange("log:evaluations")
        with pytest.raises(redis.ResponseError, match="not its own"):
            await one.xadd("tags:abcdefgh:drums:two:beat", {"value": "x"})
        with pytest.raises(redis.ResponseError, match="not for generators"):
            await one.flushall()
        assert await one.ping()
    assert gateway.counts.denied == 3 and "not its own" in gateway.counts.denials[1]


async def test_a_reader_waits_for_what_is_set(gateway: Gateway, tmp_path: Path) -> None:
    async with client(tmp_path) as waiting, client(tmp_path) as setting:
        read = asyncio.create_task(waiting.xread({f"tags:{OWN}:beat": "$"}, block=5000))
        while not read.done():
            await setting.xadd(f"tags:{OWN}:beat", {"value": "on"})
            await asyncio.sleep(0.01)
        ((key, _),) = await read
        assert key == f"tags:{OWN}:beat"


async def test_a_flood_waits_and_its_stream_stays_short(server: Server, tmp_path: Path) -> None:
    folder = tmp_path / "slow"
    folder.mkdir()
    waits: list[float] = []
    one = Gateway(
        folder,
        server.path,
        server.path,
        Scope(OWN),
        now_ms=itertools.count(1).__next__,
        now=time.monotonic,
        bounds=Bounds(commands=5000.0, kept=(100, 10)),
    )
    await one.open()
    try:
        reader, writer = await asyncio.open_unix_connection(str(folder / "redis.sock"))
        request = packed([b"XADD", f"tags:{OWN}:beat".encode(), b"*", b"v", b"x" * 100])
        for _ in range(1000):
            writer.write(request)
        for _ in range(1000):
            await reader.readline()
            waits.append(one.counts.waited_s)
            await reader.readline()
        writer.close()
    finally:
        await one.close()
    with redis.Redis(unix_socket_path=str(server.path)) as host:
        assert host.xlen(f"tags:{OWN}:beat") <= 250


@pytest.mark.parametrize(
    "data",
    [
        b"GET x\r\n",
        b"*1\r\n$99999999\r\n",
        b"*999999\r\n",
        b"*-1\r\n",
        b"*1\r\n$-1\r\n",
        b"*1\r\n$x\r\n",
        b"*" + b"1" * 70_000,
        b"\x00" * 1000 + b"\r\n",
        b"*2\r\n$4\r\nXLEN\r\n$3\r\nabcdef\r\n",
    ],
)
async def test_what_is_no_request_ends_the_connection_and_nothing_else(
    gateway: Gateway, tmp_path: Path, data: bytes
) -> None:
    reader, writer = await asyncio.open_unix_connection(str(tmp_path / "gate" / "redis.sock"))
    writer.write(data)
    answer = await asyncio.wait_for(reader.read(), 10)
    writer.close()
    assert answer.startswith(b"-ERR") or answer == b""
    async with client(tmp_path) as one:
        assert await one.ping()


async def test_a_fifth_connection_is_refused(gateway: Gateway, tmp_path: Path) -> None:
    path = str(tmp_path / "gate" / "redis.sock")
    open_ones = [await asyncio.open_unix_connection(path) for _ in range(4)]
    for _, writer in open_ones:
        writer.write(packed([b"PING"]))
    for reader, _ in open_ones:
        assert await reader.readline() == b"+PONG\r\n"
    reader, writer = await asyncio.open_unix_connection(path)
    assert b"4 connections" in await reader.readline()
    for _, each in [*open_ones, (reader, writer)]:
        each.close()


async def test_when_redis_was_killed_it_says_so_and_goes_on_when_it_is_back(
    gateway: Gateway, server: Server, tmp_path: Path
) -> None:
    path = str(tmp_path / "gate" / "redis.sock")
    reader, writer = await asyncio.open_unix_connection(path)
    request = packed([b"XLEN", b"state:clock"])
    writer.write(request)
    assert await reader.readline() == b":0\r\n"
    server.stop()
    writer.write(request)
    assert (await reader.readline()).startswith(b"-TRYAGAIN")
    server.start()
    writer.write(request)
    assert await reader.readline() == b":0\r\n"
    writer.close()
