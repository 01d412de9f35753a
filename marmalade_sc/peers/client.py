"""What a player asks of another over HTTP. Nothing is followed elsewhere, and nothing is read without a bound."""

import asyncio
import errno
import hashlib
import json
import os
import ssl
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

import aiohttp

from marmalade_sc.errors import PeerError
from marmalade_sc.identity.keys import PublicKey
from marmalade_sc.identity.sealing import client_context
from marmalade_sc.peers.letters import LARGEST_POST
from marmalade_sc.peers.reach import Endpoint
from marmalade_sc.peers.records import Record, Signed
from marmalade_sc.peers.refusals import REFUSALS, refused
from marmalade_sc.peers.requests import Asker

__all__ = ["Client", "bounded"]

_ANSWER: Final = 1 << 20
_DEPTH: Final = 16
_BLOCK: Final = 256 << 10
_QUICK: Final = aiohttp.ClientTimeout(total=10, sock_connect=5)
_LONG: Final = aiohttp.ClientTimeout(total=300, sock_connect=5, sock_read=10)
_IDLE_S: Final = 4.0
"""A connection that was idle for longer is not used again: the other side ends those that are idle for 5 s."""
_PINS: Final = 512
_OURS: Final = frozenset(
    {errno.EMFILE, errno.ENFILE, errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EIO}
)
"""Errors that are not the other player's: there is no room here, or nothing may be written."""
_BYTES: Final[Mapping[str, str]] = MappingProxyType({"Content-Type": "application/octet-stream"})


class Client:
    """See the module. For one event loop; `close` it."""

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None
        self._pins: dict[PublicKey, ssl.SSLContext] = {}

    async def close(self) -> None:
        """End all connections. Idempotent."""
        if self._session is not None:
            session, self._session = self._session, None
            await session.close()

    async def ask(
        self, to: Endpoint, key: PublicKey, method: str, asker: Asker, record: Signed[Record]
    ) -> dict[str, object]:
        """Hand a record over with a signed request; what the player says to it.

        Signed again, once, where the other player's clock differs from ours, or where it has ended the connection,
        which it may do whenever that is idle. Nothing is done twice: what is asked for has a name.

        Raises:
            PeerError: it refuses, does not answer, or is not who it should be.
        """
        for attempt in range(2):
            try:
                found = await self._json("POST", to, key, f"/{method}", asker.make(method, key, record))
                if not isinstance(found, dict):
                    raise refused("malformed", "the answer is no object")
                return found
            except PeerError as error:
                if attempt or not (error.now_ms or _has_broken(error.__cause__)):
                    raise
                if error.now_ms:
                    asker.learn_clock(key, error.now_ms)
        raise AssertionError

    async def players(self, to: Endpoint, key: PublicKey) -> list[dict[str, object]]:
        """The players that a player knows. Raises PeerError."""
        return _rows(await self._json("GET", to, key, "/players"))

    async def generators(self, to: Endpoint, key: PublicKey) -> list[dict[str, object]]:
        """The generators that a player offers. Raises PeerError."""
        return _rows(await self._json("GET", to, key, "/generators"))

    async def join(self, to: Endpoint, key: PublicKey, knock: bytes) -> tuple[bytes, bytes]:
        """Show a pass to its giver: the jam's id, and the private half of its key where that goes with it.

        Raises:
            PeerError: it opens nothing, or its giver does not answer.
        """
        found = await self._json("POST", to, key, "/join", knock)
        try:
            assert isinstance(found, dict)
            number, seed = bytes.fromhex(str(found["id"])), bytes.fromhex(str(found["seed"]))
            if len(number) != 16 or len(seed) not in (0, 32):
                raise ValueError
        except (AssertionError, ValueError, KeyError):
            raise refused("malformed", "the answer opens no jam") from None
        return number, seed

    async def letters(self, to: Endpoint, key: PublicKey, data: bytes) -> bytes:
        """Hand letters over; those that were waiting there. Raises PeerError."""
        try:
            async with self._opened().post(
                f"{to.url}/letters",
                data=data,
                ssl=self._tls(to, key),
                timeout=_QUICK,
                allow_redirects=False,
                headers=_BYTES,
            ) as answer:
                if answer.status != 200:
                    raise await _refusal(answer)
                return await bounded(answer, LARGEST_POST)
        except (aiohttp.ClientError, TimeoutError, OSError, ssl.SSLError) as error:
            raise _unreachable(error) from None

    async def fetch(
        self,
        to: Endpoint,
        key: PublicKey,
        what: str,
        sha256: str,
        size: int,
        part: Path,
        keep: Callable[[Path], None],
    ) -> int:
        """Get a version of a generator, or a sound; go on where an earlier try was cut. The bytes that came now.

        Args:
            what: the path of the request.
            part: where it grows; it stays there when the connection breaks, and for nothing else.
            size: of the whole, as its author has signed; not a byte more is read.
            keep: takes the file once its hash is right.

        Raises:
            PeerError: it cannot be had from there, or what came is not it.
        """
        url = f"{to.url}/{what}"
        came = 0
        try:
            digest, begin = await asyncio.to_thread(_hashed, part, size)
            headers = {"Range": f"bytes={begin}-"} if begin else {}
            async with self._opened().get(
                url, ssl=self._tls(to, key), headers=headers, timeout=_LONG, allow_redirects=False
            ) as answer:
                if answer.status not in (200, 206):
                    raise await _refusal(answer)
                if answer.status == 200 and begin:
                    digest, begin = hashlib.sha256(), 0
                with part.open("r+b" if begin else "wb") as file:
                    file.seek(begin)
                    async for block in answer.content.iter_chunked(_BLOCK):
                        came += len(block)
                        if begin + came > size:
                            raise refused("large", "it sends more than its author has signed")
                        digest.update(block)
                        file.write(block)
                    file.flush()
                    os.fsync(file.fileno())
        except (aiohttp.ClientError, TimeoutError, OSError, ssl.SSLError) as error:
            raise _unreachable(error) from None
        except PeerError:
            part.unlink(missing_ok=True)
            raise
        if begin + came < size:
            raise refused("failed", "the connection broke")
        if digest.hexdigest() != sha256:
            part.unlink(missing_ok=True)
            raise refused("conflict", "what came is not what its author has signed")
        await asyncio.to_thread(keep, part)
        return came

    # Inside

    async def _json(self, verb: str, to: Endpoint, key: PublicKey, path: str, data: bytes | None = None) -> object:
        try:
            async with self._opened().request(
                verb,
                f"{to.url}{path}",
                data=data,
                ssl=self._tls(to, key),
                timeout=_QUICK,
                allow_redirects=False,
                headers=_BYTES if data is not None else None,
            ) as answer:
                if answer.status != 200:
                    raise await _refusal(answer)
                return _parsed(await bounded(answer, _ANSWER))
        except (aiohttp.ClientError, TimeoutError, OSError, ssl.SSLError) as error:
            raise _unreachable(error) from error

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            connector = aiohttp.TCPConnector(limit=64, limit_per_host=4, use_dns_cache=False, keepalive_timeout=_IDLE_S)
            self._session = aiohttp.ClientSession(
                connector=connector,
                trust_env=False,
                cookie_jar=aiohttp.DummyCookieJar(),
                max_line_size=4096,
                max_field_size=4096,
                auto_decompress=False,
            )
        return self._session

    def _tls(self, to: Endpoint, key: PublicKey) -> ssl.SSLContext | bool:
        if not to.is_tls:
            return False
        if key not in self._pins:
            if len(self._pins) >= _PINS:
                self._pins.clear()
            self._pins[key] = client_context(key)
        return self._pins[key]


