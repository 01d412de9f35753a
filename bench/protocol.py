"""Bars of the protocol between players, on loopback: mutated requests, plays acknowledged by all, archives.

0 of 10,000 mutated requests pass. A signed play acknowledged by all: 8 processes p99 <= 50 ms, 100 players in one
process <= 250 ms, 500 <= 1 s. An archive, verified and written: >= 50 % of `curl | sha256sum` with a write, in the
same run, over the same transport; resumed after cuts it keeps >= 95 % of what had come. It prints as well what a
datagram and a request cost to check.
"""

import argparse
import asyncio
import contextlib
import datetime
import hashlib
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from pathlib import Path

from common import median_us, percentile, row

from marmalade_sc.errors import PeerError
from marmalade_sc.identity.keys import Identity, PublicKey
from marmalade_sc.identity.sealing import server_context
from marmalade_sc.peers.client import Client
from marmalade_sc.peers.datagrams import Envelopes
from marmalade_sc.peers.reach import Endpoint
from marmalade_sc.peers.records import VERSION, PlayTicket, Record, Signed, open_record, signed
from marmalade_sc.peers.refusals import refused
from marmalade_sc.peers.requests import Asker, Desk, JamName
from marmalade_sc.peers.server import Archive, Server
from marmalade_sc.player.base.lifeline import settle

JAM = JamName("bench", bytes(range(16)))
MIB = 1 << 20


def wall_ms() -> int:
    """Milliseconds since 1970."""
    return time.time_ns() // 1_000_000


class House:
    """A player that checks requests and runs each instance once, in memory; and may have one archive."""

    def __init__(self, own: Identity, path: Path | None = None, sha256: str = "") -> None:
        self.desk = Desk(own.public, JAM, wall_ms)
        self.started: set[str] = set()
        self.path, self.sha256 = path, sha256

    def players(self) -> Sequence[Mapping[str, object]]:
        """Nobody."""
        return []

    def generators(self) -> Sequence[Mapping[str, object]]:
        """None."""
        return []

    async def archive(self, generator: str, sha256: str) -> Archive:
        """The one that there is."""
        if self.path is None:
            raise refused("unknown")
        return Archive(self.path, self.sha256, b"")

    async def carry_out(self, method: str, data: bytes) -> Mapping[str, object]:
        """Check, and accept once. What one player has checked is not checked for the others of this process."""
        open_record.cache_clear()
        found = self.desk.check(data, method).record.message
        assert isinstance(found, PlayTicket)
        is_new = found.instance not in self.started
        self.started.add(found.instance)
        return {"status": "started" if is_new else "again"}

    async def letters(self, data: bytes, host: str) -> bytes:
        """None."""
        return b""


def ticket(own: Identity, instance: str) -> Signed[Record]:
    """A play of our own generator."""
    now = wall_ms()
    return signed(
        own,
        PlayTicket(
            version=VERSION,
            jam=JAM.name,
            jam_id=JAM.id,
            maker=own.public.raw,
            sequence=now * 1000,
            made=now,
            expires=now + 3_600_000,
            generator=f"{own.player}:drums",
            author=own.public.raw,
            sha256=bytes(32),
            instance=instance,
            track="drums",
            controls=(("density", 0.5),),
            bars=0.0,
            seconds=0.0,
            policy="arrival",
            at=0,
        ),
    )


def mutations(count: int) -> None:
    """Requests that were changed in some way."""
    alice, bob, dice = Identity.draw(), Identity.draw(), random.Random(1)
    desk = Desk(bob.public, JAM, wall_ms)
    valid = Asker(alice, JAM, "", wall_ms).make("play", bob.public, ticket(alice, "i1"))
    passed = tried = 0
    reasons: dict[str, int] = {}
    while tried < count:
        changed = bytearray(valid)
        for _ in range(dice.choice([1, 1, 1, 2, 8])):
            place = dice.randrange(len(changed))
            kind = dice.randrange(5)
            if kind < 2:
                changed[place] ^= 1 << dice.randrange(8)
            elif kind == 2:
                changed[place] = dice.randrange(256)
            elif kind == 3:
                del changed[place : place + dice.randint(1, 40)]
            else:
                changed[place:place] = dice.randbytes(dice.randint(1, 8))
        if bytes(changed) == valid:
            continue
        tried += 1
        try:
            desk.check(bytes(changed))
            passed += 1
        except PeerError as error:
            reasons[error.reason] = reasons.get(error.reason, 0) + 1
    row("mutated requests", tried=tried, passed=passed, met=passed == 0, reasons=reasons)


