"""The original's routes over real sockets: what its players ask, and what is asked to do harm."""

import asyncio
import contextlib
import json
from pathlib import Path

import aiohttp
import pytest

from marmalade_sc.errors import IdentityError
from marmalade_sc.generators.archive import pack, read_archive
from marmalade_sc.generators.trust import SANDBOX, Trusted
from marmalade_sc.identity.keys import Identity
from marmalade_sc.ids import PlayerId
from marmalade_sc.original.binding import bind, read_binding
from tests.original.doors import OWN, THEM, TREE, Door, run
from tests.original.lisp import Lisp, ask


def test_a_player_of_the_original_lists_fetches_and_asks_to_play(tmp_path: Path) -> None:
    """From a program that has nothing of ours: plain sockets, and the original's faults."""

    async def test(made: Door) -> None:
        made.house.shelf.add(TREE, made.own, "mine")
        here = str(made.client.address)
        with Lisp() as lisp:
            lisp.generators[lisp.name, "loop"] = pack(TREE)
            made.house.shelf.trust.keep(PlayerId.parse(lisp.name), Trusted(level=SANDBOX))
            for instance, address in (("1", lisp.address), ("2", f"{lisp.address}/")):
                answer = await asyncio.to_thread(lisp.ask_to_play, here, "loop", instance, address)
                assert (answer.status, answer.body) == (200, b"OK") and answer.headers["content-length"] == "2"
            assert [row[0] for row in made.ran] == [f"{lisp.name}:loop"] * 2
            assert [line for line in lisp.lines if line.startswith("GET")] == [
                f"GET /generator/{lisp.name}:loop HTTP/1.1"
            ]
            for path in ("/generators", "//Generators/?x=1"):
                listed = json.loads((await asyncio.to_thread(ask, here, "GET", path)).body)
                assert [row["name"] for row in listed] == ["loop", "mine"], "the newest first"
            for path in (f"/generator/{OWN.public.player}:mine", f"//generator/{OWN.public.player}%3Amine"):
                given = await asyncio.to_thread(ask, here, "GET", path)
                assert given.headers["content-type"] == "application/gzip", "else it takes it for text"
                assert read_archive(given.body).sha256 == TREE.sha256
            refused = await asyncio.to_thread(lisp.ask_to_play, here, "loop", "1")
            assert refused.status == 409 and b"already been run" in refused.body
            players = json.loads((await asyncio.to_thread(ask, here, "GET", "/players")).body)
            assert [row["id"] for row in players] == [str(OWN.public.player), lisp.name]
            assert players[1]["address"] == lisp.address and players[1]["public-key"] == lisp.line.rpartition(" ")[0]

    run(tmp_path, test)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 404),
        ("GET", "/stats", 404),
        ("POST", "/players", 404),
        ("GET", "/generator/..%2f..%2fplayer.key", 400),
        ("GET", "/generator/..", 404),
        ("GET", "/generator/*", 404),
        ("GET", "/generator/~", 404),
        ("GET", "/generator/%ff", 400),
        ("POST", "/play/j1/q'; touch PWNED; '/1", 400),
        ("POST", "/play/j1/..:..:..", 400),
        ("POST", "/play", 400),
        ("GET", "/PLAYERS/", 200),
    ],
)
def test_routes_and_names_that_are_none(tmp_path: Path, method: str, path: str, status: int) -> None:
    async def test(made: Door) -> None:
        async with aiohttp.ClientSession() as session:
            url = f"{made.client.address}{path}"
            async with session.request(method, url.replace(" ", "%20"), data=b"x=1") as answer:
                assert answer.status == status
                if status != 200:
                    said = json.loads(await answer.read())
                    assert set(said["error"]) == {"code", "message"} and str(tmp_path) not in said["error"]["message"]

    run(tmp_path, test)


def test_a_body_that_is_announced_large_is_refused_before_it_is_read(tmp_path: Path) -> None:
    async def test(made: Door) -> None:
        reader, writer = await asyncio.open_connection(made.client.address.host, made.client.address.port)
        writer.write(b"POST /play/j1/drums/1 HTTP/1.1\r\nHost: x\r\nContent-Length: 4000000000\r\n\r\n")
        assert b"413" in await asyncio.wait_for(reader.readline(), 20)
        writer.close()

    run(tmp_path, test)


def test_who_asks_too_often_is_told_so_and_others_are_not(tmp_path: Path) -> None:
    async def test(made: Door) -> None:
        async with aiohttp.ClientSession() as session:
            statuses = []
            for _ in range(80):
                async with session.get(f"{made.client.address}/players") as answer:
                    statuses.append(answer.status)
        assert 429 in statuses and statuses[0] == 200

    run(tmp_path, test)


def test_a_header_that_does_not_end_is_not_waited_for(tmp_path: Path) -> None:
    async def test(made: Door) -> None:
        reader, writer = await asyncio.open_connection(made.client.address.host, made.client.address.port)
        writer.write(b"GET /players HTTP/1.1\r\nHost: x\r\nX-Slow: ")
        with contextlib.suppress(ConnectionError):
            assert await asyncio.wait_for(reader.read(), 20) == b""
        writer.close()
        assert await made.client.players()

    run(tmp_path, test)


def test_the_two_keys_of_a_player_have_signed_each_other(tmp_path: Path) -> None:
    async def test(made: Door) -> None:
        async with aiohttp.ClientSession() as session, session.get(f"{made.client.address}/binding") as answer:
            data = await answer.read()
        assert read_binding(data) == (made.own.public, OWN.public)
        other = json.loads(bind(Identity.draw(), THEM))
        for name in ("player", "original", "signature", "countersignature"):
            forged = json.dumps({**json.loads(data), name: other[name]}).encode()
            with pytest.raises(IdentityError):
                read_binding(forged)
        for text in (b"", b"[]", b"{}", b"[" * 99_999):
            with pytest.raises(IdentityError):
                read_binding(text)

    run(tmp_path, test)
