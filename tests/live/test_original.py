"""An original player asks a real player, over real sockets, to run a generator in a real sandbox."""

import asyncio
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiohttp import web

from marmalade_sc.errors import PeerError
from marmalade_sc.generators.archive import File, Tree, pack
from marmalade_sc.generators.trust import SANDBOX, Trusted
from marmalade_sc.identity.rsa import RsaIdentity
from marmalade_sc.original.client import Client
from marmalade_sc.original.wire import Address, Play
from marmalade_sc.player import running
from marmalade_sc.player.control import request
from marmalade_sc.player.shelves import shelf_of
from marmalade_sc.settings.load import load
from marmalade_sc.settings.places import Places
from tests.player.deadline import eventually

pytestmark = pytest.mark.live

THEM = RsaIdentity.draw()
TREE = Tree.of({"play": File(b"#!/bin/sh\necho hello from afar\nsleep 600\n", True)})


@pytest.fixture
def player(tmp_path: Path) -> Iterator[tuple[Places, Address]]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    places = Places.find(tmp_path / "p", {"TMPDIR": str(tmp_path)})
    running.start(places, {"audio.driver": "dummy", "audio.period": "1024", "original.port": str(port)}, "friday")
    yield places, Address("127.0.0.1", port)
    running.stop(places)


def test_a_generator_of_an_original_player_plays_here_once_it_is_trusted(player: tuple[Places, Address]) -> None:
    places, address = player

    async def archive(asked: web.Request) -> web.Response:
        return web.Response(body=pack(TREE), content_type="application/octet-stream")

    async def ask() -> None:
        app = web.Application()
        app.router.add_get("/generator/{id}", archive)
        server = web.AppRunner(app)
        await server.setup()
        site = web.TCPSite(server, "127.0.0.1", 0)
        await site.start()
        there = Address("127.0.0.1", site._server.sockets[0].getsockname()[1])  # type: ignore[union-attr]
        wanted = Play("friday", "hello", "one", there, THEM.public)
        try:
            async with Client(address) as client:
                with pytest.raises(PeerError, match="untrusted"):
                    await client.play(wanted, THEM)
                shelf_of(places, load(places.config)).trust.keep(THEM.public.player, Trusted(level=SANDBOX))
                await client.play(wanted, THEM)
                with pytest.raises(PeerError, match="replay"):
                    await client.play(wanted, THEM)
                assert [str(each.id) for each in await client.generators()] == [f"{THEM.public.player}:hello"]
        finally:
            await server.cleanup()

    asyncio.run(ask())
    path = f"{THEM.public.player}:hello:one"

    def lines() -> str:
        return str(request(places.control_socket, "instance", name=path).get("lines"))

    eventually(lambda: "hello from afar" in lines(), 30.0)
    (row,) = request(places.control_socket, "instances")["instances"]
    assert row["requester"] == f"original {THEM.public.player}" and row["sha256"] == TREE.sha256