def _hashed(part: Path, size: int) -> tuple["hashlib._Hash", int]:
    """What of a file is there already, as a hash that goes on, and its length."""
    digest, length = hashlib.sha256(), 0
    try:
        if part.stat().st_size > size:
            part.unlink()
        with part.open("rb") as file:
            while block := file.read(_BLOCK):
                digest.update(block)
                length += len(block)
    except FileNotFoundError:
        pass
    return digest, length


async def bounded(answer: aiohttp.ClientResponse, most: int) -> bytes:
    """The body of an answer, of at most so many bytes. Raises PeerError where it has more."""
    if (answer.content_length or 0) > most:
        raise refused("large", "the answer is too long")
    found = bytearray()
    async for block in answer.content.iter_chunked(64 << 10):
        found += block
        if len(found) > most:
            raise refused("large", "the answer is too long")
    return bytes(found)


def _parsed(data: bytes) -> object:
    """JSON of at most 16 levels: a parser that calls itself would end at a thousand of them."""
    depth = deepest = 0
    in_text = is_escaped = False
    for each in data:
        if in_text:
            in_text = is_escaped or each != 0x22
            is_escaped = each == 0x5C and not is_escaped
        elif each == 0x22:
            in_text = True
        elif each in b"[{":
            depth += 1
            deepest = max(deepest, depth)
        elif each in b"]}":
            depth -= 1
    if deepest > _DEPTH:
        raise refused("malformed", "the answer is nested too deeply")
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        raise refused("malformed", "the answer is not JSON") from None


def _rows(found: object) -> list[dict[str, object]]:
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise refused("malformed", "the answer is no list of objects")
    return found


async def _refusal(answer: aiohttp.ClientResponse) -> PeerError:
    """The error that an answer tells of, as one of the table: its words are a stranger's and are not shown."""
    now = 0
    code = next((name for name, (status, _) in REFUSALS.items() if status == answer.status), "failed")
    try:
        found = _parsed(await bounded(answer, _ANSWER))
        if isinstance(found, dict):
            error = found.get("error")
            if isinstance(error, dict) and error.get("code") in REFUSALS:
                code = str(error["code"])
            if isinstance(found.get("now"), int) and 0 < found["now"] < 1 << 48:
                now = found["now"]
    except PeerError:
        pass
    return refused(code, "says the other player", now_ms=now)


def _has_broken(cause: BaseException | None) -> bool:
    """Whether a connection ended that had been made, before an answer was there."""
    is_made = not isinstance(cause, aiohttp.ClientConnectorError)
    return is_made and isinstance(cause, aiohttp.ServerDisconnectedError | aiohttp.ClientOSError)


def _unreachable(error: BaseException) -> PeerError:
    if isinstance(error, aiohttp.ClientSSLError | ssl.SSLError):
        return refused("signature", "whoever answers there does not have its key")
    if isinstance(error, OSError) and error.errno in _OURS:
        return refused("failed", f"this computer says: {os.strerror(error.errno or 0).lower()}")
    return refused("failed", "it does not answer")
