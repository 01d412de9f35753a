"""The original protocol's routes, on a port of their own, with limits before work."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import web

from marmalade_sc.errors import IdError, MarmaladeError, PeerError
from marmalade_sc.ids import GeneratorId
from marmalade_sc.original.house import House
from marmalade_sc.original.wire import LARGEST_FORM, Play, endpoint_of, generators_json, players_json
from marmalade_sc.peers.guard import Guards
from marmalade_sc.peers.limits import Buckets
from marmalade_sc.peers.manners import Connection, use_manners
from marmalade_sc.peers.refusals import refused

__all__ = ["Server"]

_ASKS_S: Final = 10.0
_ASKS_BURST: Final = 40.0
_PLAYS_S: Final = 1.0
_PLAYS_BURST: Final = 10.0
_AT_ONCE: Final = 16
_BODY_S: Final = 5.0
_LONGEST_LINE: Final = 4096
_HEADERS: Final = 128

_log = logging.getLogger(__name__)


class _Routes:
    def __init__(self, house: House, binding: bytes, guards: Guards, now: Callable[[], float]) -> None:
        self._house = house
        self._binding = binding
        self._guards = guards
        self._now = now
        self._asks = Buckets(_ASKS_S, _ASKS_BURST)
        self._plays = Buckets(_PLAYS_S, _PLAYS_BURST)
        self._working = asyncio.Semaphore(_AT_ONCE)

    async def handle(self, request: web.Request) -> web.Response:
        self._guards.begin(request.transport)
        try:
            return await self._answer(request)
        except PeerError as error:
            return _refusal(error)
        except MarmaladeError as error:
            _log.warning("%s", error)
            return _refusal(refused("failed"))
        finally:
            self._guards.end(request.transport)

    async def _answer(self, request: web.Request) -> web.Response:
        remote = request.remote or ""
        if not self._asks.take(remote, self._now()):
            raise refused("busy")
        try:
            endpoint, names = endpoint_of(request.raw_path)
        except UnicodeDecodeError:
            raise refused("malformed") from None
        known: dict[tuple[str, str], Callable[[web.Request, list[str]], Awaitable[web.Response]]] = {
            ("GET", "players"): self._players,
            ("GET", "generators"): self._generators,
            ("GET", "generator"): self._generator,
            ("GET", "binding"): self._tie,
            ("POST", "play"): self._play,
        }
        found = known.get((request.method, endpoint))
        if found is None:
            raise refused("method")
        if self._working.locked():
            raise refused("full")
        async with self._working:
            return await found(request, names)

    async def _players(self, request: web.Request, names: list[str]) -> web.Response:
        return web.Response(body=players_json(await self._house.players()), content_type="application/json")

    async def _generators(self, request: web.Request, names: list[str]) -> web.Response:
        return web.Response(body=generators_json(await self._house.generators()), content_type="application/json")

    async def _generator(self, request: web.Request, names: list[str]) -> web.Response:
        try:
            generator = GeneratorId.parse(names[0] if names else "")
        except IdError:
            raise refused("unknown", "a generator is <player ID>:<name>") from None
        data = await self._house.archive(generator)
        # An original client takes text/* and JSON for text, and cannot unpack it.
        return web.Response(body=data, content_type="application/gzip")

    async def _tie(self, request: web.Request, names: list[str]) -> web.Response:
        return web.Response(body=self._binding, content_type="application/json")

    async def _play(self, request: web.Request, names: list[str]) -> web.Response:
        remote = request.remote or ""
        if not self._plays.take(remote, self._now()):
            raise refused("busy")
        if request.content_length is None:
            raise refused("malformed", "a Content-Length is missing")
        if request.content_length > LARGEST_FORM:
            raise refused("large")
        try:
            async with asyncio.timeout(_BODY_S):
                body = await request.read()
        except TimeoutError:
            raise refused("malformed", "its body does not come") from None
        except web.HTTPRequestEntityTooLarge:
            raise refused("large") from None
        play = await asyncio.to_thread(Play.read, names, body)
        await self._house.play(play, remote)
        return web.Response(text="OK", content_type="text/plain")


def _refusal(error: PeerError) -> web.Response:
    return web.json_response({"error": {"code": error.reason, "message": error.message}}, status=error.status)


class Server:
    """Listens for original players.

    Args:
        binding: the record that ties the RSA key to the player's own.
        now: monotonic seconds.
    """

    def __init__(
        self, house: House, binding: bytes, now: Callable[[], float] = time.monotonic, guards: Guards | None = None
    ) -> None:
        self.guards = guards or Guards()
        routes = _Routes(house, binding, self.guards, now)
        app = web.Application(client_max_size=LARGEST_FORM)
        app.router.add_route("*", "/{path:.*}", routes.handle)
        use_manners(app)
        self._runner = web.AppRunner(app, handle_signals=False)
        self._listener: asyncio.Server | None = None

    async def start(self, host: str, port: int) -> int:
        """Listen; the port. Raises OSError where it is taken."""
        await self._runner.setup()
        inner = self._runner.server
        assert inner is not None
        self._listener = await asyncio.get_running_loop().create_server(
            lambda: self.guards.wrap(lambda: Connection(inner, _LONGEST_LINE, _LONGEST_LINE, _HEADERS)),
            host,
            port,
            backlog=self.guards.most,
        )
        return int(self._listener.sockets[0].getsockname()[1])

    async def close(self) -> None:
        """Stop listening and end what is open. Idempotent."""
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        await self._runner.cleanup()