def costs() -> None:
    """What it takes to check."""
    alice, bob = Identity.draw(), Identity.draw()
    asker, record = Asker(alice, JAM, "", wall_ms), ticket(alice, "i1")
    desk = Desk(bob.public, JAM, wall_ms)
    many = iter([asker.make("play", bob.public, record) for _ in range(7 * 300)])
    mine, theirs = Envelopes(alice, JAM), Envelopes(bob, JAM)
    closed = mine.close(bob.public.raw, bytes(300))
    forged = closed[:-1] + bytes([closed[-1] ^ 1])

    def refuse() -> None:
        with contextlib.suppress(Exception):
            theirs.open(forged)

    row(
        "microseconds of one check",
        request=round(median_us(lambda: desk.check(next(many)), 300), 1),
        datagram=round(median_us(lambda: theirs.open(closed), 300), 1),
        outsiders_datagram=round(median_us(refuse, 300), 1),
        making_a_datagram=round(median_us(lambda: mine.close(bob.public.raw, bytes(300)), 300), 1),
    )


# Plays


@contextlib.asynccontextmanager
async def players(count: int) -> AsyncIterator[list[tuple[Endpoint, PublicKey]]]:
    """So many players in this process, each with a port of its own."""
    servers, found = [], []
    for _ in range(count):
        own = Identity.draw()
        server = Server(House(own), time.monotonic, wall_ms, print)
        servers.append(server)
        found.append((Endpoint(False, "127.0.0.1", await server.start("127.0.0.1", 0, None)), own.public))
    settle()  # as the process of a player does before it says that it is ready
    try:
        yield found
    finally:
        for server in servers:
            await server.close()


