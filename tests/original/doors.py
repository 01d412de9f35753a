"""Our door for original players, opened for a test over a real socket; and an author behind it on another."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiohttp import web

from marmalade_sc.blobs.store import Blobs
from marmalade_sc.errors import GeneratorError, PeerError
from marmalade_sc.generators.archive import File, Tree, pack
from marmalade_sc.generators.shelf import Shelf
from marmalade_sc.generators.trust import SANDBOX, Trust, Trusted
from marmalade_sc.identity.keys import Identity
from marmalade_sc.identity.rsa import RsaIdentity
from marmalade_sc.ids import GeneratorId
from marmalade_sc.original.binding import bind
from marmalade_sc.original.book import Book
from marmalade_sc.original.client import Client
from marmalade_sc.original.house import House
from marmalade_sc.original.server import Server
from marmalade_sc.original.wire import Address, Play
from marmalade_sc.peers.guard import Guards
from tests.original.test_wire import OWN, play

__all__ = ["OWN", "THEM", "TREE", "Door", "gives", "run"]

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
    fault: str = ""
    """Why nothing runs."""

    def play(self, **changed: object) -> Play:
        return play(**{"address": self.theirs.address, "key": THEM.public, **changed})

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
    author = Author(Address("127.0.0.1", 1), gives(pack(TREE)))

    async def answered(request: web.Request) -> web.StreamResponse:
        author.asked.append(request.raw_path)
        return await author.answer(request)

    theirs = web.Application()
    theirs.router.add_route("*", "/{path:.*}", answered)
    made: list[Door] = []

    async def run(generator: GeneratorId, sha256: str, instance: str) -> bool:
        if made[0].fault:
            raise GeneratorError(made[0].fault)
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


def gives(data: bytes) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(body=data, content_type="application/octet-stream")

    return answer


def run(folder: Path, test: Callable[[Door], Awaitable[None]]) -> None:
    async def whole() -> None:
        async with door(folder) as made:
            await test(made)

    asyncio.run(whole())
