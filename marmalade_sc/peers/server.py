"""What a player answers over HTTP: who is there, which generators, their archives; and signed requests."""

import asyncio
import base64
import contextlib
import ipaddress
import json
import re
import ssl
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Final, Protocol

from aiohttp import web

from marmalade_sc.errors import MarmaladeError, PeerError
from marmalade_sc.ids import GeneratorId
from marmalade_sc.peers.guard import Guards
from marmalade_sc.peers.letters import LARGEST_POST
from marmalade_sc.peers.limits import Buckets
from marmalade_sc.peers.manners import ETAG, Connection, refusal, use_manners
from marmalade_sc.peers.records import METHODS, REQUEST_BYTES
from marmalade_sc.peers.refusals import REFUSALS, refused

__all__ = ["Archive", "House", "RECORD_HEADER", "Server"]

RECORD_HEADER: Final = "Marmalade-Record"
_BODY_S: Final = 5.0
_LONGEST_LINE: Final = 1024
_LONGEST_FIELD: Final = 2048
_HEADERS: Final = 32
_HOST: Final = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[0-9.]+)(:[0-9]{1,5})?")
_HASH: Final = re.compile(r"[0-9a-f]{64}")
_PER_ADDRESS: Final = 50.0
_BURST: Final = 200.0
_STRANGERS: Final = 200.0
"""Requests a second, 800 at once, of all addresses together at which no friend is."""
_AS_JSON: Final = MappingProxyType({"Content-Type": "application/json; charset=utf-8"})
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Archive:
    """A version of a generator that may be served: its canonical tar in a file, and its author's record."""

    path: Path
    sha256: str
    record: bytes


class House(Protocol):
    """What the server tells of, and who carries out what is asked."""

    def players(self) -> Sequence[Mapping[str, object]]:
        """Players that are known, the latest seen first, with the addresses that they have published."""

    def generators(self) -> Sequence[Mapping[str, object]]:
        """Generators that can be fetched here, the newest first."""

    async def archive(self, generator: str, sha256: str) -> Archive:
        """A version of a generator; the newest where `sha256` is empty. Raises PeerError."""

    def sound(self, sha256: str) -> Path:
        """The file of a sound that the jam has by name. Raises PeerError."""

    async def join(self, data: bytes) -> Mapping[str, object]:
        """Somebody shows an invite; which jam it opens. Raises PeerError."""

    async def carry_out(self, method: str, data: bytes) -> Mapping[str, object]:
        """A signed request, still to be checked. Raises PeerError."""

    async def letters(self, data: bytes, host: str) -> bytes:
        """Datagrams that came over HTTP from an address; those that wait for their senders. Raises PeerError."""


