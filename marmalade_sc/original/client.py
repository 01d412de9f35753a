"""Asks original players: their lists, their archives, a play of ours. Only the address that was given is asked."""

import contextlib
import json
from collections.abc import Mapping
from types import TracebackType
from typing import Final

import aiohttp

from marmalade_sc.errors import PeerError
from marmalade_sc.identity.rsa import RsaIdentity
from marmalade_sc.ids import GeneratorId
from marmalade_sc.original.wire import Address, Known, Listed, Play, play_path, read_generators, read_players
from marmalade_sc.peers.client import bounded

__all__ = ["LARGEST_ARCHIVE", "Client"]

LARGEST_ARCHIVE: Final = 10 << 20
_LARGEST_LIST: Final = 4 << 20
_LARGEST_ANSWER: Final = 16 << 10
_TOTAL_S: Final = 20.0
_CONNECT_S: Final = 3.0
_PLAY_S: Final = 30.0
"""A play is answered when the archive has been fetched, from us."""


class Client:
    """One original player, spoken to for a while; close it (`async with`)."""

    def __init__(self, address: Address) -> None:
        self.address = address
        timeout = aiohttp.ClientTimeout(total=_TOTAL_S, connect=_CONNECT_S)
        # Each request has a connection of its own: an original server never closes one, whatever it is told.
        self._session = aiohttp.ClientSession(
            timeout=timeout, connector=aiohttp.TCPConnector(force_close=True), auto_decompress=False, trust_env=False
        )

    async def __aenter__(self) -> "Client":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self._session.close()

    async def players(self) -> list[Known]:
        """Whom it knows, itself among them. Raises PeerError."""
        return read_players(await self._get("/players", _LARGEST_LIST))

    async def generators(self) -> list[Listed]:
        """What it has. Raises PeerError."""
        return read_generators(await self._get("/generators", _LARGEST_LIST))

    async def archive(self, generator: GeneratorId) -> bytes:
        """The archive of a generator, as it comes: check it before use. Raises PeerError."""
        try:
            return await self._get(f"/generator/{generator}", LARGEST_ARCHIVE)
        except PeerError as error:
            if "+" not in str(generator):
                raise
            # An original server reads it as a space, however it is written.
            words = f"{error.message}; an original player cannot give away what comes from one with a + in its name"
            raise PeerError(words, reason=error.reason, status=error.status) from error

    async def binding(self) -> bytes:
        """The record of its two keys, where it is no original player but one of ours: see `read_binding`."""
        return await self._get("/binding", _LARGEST_ANSWER)

    async def play(self, play: Play, own: RsaIdentity) -> None:
        """Ask it to run a generator of ours, which it fetches from `play.address` if it has none.

        Raises:
            PeerError: it does not, in its own words.
        """
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        await self._ask("POST", play_path(play, self.address.prefix), _LARGEST_ANSWER, play.form(own), headers, _PLAY_S)

    async def _get(self, path: str, most: int) -> bytes:
        return await self._ask("GET", path, most, None, {}, _TOTAL_S)

    async def _ask(
        self, method: str, path: str, most: int, body: bytes | None, headers: Mapping[str, str], total_s: float
    ) -> bytes:
        timeout = aiohttp.ClientTimeout(total=total_s, connect=_CONNECT_S)
        try:
            async with self._session.request(
                method, f"{self.address}{path}", data=body, headers=headers, allow_redirects=False, timeout=timeout
            ) as answer:
                data = await bounded(answer, most if answer.status == 200 else _LARGEST_ANSWER)
                if answer.status != 200:
                    raise PeerError(
                        f"{self.address} refuses ({answer.status}): {_words(data)}", reason="failed", status=503
                    )
                return data
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise PeerError(f"{self.address} cannot be asked: {_why(error)}") from error


def _why(error: Exception) -> str:
    """In words, without the bytes that came: they are a stranger's, and may be a page long."""
    if isinstance(error, aiohttp.ClientConnectorError):
        return "it does not answer"
    if isinstance(error, TimeoutError):
        return "it does not answer in time"
    if isinstance(error, aiohttp.ClientResponseError):
        # It counts characters, not bytes: a key's comment that is not ASCII makes an answer longer than it says.
        return "its answer is not HTTP, or longer than it says: some name in it may not be ASCII"
    return str(error) if isinstance(error, OSError) else type(error).__name__


def _words(data: bytes) -> str:
    """What an original server says in its page, without its marks; or one of ours in JSON."""
    text = data.decode("latin-1")
    with contextlib.suppress(ValueError, KeyError, TypeError, RecursionError):
        error = json.loads(data)["error"]
        text = f"{error['code']}: {error['message']}"
    begin, end = text.rfind("<p>"), text.rfind("</p>")
    text = text[begin + 3 : end] if 0 <= begin < end else text
    return "".join(c if c.isprintable() else " " for c in text.replace("&quot;", '"'))[:200]