@contextlib.contextmanager
def processes(count: int) -> Iterator[list[tuple[Endpoint, PublicKey]]]:
    """So many players in processes of their own."""
    started = [
        subprocess.Popen(
            [sys.executable, __file__, "--serve"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(count)
    ]
    try:
        rows = [json.loads(each.stdout.readline()) for each in started if each.stdout is not None]
        yield [(Endpoint(False, "127.0.0.1", each["port"]), PublicKey.parse(each["key"])) for each in rows]
    finally:
        for each in started:
            each.communicate("")


async def serve() -> None:
    """One player, until its input ends."""
    own = Identity.draw()
    server = Server(House(own), time.monotonic, wall_ms, print)
    port = await server.start("127.0.0.1", 0, None)
    print(json.dumps({"port": port, "key": str(own.public)}), flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await server.close()


async def told(where: list[tuple[Endpoint, PublicKey]], rounds: int) -> list[float]:
    """How long each play took to be acknowledged by all, in ms; the first round opens the connections."""
    own, client, times = Identity.draw(), Client(), []
    asker = Asker(own, JAM, "", wall_ms)
    for number in range(rounds + 1):
        begin = time.perf_counter()
        record = ticket(own, f"i{number}")
        answers = await asyncio.gather(*(client.ask(to, key, "play", asker, record) for to, key in where))
        times.append((time.perf_counter() - begin) * 1000)
        assert all(each == {"status": "started"} for each in answers)
        await asyncio.sleep(0.25)  # the limit of an address is a hundred a second in the long run
    await client.close()
    return times[1:]


async def plays(rounds: int) -> None:
    """Acknowledged by all."""
    with processes(8) as where:
        times = await told(where, 4 * rounds)
    figures = {"p50_ms": round(percentile(times, 0.5), 1), "p99_ms": round(percentile(times, 0.99), 1)}
    row("a play acknowledged by 8 processes", plays=len(times), **figures, met=figures["p99_ms"] <= 50)
    for count, bar_ms in ((100, 250), (500, 1000)):
        async with players(count) as found:
            used = time.process_time()
            times = await told(found, rounds)
            used = (time.process_time() - used) / (rounds + 1)
        worst = round(max(times), 1)
        name = f"a play acknowledged by {count} players in one process"
        row(name, worst_ms=worst, cpu_ms=round(used * 1000, 1), met=worst <= bar_ms)


# Archives


async def resumed(size_mib: int, cuts: int) -> None:
    """A transfer that is cut again and again: how much of what had come is kept."""
    with tempfile.TemporaryDirectory(prefix="marmalade-bench-") as text:
        folder = Path(text)
        data = os.urandom(size_mib * MIB)
        path, sha256 = folder / "archive", hashlib.sha256(data).hexdigest()
        path.write_bytes(data)
        own = Identity.draw()
        server = Server(House(own, path, sha256), time.monotonic, wall_ms, print)
        port = await server.start("127.0.0.1", 0, None)
        to, part = Endpoint(False, "127.0.0.1", port), folder / "part"
        what = f"generator/{own.player}:drums?sha256={sha256}"
        lost = tried = 0
        for number in range(cuts):
            client = Client()
            before = part.stat().st_size if part.exists() else 0
            task = asyncio.create_task(client.fetch(to, own.public, what, sha256, len(data), part, lambda path: None))
            goal = len(data) * (number + 1) // (cuts + 1)
            while not task.done() and (part.stat().st_size if part.exists() else 0) < goal:
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await client.close()
            kept = part.stat().st_size
            lost += kept < before
            tried += 1
        client = Client()
        kept = part.stat().st_size
        came = await client.fetch(to, own.public, what, sha256, len(data), part, lambda path: None)
        await client.close()
        await server.close()
        share = (len(data) - came) / kept
        row(
            "a transfer that was cut", cuts=tried, mib=size_mib, kept=round(share, 4), went_back=lost, met=share >= 0.95
        )


async def archives(size_mib: int, rounds: int) -> None:
    """Fetched, verified and written, against curl into sha256sum and a file."""
    for is_tls in (False, True):
        with tempfile.TemporaryDirectory(prefix="marmalade-bench-") as text:
            folder = Path(text)
            data = os.urandom(size_mib * MIB)
            path, sha256 = folder / "archive", hashlib.sha256(data).hexdigest()
            path.write_bytes(data)
            own = Identity.draw()
            server = Server(House(own, path, sha256), time.monotonic, wall_ms, print)
            tls = server_context(own, datetime.datetime.now(datetime.UTC)) if is_tls else None
            port = await server.start("127.0.0.1", 0, tls)
            to, client = Endpoint(is_tls, "127.0.0.1", port), Client()
            what = f"generator/{own.player}:drums?sha256={sha256}"
            ours, floor = [], []
            for number in range(rounds):
                part = folder / f"part{number}"
                begin = time.perf_counter()
                await client.fetch(to, own.public, what, sha256, len(data), part, lambda path: None)
                ours.append(time.perf_counter() - begin)
                part.unlink()
                target = folder / "curl"
                begin = time.perf_counter()
                pipe = f"curl -sk '{to.url}/{what}' | tee {target} | sha256sum"
                done = await asyncio.create_subprocess_shell(pipe, stdout=subprocess.PIPE)
                said, _ = await done.communicate()
                floor.append(time.perf_counter() - begin)
                assert said.decode().startswith(sha256)
            await client.close()
            await server.close()
        mine, theirs = (size_mib / percentile(each, 0.5) for each in (ours, floor))
        row(
            "an archive, verified and written",
            tls=is_tls,
            mib=size_mib,
            mib_per_s=round(mine),
            curl_mib_per_s=round(theirs),
            ratio=round(mine / theirs, 2),
            met=mine >= 0.5 * theirs,
        )


def main() -> None:
    """Run the bars."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--serve", action="store_true", help="be one player, for the other bars")
    parser.add_argument("--mutations", type=int, default=50_000)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--only", choices=["mutations", "costs", "plays", "resumed", "archives"])
    options = parser.parse_args()
    if options.serve:
        asyncio.run(serve())
        return
    works = {
        "mutations": lambda: mutations(options.mutations),
        "costs": costs,
        "plays": lambda: asyncio.run(plays(options.rounds)),
        "resumed": lambda: asyncio.run(resumed(60, 10)),
        "archives": lambda: asyncio.run(archives(60, options.rounds)),
    }
    for name, work in works.items():
        if options.only in (None, name):
            work()


if __name__ == "__main__":
    main()
