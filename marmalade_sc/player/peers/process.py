"""The process that meets other players: its station, its server, and what becomes of what they ask. A wiring."""

import asyncio
import contextlib
import datetime
import itertools
import random
import socket
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Final

from marmalade_sc.clock.timeline import Timeline
from marmalade_sc.errors import PeerError, PlayerError
from marmalade_sc.identity.keys import PublicKey, identity_at
from marmalade_sc.identity.sealing import server_context
from marmalade_sc.jam import keys
from marmalade_sc.jam.jams import Jams
from marmalade_sc.jam.streams import StateLog
from marmalade_sc.peers.client import Client
from marmalade_sc.peers.guard import Guards
from marmalade_sc.peers.known import read_known
from marmalade_sc.peers.limits import Buckets
from marmalade_sc.peers.members import Member
from marmalade_sc.peers.reach import Endpoint, endpoint
from marmalade_sc.peers.records import Chat, PlayerRecord, Record, RegisterWrite, Rotation, Signed
from marmalade_sc.peers.records import Membership as MembershipRecord
from marmalade_sc.peers.registers import Registers
from marmalade_sc.peers.requests import Asker, Desk, JamName
from marmalade_sc.peers.server import Server
from marmalade_sc.peers.station import Station, Surroundings
from marmalade_sc.player.base import lifeline
from marmalade_sc.player.base.measurements import players_state
from marmalade_sc.player.base.program import run_program
from marmalade_sc.player.base.wiring import Wiring
from marmalade_sc.player.control.backdoor import Backdoor
from marmalade_sc.player.control.livelink import LiveLink
from marmalade_sc.player.control.protocol import Message
from marmalade_sc.player.generators.shelves import shelf_of
from marmalade_sc.player.peers.asking import Asking
from marmalade_sc.player.peers.attendance import attendance, measured
from marmalade_sc.player.peers.house import Reception
from marmalade_sc.player.peers.requests import Requests
from marmalade_sc.player.peers.rollbook import Rollbook
from marmalade_sc.player.peers.roster import players_text
from marmalade_sc.player.peers.whereabouts import announced_host
from marmalade_sc.player.shared.deliveries import Deliveries
from marmalade_sc.player.shared.keepers import Keepers
from marmalade_sc.player.shared.keeping import Keeping
from marmalade_sc.player.shared.sharedvalues import SharedValues
from marmalade_sc.player.trust.acquaintances import Acquaintances
from marmalade_sc.player.trust.door import Door
from marmalade_sc.player.trust.invitations import Invitations
from marmalade_sc.player.trust.membership import Membership
from marmalade_sc.player.trust.succession import Succession

if TYPE_CHECKING:
    from marmalade_sc.peers.neighbours import Neighbours

__all__ = ["SOCKET", "main"]

SOCKET: Final = "peers.sock"
_NEWCOMERS: Final = 32 / 60
"""New players a second, 32 at once: who makes up thousands of keys waits for hours, and those that are known do not."""
_LOOK_S: Final = 1.0
_MEASURED_EACH: Final = 5
_KEPT: Final = 3000
_MOST_NOTED: Final = 500
_LOOK_AGAIN_S: Final = 10.0
_CHATS: Final = 0.5
"""Sentences a second that one player gets onto the screen, five at once; all are in `chat()`."""
_CHAT_FRESH_MS: Final = 60_000


def wall_ms() -> int:
    """Milliseconds since 1970 of the wall clock."""
    return time.time_ns() // 1_000_000


