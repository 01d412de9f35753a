"""An original player at the door: over a real socket it lists, fetches and plays what it may, and nothing more.

Each weakness of the original that a request can reach has a test here that it did not come with the protocol.
"""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from marmalade_sc.blobs.store import Blobs
from marmalade_sc.errors import IdentityError, PeerError
from marmalade_sc.generators.archive import File, Tree, pack
from marmalade_sc.generators.shelf import Shelf
from marmalade_sc.generators.trust import BLOCK, FULL, SANDBOX, Trust, Trusted
from marmalade_sc.identity.keys import Identity
from marmalade_sc.identity.rsa import RsaIdentity
from marmalade_sc.ids import GeneratorId
from marmalade_sc.original.binding import bind, read_binding
from marmalade_sc.original.book import Book
from marmalade_sc.original.client import Client
from marmalade_sc.original.house import House
from marmalade_sc.original.server import Server
from marmalade_sc.original.wire import Address, Play
from marmalade_sc.peers.guard import Guards
from tests.original.test_wire import OWN

THEM = RsaIdentity.draw()
TREE = Tree.of({"play": File(b"#!/bin/sh\necho hello\n", True)})


@dataclass
class Door:
    """Our player's door, and the author's on the other side."""

    house: House
    own: Identity
    client: Client
    theirs: "Author"
    ran: list[tuple[str, str, str]] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    jam: str = "j1"

    def play(self, **changed: object) -> Play:
        fields: dict[str, object] = {
            "jam": "j1",
            "generator": "drums",
            "instance": "1",
            "address": self.theirs.address,
            "key": THEM.public,
        }
        return Play(**{**fields, **changed})  # type: ignore[arg-type]

    def trust(self, level: str = SANDBOX) -> None:
        self.house.shelf.trust.keep(THEM.public.player, Trusted(level=level))

    async def refused(self, play: Play, own: RsaIdentity = THEM) -> str:
        """Why a play is refused, in the words that go out."""
        with pytest.raises(PeerError) as raised:
            await self.client.play(play, own)
        return raised.value.message


@dataclass
class Author:
    """An original player that serves one archive, or what a test makes of it."""

    address: Address
    answer: Callable[[web.Request], Awaitable[web.StreamResponse]]
    asked: list[str] = field(default_factory=list)


@contextlib.asynccontextmanager
async def served(app: web.Application) -> AsyncIterator[int]:
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield site._server.sockets[0].getsockname()[1]  # type: ignore[union-attr]
    finally:
        await runner.cleanup()


@contextlib.asynccontextmanager
async def door(folder: Path) -> AsyncIterator[Door]:
    own = Identity.draw()
    shelf = Shelf(folder / "generators", Blobs(folder / "blobs"), Trust(folder / "players", own.public))
    author = Author(Address("127.0.0.1", 1), _gives(pack(TREE)))

    async def answered(request: web.Request) -> web.StreamResponse:
        author.asked.append(request.raw_path)
        return await author.answer(request)

    theirs = web.Application()
    theirs.router.add_route("*", "/{path:.*}", answered)
    made: list[Door] = []

    async def run(generator: GeneratorId, sha256: str, instance: str) -> bool:
        row = (str(generator), sha256, instance)
        if row in made[0].ran:
            return False
        made[0].ran.append(row)
        return True

    house = House(
        OWN,
        Address("127.0.0.1", 2468),
        Book.open(folder / "original.json"),
        shelf,
        lambda: made[0].jam,
        run,
        lambda: 1_800_000_000.0,
        lambda text: made[0].said.append(text),
    )
    server = Server(house, bind(own, OWN), guards=Guards(header_s=1.0))
    here = await server.start("127.0.0.1", 0)
    try:
        async with served(theirs) as there, Client(Address("127.0.0.1", here)) as client:
            author.address = Address("127.0.0.1", there)
            made.append(Door(house, own, client, author))
            yield made[0]
    finally:
        await server.close()


def _gives(data: bytes) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(body=data, content_type="application/octet-stream")

    return answer


def run(folder: Path, test: Callable[[Door], Awaitable[None]]) -> None:
    async def whole() -> None:
        async with door(folder) as made:
            await test(made)

    asyncio.run(whole())


def test_a_trusted_player_s_generator_is_fetched_checked_and_run_once(tmp_path: Path) -> None:
    async def test(made: Door) -> None:
        made.trust()
        await made.client.play(made.play(), THEM)
        assert made.ran == [(f"{THEM.public.player}:drums", TREE.sha256, "1")]
        assert made.theirs.asked == [f"/generator/{THEM.public.player}:drums"]
        assert "already been run" in await made.refused(made.play())
        await made.client.play(made.play(instance="2"), THEM)
        assert len(made.theirs.asked) == 1, "the first version of a name is the one"
        listed = await made.client.generators()
        assert [str(each.id) for each in listed] == [f"{THEM.public.player}:drums"]
        assert [each.key for each in await made.client.players()] == [OWN.public, THEM.public]
        again = Book.open(tmp_path / "original.json")
        assert again.players == made.house.book.players and again.generators == made.house.book.generators

    run(tmp_path, test)


