"""Servers and stations of tests: real sockets on loopback, ports from the OS."""

import asyncio
import contextlib
import datetime
import hashlib
import random
import socket
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from pathlib import Path

from marmalade_sc.identity.keys import Identity
from marmalade_sc.identity.sealing import server_context
from marmalade_sc.peers.guard import Guards
from marmalade_sc.peers.passes import read_knock
from marmalade_sc.peers.reach import Endpoint
from marmalade_sc.peers.records import signed
from marmalade_sc.peers.refusals import refused
from marmalade_sc.peers.requests import Checked, Desk
from marmalade_sc.peers.server import Archive, Server
from tests.peers import makers
from tests.peers.makers import JAM


def wall_ms() -> int:
    return time.time_ns() // 1_000_000


class SmallHouse:
    """One archive, and a desk that checks requests and keeps what passed."""

    def __init__(self, own: Identity, folder: Path, data: bytes = b"") -> None:
        self.own = own
        self.desk = Desk(own.public, JAM, wall_ms)
        self.heard: list[Checked] = []
        self.data = data
        self.path = folder / "archive"
        self.path.write_bytes(data)
        self.sha256 = hashlib.sha256(data).hexdigest()

    def players(self) -> Sequence[Mapping[str, object]]:
        return [{"id": str(self.own.player), "key": str(self.own.public), "addresses": [], "last_seen": 1}]

    def generators(self) -> Sequence[Mapping[str, object]]:
        return [{"id": f"{self.own.player}:drums", "sha256": self.sha256}]

    async def archive(self, generator: str, sha256: str) -> Archive:
        if generator != f"{self.own.player}:drums" or sha256 not in ("", self.sha256):
            raise refused("unknown")
        record = signed(self.own, makers.generator(self.own, sha256=bytes.fromhex(self.sha256)))
        return Archive(self.path, self.sha256, record.data)

    def sound(self, sha256: str) -> Path:
        if sha256 != self.sha256:
            raise refused("unknown")
        return self.path

    async def join(self, data: bytes) -> Mapping[str, object]:
        read_knock(data, self.own.public, wall_ms())
        raise refused("invite")

    async def carry_out(self, method: str, data: bytes) -> Mapping[str, object]:
        self.heard.append(self.desk.check(data, method))
        return {"status": "heard"}

    async def letters(self, data: bytes, host: str) -> bytes:
        return data


@contextlib.asynccontextmanager
async def serving(
    house: SmallHouse, *, is_tls: bool = False, guards: Guards | None = None
) -> AsyncIterator[tuple[Server, Endpoint]]:
    """A server of a house on a port of its own."""
    said: list[str] = []
    server = Server(house, time.monotonic, wall_ms, said.append, guards)
    context = server_context(house.own, datetime.datetime.now(datetime.UTC)) if is_tls else None
    port = await server.start("127.0.0.1", 0, context)
    try:
        yield server, Endpoint(is_tls, "127.0.0.1", port)
    finally:
        await server.close()
    assert said == [], said


def free_port() -> int:
    """A port that nobody has, for TCP and UDP; below those that the OS hands out, so that nobody gets it meanwhile."""
    while True:
        port = random.SystemRandom().randint(15_000, 32_000)
        with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp, contextlib.suppress(OSError):
            tcp.bind(("127.0.0.1", port))
            udp.bind(("127.0.0.1", port))
            return port


async def eventually_async(ask: Callable[[], object], within_s: float = 30.0) -> None:
    """As `eventually`, without standing in the loop's way."""
    loop = asyncio.get_running_loop()
    end = loop.time() + within_s
    while not ask():
        assert loop.time() < end
        await asyncio.sleep(0.01)