class _Process:
    """The station and the server on one side, the hub and the process that runs generators on the other."""

    def __init__(self, wiring: Wiring) -> None:
        self.wiring = wiring
        settings, places = wiring.settings, wiring.places
        self.own = identity_at(settings.path("player.key", places.key))
        facts = Jams(places).make(wiring.jam, datetime.datetime.now(datetime.UTC))
        self.jam = JamName(wiring.jam, bytes.fromhex(facts.id))
        self.shelf = shelf_of(places, settings)
        self.friends = Acquaintances(self.shelf.trust, settings.text("peers.trust"))
        self.succession = Succession(lambda key: self.friends.whole(PublicKey(key)))
        self.rollbook = Rollbook(wiring.jam_places.root)
        self.state = StateLog(str(places.state_socket))
        self.hub = Backdoor(self.do)
        self.client = Client()
        self.live = LiveLink(
            wiring.places.socket("live-clients.sock"), lambda event: None, lambda: self.keepers.mixing.again()
        )
        self.runs = LiveLink(
            wiring.places.socket("generators.sock"), lambda event: None, lambda: None, "What runs generators"
        )
        self._newcomers = Buckets(_NEWCOMERS, 32)
        self._talkers = Buckets(_CHATS, 5)
        self._noted: list[Mapping[str, object]] = []
        self.station, asker = self._built()
        self.registers = Registers(
            self.own.public.raw, self.jam, self.station.node.ledger, wall_ms, random.SystemRandom(), self._may_write,
            self._here,
        )  # fmt: skip
        shared = SharedValues(self.own, self.station, self.registers, wall_ms, self.rollbook.keep_value)
        now, deliveries = wiring.clock.now, Deliveries(self.shelf)
        keeping = Keeping(
            shared, self.station, self.live, self.runs, self.state, self.timeline, now, time.monotonic, self.name,
            self.title, self.say,
        )  # fmt: skip
        self.keepers = Keepers(
            str(self.own.player), keeping, wiring.clock.origin, self.client, deliveries, wiring.jam_places.assets,
            [settings.path("samples.folder", places.samples), places.recordings, places.root],
            settings.switch("peers.mix"),
        )  # fmt: skip
        self.requests = Requests(
            self.own, self.station, self.client, self.friends, deliveries, self.runs, self._rule, self.timeline,
            now, self._note, wall_ms, self.say,
        )  # fmt: skip
        self.asking = Asking(
            self.own, self.jam, self.station, self.client, asker, self.friends, deliveries, self.rollbook,
            self.requests.carry_out, self.timeline, now, wall_ms,
        )  # fmt: skip
        self.membership = Membership(self.own, self.jam, wiring.jam_places.key, self.asking.publish, self.friends)
        desk = Desk(self.own.public, self.jam, wall_ms)
        invitations = Invitations(wiring.jam_places.invites, wall_ms)
        self.door = Door(self.jam, self.station, invitations, self.membership, self.friends, wall_ms, self.say)
        reception = Reception(
            self.station, desk, self.friends, deliveries, self.requests.carry_out, self.keepers.assets.offered,
            self.door.open,
        )  # fmt: skip
        guards = Guards(known=lambda address: address in self.station.friends_at())
        self.server = Server(reception, time.monotonic, wall_ms, self.log, guards)
        self.neighbours = self._neighbours()

    def timeline(self) -> Timeline | None:
        """This player's, as it was a moment ago."""
        return self.keepers.timeline

    def name(self, key: bytes) -> str:
        """A key for people."""
        return str(self.friends.name(PublicKey(key)))

    def title(self, key: bytes) -> str:
        """The same with its nickname, to be read."""
        return self.friends.title(PublicKey(key))

    def _rule(self) -> tuple[str, int]:
        settings = self.wiring.settings
        rule = settings.text("peers.policy")
        return "" if rule == "asked" else rule, settings.integer("peers.phrase_bars")

    def _note(self, record: Mapping[str, object]) -> None:
        if len(self._noted) < _MOST_NOTED:  # within one second
            self._noted.append(record)

    def _built(self) -> tuple[Station, Asker]:
        settings = self.wiring.settings
        host = settings.text("peers.listen")
        is_local = host in ("127.0.0.1", "::1")
        at = Endpoint(not is_local, host, settings.integer("peers.port"))
        announced = settings.text("peers.announce") or announced_host(host)
        url = Endpoint(at.is_tls, announced, at.port).url
        around = Surroundings(
            self.wiring.clock.now,
            time.monotonic,
            wall_ms,
            self._heard,
            self._turned,
            self._admits,
            self.client.letters,
            self._is_friend,
        )
        return Station(self.own, self.jam, at, [url], around), Asker(self.own, self.jam, url, wall_ms)

    def _neighbours(self) -> "Neighbours | None":
        """Who is near is found by multicast, unless only this machine is listened to."""
        if self.station.is_local or not self.wiring.settings.switch("peers.near"):
            return None
        from marmalade_sc.peers.neighbours import Neighbours  # 90 ms, for those who need it

        own = self.station.node.ledger.player(self.station.node.key)
        assert own is not None
        at = endpoint(own.addresses[0])
        return Neighbours(self.own.public, at, self.station.mark, self._near, self.station.at.host)

    def _near(self, key: bytes, address: str) -> None:
        with contextlib.suppress(PeerError):
            endpoint(address, is_local=self.station.is_local)
            self.station.node.meet(key, address)
            self.station.kick()

    async def _meet_known(self) -> None:
        """Those that the setting names, and whom we met before; names are looked up as often as it takes."""
        for key, address in self.rollbook.friends().items():
            self.station.node.meet(key, address, is_kept=True)
        waiting = read_known(self.wiring.settings.text("peers.known"))
        while waiting:
            for each in list(waiting):
                with contextlib.suppress(OSError, PeerError):
                    found = await asyncio.get_running_loop().getaddrinfo(each.host, each.port, type=socket.SOCK_STREAM)
                    at = Endpoint(not self.station.is_local, str(found[0][4][0]), each.port)
                    self.station.node.meet(each.key.raw, at.url, is_kept=True)
                    waiting.remove(each)
            self.station.kick()
            await asyncio.sleep(_LOOK_AGAIN_S)

    async def run(self) -> None:
        """Serve until cancelled; then say goodbye."""
        tls = server_context(self.own, datetime.datetime.now(datetime.UTC)) if self.station.at.is_tls else None
        at = self.station.at
        try:
            await self.server.start(at.host, at.port, tls)
            await self.station.open()
        except OSError as error:
            raise PlayerError(
                f"Other players cannot be heard at {at.host} port {at.port}: {error.strerror}. "
                "Set peers.listen to an address of this machine, or peers.port to another port."
            ) from error
        hub = await self.hub.open(self.wiring.places.socket(SOCKET))
        for data in self.rollbook.records():
            with contextlib.suppress(PeerError):
                self.requests.restore(data)
        self.membership.show()
        works = (self.station.run(), self.runs.keep(), self.live.keep(), self._look(), self._meet_known())
        tasks = [asyncio.ensure_future(each) for each in (*works, *self.keepers.works())]
        if self.neighbours is not None:
            try:
                await self.neighbours.open()
            except OSError as error:
                self.log(f"Nobody near can be found by multicast: {error.strerror}")
        lifeline.settle()
        lifeline.ready()
        try:
            async with hub:
                await hub.serve_forever()
        finally:
            self.station.close()
            if self.neighbours is not None:
                await self.neighbours.close()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self.requests.close()
            await self.client.close()
            await self.server.close()

    async def _look(self) -> None:
        """Once a second: who is there, for the shells and the jam's state."""
        told: list[str] = []
        for count in itertools.count():
            await asyncio.sleep(_LOOK_S)
            self.requests.look()
            for said in self.succession.look(self._absent(), time.monotonic()):
                self.say(said)
            rows, origin = self._rows(), self.wiring.clock.origin
            self.hub.tell({"event": "players", "players": rows})
            here = [str(row["id"]) for row in rows if row["state"] in ("here", "doubted")]
            entries: list[tuple[str, Mapping[str, object], int]] = []
            if here != told:
                entries.append((keys.PLAYERS, players_state(here, origin), _KEPT))
                told = here
            if count % _MEASURED_EACH == 0:
                entries += [measured(row, self.wiring.clock.now(), origin) for row in rows if "offset_ms" in row]
            entries += [*((keys.REMOTE, each, _KEPT) for each in self._noted), *self.keepers.news()]
            self._noted.clear()
            if entries:
                await asyncio.to_thread(self.state.append, self.wiring.clock.now(), entries)

    # The station's world

    def _heard(self, record: Signed[Record]) -> None:
        message = record.message
        if isinstance(message, PlayerRecord):
            if clash := self.friends.clash(PublicKey(message.maker)):
                self.say(clash)
            if message.addresses:
                self.rollbook.met(message.maker, message.addresses[0], self._is_friend(message.maker))
                if not self._is_friend(message.maker):
                    self.succession.heard(message.maker, message.addresses[0], time.monotonic())
        if isinstance(message, Rotation) and (
            said := self.friends.rotated(PublicKey(message.maker), PublicKey(message.new))
        ):
            self.say(said)
        if isinstance(message, RegisterWrite):
            self.registers.heard(message)
        if isinstance(message, MembershipRecord):
            self.membership.heard(message)
        if isinstance(message, Chat):
            self._chatted(message)
        self.requests.heard(message)

    def _chatted(self, said: Chat) -> None:
        """Somebody says something; what was said before we came, or by whom we have blocked, is not shown."""
        is_fresh = said.made > wall_ms() - _CHAT_FRESH_MS
        if not is_fresh or said.maker == self.own.public.raw or self.friends.level(PublicKey(said.maker)) == "block":
            return
        if self._talkers.take(said.maker.hex(), time.monotonic()):
            self.hub.tell({"event": "chat", "from": self.title(said.maker), "text": said.text})

    def _here(self) -> list[bytes]:
        return [each.key for each in self.station.node.members.present]

    def _absent(self) -> dict[bytes, str]:
        """Where those were last who are trusted and not here."""
        here = {*self._here(), self.own.public.raw}
        friends = self.rollbook.friends().items()
        return {key: at for key, at in friends if key not in here and self._is_friend(key)}

    def _may_write(self, key: bytes, name: str) -> bool:
        """Whose tempo is followed, and who has a voice: who may play here."""
        return self._is_friend(key)

    def _turned(self, member: Member, state: str) -> None:
        words = {"here": "is here", "gone": "does not answer any more", "left": "has left"}
        if state in words and member.incarnation:
            self.say(f"{self.title(member.key)} {words[state]}.")

    def _is_friend(self, key: bytes) -> bool:
        return self.friends.level(PublicKey(key)) in ("sandbox", "full")

    def _admits(self, key: bytes) -> bool:
        is_known = key in self.rollbook.friends() or self.friends.level(PublicKey(key)) != "ask"
        return is_known or self.door.is_guest(key) or self._newcomers.take("", time.monotonic())

    # The hub

    def log(self, text: str) -> None:
        print(text, flush=True)

    def say(self, text: str) -> None:
        """A sentence for the people at the shells; nothing of a stranger's stands in it unchecked."""
        self.log(text)
        self.hub.tell({"event": "say", "text": text})

    async def do(self, message: Message) -> Message:
        """What a command asks for. Raises MarmaladeError, KeyError, TypeError, ValueError."""
        rows: dict[str, Callable[[Message], Awaitable[Message]]] = {
            "players": self._players,
            "invite": self.door.invite,
            "invites": self.door.invites,
            "revoke": self.door.revoke,
            "pending": self.requests.pending,
            "share": self.asking.share,
            "share_stop": self.asking.share_stop,
            "share_control": self.asking.share_control,
            "chat": self.asking.chat,
            "chats": self.asking.chats,
            **self.keepers.commands(),
            "trust": self.requests.trust,
            "nickname": self.requests.nickname,
            "deny": self.requests.deny,
        }
        return {"ok": True, **await rows[str(message["do"])](message)}

    def _rows(self) -> list[Message]:
        return attendance(self.own.public, self.station, self.friends, self.keepers.playbill)

    async def _players(self, message: Message) -> Message:
        rows = self._rows()
        return {"players": rows, "value": players_text(rows)}


def main(arguments: list[str]) -> int:
    """Run until SIGTERM; the exit status."""
    wiring = Wiring.read(arguments)
    process = _Process(wiring)
    lifeline.serve(process.run, process.say)
    return 0


if __name__ == "__main__":
    run_program(main)