def test_what_is_ours_is_listed_and_given_under_our_rsa_name(tmp_path: Path) -> None:
    async def test(made: Door) -> None:
        made.house.shelf.add(TREE, made.own, "mine")
        (listed,) = await made.client.generators()
        assert str(listed.id) == f"{OWN.public.player}:mine"
        from marmalade_sc.generators.archive import read_archive

        assert read_archive(await made.client.archive(listed.id)).sha256 == TREE.sha256
        with pytest.raises(PeerError, match="404"):
            await made.client.archive(GeneratorId(made.own.player, "mine"))

    run(tmp_path, test)


def test_nobody_s_code_runs_and_nothing_is_fetched_or_kept_before_it_is_trusted(tmp_path: Path) -> None:
    async def test(made: Door) -> None:
        assert "untrusted" in await made.refused(made.play())
        assert "untrusted" in await made.refused(made.play())
        assert len(made.said) == 1 and f"generator trust {THEM.public.player} sandbox" in made.said[0]
        made.trust(FULL)
        assert "sandbox at most" in await made.refused(made.play())
        made.trust(BLOCK)
        assert "blocked" in await made.refused(made.play())
        assert not made.theirs.asked and not made.ran and not made.house.book.players

    run(tmp_path, test)


def test_no_jam_is_no_jam_called_nil(tmp_path: Path) -> None:
    async def test(made: Door) -> None:
        made.trust()
        assert "jam" in await made.refused(made.play(jam="j2"))
        made.jam = ""
        assert "jam" in await made.refused(made.play(jam="NIL"))
        assert not made.theirs.asked and not made.house.book.players

    run(tmp_path, test)


def test_a_refused_or_replayed_request_changes_nobody_s_address(tmp_path: Path) -> None:
    async def test(made: Door) -> None:
        made.trust()
        await made.client.play(made.play(), THEM)
        before = dict(made.house.book.players)
        assert "already been run" in await made.refused(made.play())
        assert "untrusted" in await made.refused(made.play(instance="9"), OWN)
        assert made.house.book.players == before

    run(tmp_path, test)


def test_nothing_is_fetched_from_where_a_stranger_points(tmp_path: Path) -> None:
    """The address of a request is signed by a stranger; only where the request itself came from is asked."""

    async def test(made: Door) -> None:
        made.trust()
        for host in ("127.0.0.2", "10.0.0.1", "no-such-host.invalid"):
            assert "audience" in await made.refused(made.play(address=Address(host, made.theirs.address.port)))
        assert not made.theirs.asked

        async def elsewhere(request: web.Request) -> web.StreamResponse:
            raise web.HTTPFound("http://127.0.0.1:1/generator/x")

        made.theirs.answer = elsewhere
        said = await made.refused(made.play())
        assert "cannot be fetched" in said and "302" not in said, "what the other end said is nobody's business"
        assert len(made.theirs.asked) == 1, "a redirect is not followed"

    run(tmp_path, test)


@pytest.mark.parametrize(
    "data", [b"", b"no archive", b"\x1f\x8b" + b"\0" * 100, pack(Tree.of({"notes.txt": File(b"nothing runs")}))]
)
def test_an_archive_that_is_none_is_neither_kept_nor_run(tmp_path: Path, data: bytes) -> None:
    async def test(made: Door) -> None:
        made.trust()
        made.theirs.answer = _gives(data)
        assert "malformed" in await made.refused(made.play())
        assert not made.ran and not list((tmp_path / "generators").glob("*"))
        made.theirs.answer = _gives(pack(TREE))
        await made.client.play(made.play(), THEM)

    run(tmp_path, test)


def test_an_archive_without_end_is_cut(tmp_path: Path) -> None:
    async def test(made: Door) -> None:
        made.trust()

        async def endless(request: web.Request) -> web.StreamResponse:
            response = web.StreamResponse()
            await response.prepare(request)
            with contextlib.suppress(ConnectionError):
                while True:
                    await response.write(b"x" * 65536)
            return response

        made.theirs.answer = endless
        assert "large" in await made.refused(made.play())
        assert not made.ran

    run(tmp_path, test)


def test_a_name_that_another_has_here_is_not_taken_over(tmp_path: Path) -> None:
    async def test(made: Door) -> None:
        made.trust()
        (tmp_path / "generators").mkdir()
        (tmp_path / "generators" / f"{THEM.public.player}:drums.tgz").write_bytes(b"another's")
        assert "conflict" in await made.refused(made.play())
        assert (tmp_path / "generators" / f"{THEM.public.player}:drums.tgz").read_bytes() == b"another's"

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