class Server:
    """See the module. For one event loop: `start` it, `close` it.

    Args:
        now: monotonic seconds.
        wall_ms: told to those whose clock is wrong.
        say: takes what went wrong inside, for the log.
    """

    def __init__(
        self,
        house: House,
        now: Callable[[], float],
        wall_ms: Callable[[], int],
        say: Callable[[str], None],
        guards: Guards | None = None,
    ) -> None:
        self._house = house
        self._now = now
        self._wall_ms = wall_ms
        self._say = say
        self._buckets = Buckets(_PER_ADDRESS, _BURST)
        self._strangers = Buckets(_STRANGERS, 4 * _STRANGERS, most=1)
        self.guards = guards or Guards()
        self._runner: web.AppRunner | None = None
        self._listener: asyncio.Server | None = None

    async def start(self, host: str, port: int, tls: ssl.SSLContext | None) -> int:
        """Listen; the port. Raises OSError."""
        app = web.Application(middlewares=[self._around], client_max_size=REQUEST_BYTES)
        app.router.add_get("/players", self._players)
        app.router.add_get("/generators", self._generators)
        app.router.add_get("/generator/{id}", self._generator)
        app.router.add_get("/asset/{sha256}", self._asset)
        app.router.add_post("/join", self._join)
        for method in METHODS:
            app.router.add_post(f"/{method}", self._request)
        app.router.add_post("/letters", self._letters)
        use_manners(app)
        runner = web.AppRunner(app, handle_signals=False)
        await runner.setup()
        self._runner = runner
        inner = runner.server
        assert inner is not None
        self._listener = await asyncio.get_running_loop().create_server(
            lambda: self.guards.wrap(lambda: Connection(inner, _LONGEST_LINE, _LONGEST_FIELD, _HEADERS)),
            host,
            port,
            ssl=tls,
            ssl_handshake_timeout=self.guards.header_s if tls else None,
            backlog=self.guards.most,
        )
        return int(self._listener.sockets[0].getsockname()[1])

    async def close(self) -> None:
        """Stop listening and end what is open. Idempotent."""
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        if self._runner is not None:
            runner, self._runner = self._runner, None
            await runner.cleanup()

    # Around every request

    @web.middleware
    async def _around(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        transport = request.transport
        self.guards.begin(transport)
        try:
            if not self._has_time_for(request.remote or ""):
                raise refused("busy")
            if "Origin" in request.headers or not _is_number(request.headers.get("Host", "")):
                raise refused("audience", "pages in browsers have no business here")
            return await handler(request)
        except PeerError as error:
            return self._refusal(error)
        except web.HTTPException as error:
            return self._refusal(refused(_CODES.get(error.status, "malformed")))
        except MarmaladeError as error:
            self._say(f"{request.method} {request.path[:80]!r} failed: {error}")
            return self._refusal(refused("failed"))
        except (OSError, TimeoutError, asyncio.IncompleteReadError) as error:
            self._say(f"{request.method} {request.path[:80]!r} failed: {type(error).__name__}: {error}")
            return self._refusal(refused("failed"))
        finally:
            self.guards.end(transport)

    def _has_time_for(self, address: str) -> bool:
        """Friends have their own share whatever all others ask."""
        if not self._buckets.take(address, self._now()):
            return False
        return self.guards.known(address) or self._strangers.take("", self._now())

    def _refusal(self, error: PeerError) -> web.Response:
        return refusal(error, self._wall_ms())

    # Requests

    async def _players(self, request: web.Request) -> web.Response:
        return _json(list(self._house.players()))

    async def _generators(self, request: web.Request) -> web.Response:
        return _json(list(self._house.generators()))

    async def _generator(self, request: web.Request) -> web.StreamResponse:
        try:
            generator = str(GeneratorId.parse(request.match_info["id"]))
        except MarmaladeError:
            raise refused("unknown") from None
        wanted = request.query.get("sha256", "")
        if wanted and not _HASH.fullmatch(wanted):
            raise refused("malformed", "sha256 has 64 hexadecimal digits")
        found = await self._house.archive(generator, wanted)
        request[ETAG] = found.sha256
        headers = {"Content-Type": "application/x-tar", RECORD_HEADER: base64.b64encode(found.record).decode()}
        return web.FileResponse(found.path, headers=headers)

    async def _asset(self, request: web.Request) -> web.StreamResponse:
        sha256 = request.match_info["sha256"]
        if not _HASH.fullmatch(sha256):
            raise refused("malformed", "a sound has 64 hexadecimal digits")
        request[ETAG] = sha256
        return web.FileResponse(self._house.sound(sha256), headers={"Content-Type": "audio/wav"})

    async def _join(self, request: web.Request) -> web.Response:
        return _json(await self._house.join(await self._body(request)))

    async def _request(self, request: web.Request) -> web.Response:
        return _json(await self._house.carry_out(request.path.strip("/"), await self._body(request)))

    async def _body(self, request: web.Request) -> bytes:
        if request.content_length is not None and request.content_length > REQUEST_BYTES:
            raise refused("large", f"{REQUEST_BYTES} bytes are allowed")
        with _broken_off():
            async with asyncio.timeout(_BODY_S):
                return await request.read()

    async def _letters(self, request: web.Request) -> web.Response:
        if request.content_length is None or request.content_length > LARGEST_POST:
            raise refused("large", f"{LARGEST_POST} bytes are allowed")
        with _broken_off():
            async with asyncio.timeout(_BODY_S):
                data = await request.content.readexactly(request.content_length)
        answer = await self._house.letters(data, request.remote or "")
        return web.Response(body=answer, content_type="application/octet-stream")


_CODES: Final = {404: "unknown", 405: "method", 413: "large", 429: "busy", 503: "failed", 500: "failed"}


@contextlib.contextmanager
def _broken_off() -> Iterator[None]:
    """A body that does not come is the other side's fault: nothing to write down."""
    try:
        yield
    except (ConnectionError, TimeoutError, asyncio.IncompleteReadError):
        raise refused("malformed", "its body does not come") from None


@lru_cache(maxsize=64)
def _is_number(host: str) -> bool:
    """Whether a request names us by a number: a name may be a web page's that was turned to us (DNS rebinding)."""
    found = _HOST.fullmatch(host)
    try:
        return found is not None and bool(ipaddress.ip_address(found[1].strip("[]")))
    except ValueError:
        return False


def _json(value: object) -> web.Response:
    return web.Response(body=json.dumps(value, separators=(",", ":")).encode(), headers=_AS_JSON)


assert set(_CODES.values()) <= set(REFUSALS)
