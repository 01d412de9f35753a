"""What we do when an original player asks: give lists and archives, and play what is trusted, once."""

import asyncio
import ipaddress
import os
import socket
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Final
from weakref import WeakValueDictionary

from marmalade_sc.errors import ArchiveError, GeneratorError, IdentityError, MarmaladeError, PeerError
from marmalade_sc.generators.archive import pack, read_archive
from marmalade_sc.generators.shelf import Shelf, manifest_of
from marmalade_sc.generators.trust import ASK, BLOCK, FULL
from marmalade_sc.identity.rsa import RsaIdentity
from marmalade_sc.ids import GeneratorId, PlayerId
from marmalade_sc.original.book import Book
from marmalade_sc.original.client import Client
from marmalade_sc.original.wire import Address, Known, Listed, Play
from marmalade_sc.peers.refusals import refused

__all__ = ["House", "Run"]

Run = Callable[[GeneratorId, str, str], Awaitable[bool]]
"""Runs a generator: its id, its hash, the instance's id; False where that instance has been run before."""

_MOST_WAITING: Final = 32
_WAITS_S: Final = 600.0
_RESOLVE_S: Final = 2.0


@dataclass(frozen=True, slots=True)
class _Asked:
    play: Play
    at_s: float


class House:
    """See the module. For one event loop.

    Args:
        own: the RSA key that original players know us by.
        address: where they reach us.
        jam: the name of the jam that is played now; "" while none is.
        now_s: seconds since 1970.
        say: takes sentences for the people at the shells.
    """

    def __init__(
        self,
        own: RsaIdentity,
        address: Address,
        book: Book,
        shelf: Shelf,
        jam: Callable[[], str],
        run: Run,
        now_s: Callable[[], float],
        say: Callable[[str], None],
    ) -> None:
        self.own = own
        self.address = address
        self.book = book
        self.shelf = shelf
        self._jam = jam
        self._run = run
        self._now_s = now_s
        self._say = say
        self._waiting: OrderedDict[PlayerId, _Asked] = OrderedDict()
        self._fetching: WeakValueDictionary[GeneratorId, asyncio.Lock] = WeakValueDictionary()
        """One at a time fetches a generator; a lock is gone when nobody holds or awaits it."""

    async def players(self) -> list[Known]:
        """Those seen last first; ourselves among them."""
        return [Known(self.own.public, str(self.address), int(self._now_s())), *self.book.newest()]

    async def generators(self) -> list[Listed]:
        """Our own under our RSA key's name, and what came from original players; the newest first."""
        listed = []
        for each in await asyncio.to_thread(self.shelf.all):
            if each.problem:
                continue
            if self.shelf.trust.own.is_named(each.id.player):
                listed.append(Listed(GeneratorId(self.own.public.player, each.id.name), each.sha256))
            elif each.id in self.book.generators:
                listed.append(Listed(each.id, each.sha256))
        return listed

    async def archive(self, generator: GeneratorId) -> bytes:
        """The archive of a listed generator. Raises PeerError where there is none."""
        ours = generator.player == self.own.public.player
        if not ours and generator not in self.book.generators:
            raise refused("unknown", f"generator {generator} was not found")
        name = f"{self.shelf.trust.own.player}:{generator.name}" if ours else str(generator)

        def read() -> bytes:
            found = self.shelf.find(name)
            if found.problem:
                raise refused("unknown", f"generator {generator} was not found")
            return found.path.read_bytes()

        try:
            return await asyncio.to_thread(read)
        except (GeneratorError, OSError):
            raise refused("unknown", f"generator {generator} was not found") from None

    async def play(self, play: Play, remote: str) -> None:
        """Run what a player asks for, if it may. Nothing is written before everything has been checked.

        Args:
            remote: the IP address that the request came from.

        Raises:
            PeerError: it does not run; says why.
        """
        if not play.jam or play.jam != self._jam():
            raise refused("jam", play.jam)
        self.book.check(play.key)
        self._judge(play)
        host = await self._proven(play.address, remote)
        sha256 = await self._have(play.id, replace(play.address, host=host))
        try:
            started = await self._run(play.id, sha256, play.instance)
        except MarmaladeError as error:
            self._say(f"{play.id} of an original player does not run: {error.message}")
            raise refused("failed") from None
        if not started:
            raise refused("replay", f"instance {play.instance} of generator {play.generator} has already been run")
        self.book.seen(play.key, play.address, int(self._now_s()))

    def _judge(self, play: Play) -> None:
        """Raises PeerError unless the player is trusted to run its generators here."""
        trusted = self.shelf.trust.of(play.key.player)
        if trusted.key is not None:
            raise refused("conflict", f"another key is called {play.key.player} here")
        if trusted.level == BLOCK:
            raise refused("blocked")
        if trusted.level == FULL:  # what it sends is signed by nobody, so it never gets more than its sandbox
            raise refused("untrusted", "an original player is trusted for its sandbox at most")
        if trusted.level == ASK:
            self._ask_for(play)
            raise refused("untrusted", "its player has been asked; try again later")

    def _ask_for(self, play: Play) -> None:
        """Tell our player, once in a while, that somebody waits."""
        now, player = self._now_s(), play.key.player
        while self._waiting and next(iter(self._waiting.values())).at_s < now - _WAITS_S:
            self._waiting.popitem(last=False)
        if player in self._waiting:
            return
        if len(self._waiting) >= _MOST_WAITING:
            raise refused("full")
        self._waiting[player] = _Asked(play, now)
        self._say(
            f"The original player {player} at {play.address} asks to play {play.generator}. To let it, sandboxed: "
            f"marmalade generator trust {player} sandbox"
        )

    async def _proven(self, address: Address, remote: str) -> str:
        """The IP address to fetch from: the one that asks, if it is its address; never where a stranger points."""
        try:
            here = ipaddress.ip_address(remote)
            loop = asyncio.get_running_loop()
            async with asyncio.timeout(_RESOLVE_S):
                rows = await loop.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
            if not any(ipaddress.ip_address(row[4][0]) == here for row in rows):
                raise refused("audience", "the address is not the sender's")
        except (OSError, ValueError, TimeoutError):
            raise refused("audience", "the address is not the sender's") from None
        return remote

    async def _have(self, generator: GeneratorId, source: Address) -> str:
        """The hash of a generator's files: those that are here, else fetched from its author, checked and kept."""
        async with self._fetching.setdefault(generator, asyncio.Lock()):
            if generator in self.book.generators:
                return self.book.generators[generator]
            self.book.check_room(generator.player)
            data = await self._fetched(generator, source)
            return await asyncio.to_thread(self._keep, generator, data)

    async def _fetched(self, generator: GeneratorId, source: Address) -> bytes:
        try:
            async with Client(source) as client:
                return await client.archive(generator)
        except PeerError as error:
            if error.reason == "large":
                raise
            # Not in its words: they would tell the sender what we see of a network.
            raise refused("failed", "the archive cannot be fetched from the sender") from None

    def _keep(self, generator: GeneratorId, data: bytes) -> str:
        """Check an archive and put it on the shelf, where the first of a name stays."""
        try:
            tree = read_archive(data)
            tree.entry_point  # noqa: B018  raises where there is none
            if manifest_of(tree, generator.name).name != generator.name:
                raise ArchiveError("its manifest has another name")
        except MarmaladeError as error:
            raise refused("malformed", f"its archive: {error.message}") from None
        path = self.shelf.root / f"{generator}.tgz"
        aside = path.with_name(f".{path.name}.{os.getpid()}.part")
        try:
            if not path.exists():
                self.shelf.root.mkdir(parents=True, exist_ok=True)
                aside.write_bytes(pack(tree))
                aside.replace(path)
            elif self.shelf.find(str(generator)).sha256 != tree.sha256:
                raise refused("conflict", f"another generator is called {generator} here")
            found = self.shelf.accept(str(generator))
        except (OSError, GeneratorError, IdentityError):
            raise refused("failed") from None
        finally:
            aside.unlink(missing_ok=True)
        if found.sha256 != tree.sha256:
            raise PeerError("The archive was changed while it was kept")
        self.book.fetched(generator, tree.sha256)
        return tree.sha256
