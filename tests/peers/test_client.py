"""What we ask of other players over HTTP: archives come whole or not at all, and answers are read with a bound."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from marmalade_sc.errors import PeerError
from marmalade_sc.peers.client import Client
from marmalade_sc.peers.reach import Endpoint
from tests.peers import makers
from tests.peers.houses import SmallHouse, serving
from tests.player.deadline import eventually

pytestmark = pytest.mark.faults
BOB = makers.player(2)
DATA = bytes(range(256)) * 8192
GENERATOR = f"{BOB.player}:drums"


def where(house: SmallHouse) -> str:
    return f"generator/{GENERATOR}?sha256={house.sha256}"


async def test_an_archive_comes_whole_and_is_what_was_signed(tmp_path: Path) -> None:
    house = SmallHouse(BOB, tmp_path, DATA)
    client = Client()
    kept: list[bytes] = []
    async with serving(house, is_tls=True) as (_, to):
        part = tmp_path / "x.part"
        came = await client.fetch(
            to, BOB.public, where(house), house.sha256, len(DATA), part, lambda path: kept.append(path.read_bytes())
        )
        await client.close()
    assert (came, kept) == (len(DATA), [DATA])


async def test_a_transfer_that_was_cut_goes_on_where_it_was(tmp_path: Path) -> None:
    """F1: what has come and was written is not fetched again."""
    house = SmallHouse(BOB, tmp_path, DATA)
    part = tmp_path / "x.part"
    part.write_bytes(DATA[:1_900_000])
    client = Client()
    async with serving(house) as (_, to):
        came = await client.fetch(to, BOB.public, where(house), house.sha256, len(DATA), part, lambda path: None)
        await client.close()
    assert came == len(DATA) - 1_900_000


@pytest.mark.parametrize("kind", ["one byte differs", "too long", "cut short", "kept wrong"])
async def test_t7_an_archive_that_is_not_what_was_signed_is_never_kept(tmp_path: Path, kind: str) -> None:
    house = SmallHouse(BOB, tmp_path, DATA)
    part = tmp_path / "x.part"
    if kind == "one byte differs":
        house.path.write_bytes(DATA[:77] + b"!" + DATA[78:])
    elif kind == "too long":
        house.path.write_bytes(DATA + b"!")
    elif kind == "cut short":
        house.path.write_bytes(DATA[:-1])
    else:
        part.write_bytes(b"!" * 1000)
    client = Client()
    async with serving(house) as (_, to):
        with pytest.raises(PeerError):
            await client.fetch(to, BOB.public, where(house), house.sha256, len(DATA), part, lambda path: pytest.fail())
        assert part.exists() == (kind == "cut short")
        house.path.write_bytes(DATA)
        kept: list[bytes] = []
        await client.fetch(
            to, BOB.public, where(house), house.sha256, len(DATA), part, lambda path: kept.append(path.read_bytes())
        )
        await client.close()
    assert kept == [DATA]


FETCHER = """
import asyncio, sys
from pathlib import Path
from marmalade_sc.identity.keys import PublicKey
from marmalade_sc.peers.client import Client
from marmalade_sc.peers.reach import Endpoint
port, key, generator, sha256, size, part = sys.argv[1:]
async def main():
    client = Client()
    to = Endpoint(False, "127.0.0.1", int(port))
    done = lambda path: path.rename(path.with_suffix(".done"))
    print(await client.fetch(to, PublicKey.parse(key), generator, sha256, int(size), Path(part), done))
    await client.close()
asyncio.run(main())
"""


async def test_f1_killed_at_any_moment_of_a_transfer_nothing_half_is_seen_and_little_comes_twice(
    tmp_path: Path,
) -> None:
    data = os.urandom(48 << 20)
    house = SmallHouse(BOB, tmp_path, data)
    part = tmp_path / "x.part"
    kept = 0
    async with serving(house) as (_, to):
        words = [str(to.port), str(BOB.public), where(house), house.sha256, str(len(data)), str(part)]
        command = [sys.executable, "-c", FETCHER, *words]

        def kill_at(least: int) -> int:
            with subprocess.Popen(command) as process:
                eventually(lambda: process.poll() is not None or (part.exists() and part.stat().st_size > least), 30)
                process.send_signal(signal.SIGKILL)
                process.wait()
            return part.stat().st_size if part.exists() else len(data)

        for _ in range(4):
            now = await asyncio.to_thread(kill_at, kept + (4 << 20))
            assert now >= kept, "what was written stays"
            kept = now
        if part.exists():
            assert data.startswith(part.read_bytes())
            assert not part.with_suffix(".done").exists()
            kept = part.stat().st_size
            done = await asyncio.to_thread(subprocess.run, command, check=True, capture_output=True)
            assert int(done.stdout) == len(data) - kept, "not a byte that was kept comes again"
    assert part.with_suffix(".done").read_bytes() == data


async def test_what_a_stranger_answers_is_read_with_a_bound(tmp_path: Path) -> None:
    """T13 from the other side: a player that we ask may lie, too."""
    answers = {
        "deep": (b"[" * 17 + b"]" * 17, "nested too deeply"),
        "deeper": (b"[" * 100_000 + b"]" * 100_000, "nested too deeply"),
        "long": (b"[" + b" " * (1 << 20) + b"]", "too long"),
        "endless": (b"[" + b" " * (2 << 20) + b"]", "too long"),
        "bad": (b"{", "not JSON"),
        "kind": (b'{"a": 1}', "no list of objects"),
        "rows": (b"[1, 2]", "no list of objects"),
        "away": (b"", "says the other player"),
    }
    wanted, lured = [""], []

    async def elsewhere(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        lured.append(await reader.readline())
        writer.close()

    trap = await asyncio.start_server(elsewhere, "127.0.0.1", 0)
    trapped = trap.sockets[0].getsockname()[1]

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            await reader.readuntil(b"\r\n\r\n")
            body, _ = answers[wanted[0]]
            head = b"HTTP/1.1 200 OK\r\n"
            if wanted[0] == "away":
                head = b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:%d/\r\n" % trapped
            if wanted[0] != "endless":  # that one does not say how long it will be
                head += b"Content-Length: %d\r\n" % len(body)
            writer.write(head + b"Connection: close\r\n\r\n" + body)
            await writer.drain()
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    to = Endpoint(False, "127.0.0.1", server.sockets[0].getsockname()[1])
    client = Client()
    for name, (_, sentence) in answers.items():
        wanted[0] = name
        with pytest.raises(PeerError, match=sentence):
            await client.players(to, BOB.public)
    with pytest.raises(PeerError, match="says the other player"):
        await client.letters(to, BOB.public, b"")
    with pytest.raises(PeerError, match="says the other player"):
        await client.fetch(to, BOB.public, "generator/x", "0" * 64, 10, tmp_path / "part", lambda path: pytest.fail())
    assert lured == [], "T14: nobody is sent elsewhere"
    await client.close()
    for each in (server, trap):
        each.close()
        await each.wait_closed()
