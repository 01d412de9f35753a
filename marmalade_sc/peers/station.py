"""A node on real sockets: its datagrams, timer and probes of clocks; and letters over HTTP where UDP is blocked."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

from marmalade_sc.clock.offsets import Offset
from marmalade_sc.errors import MarmaladeError, PeerError
from marmalade_sc.identity.keys import Identity, PublicKey
from marmalade_sc.peers.chatter import CLOCKS, ClockAnswer, ClockProbe
from marmalade_sc.peers.datagrams import Datagrams, Envelopes, Mail
from marmalade_sc.peers.letters import Letters, packed_letters, read_letters
from marmalade_sc.peers.members import GONE, MEMBERS_LEFT, Member, Timing
from marmalade_sc.peers.node import Node
from marmalade_sc.peers.reach import Endpoint, endpoint
from marmalade_sc.peers.records import Record, Signed, open_record
from marmalade_sc.peers.requests import JamName
from marmalade_sc.peers.soundings import Soundings
from marmalade_sc.peers.wire import decode, encode

__all__ = ["Station", "Surroundings"]

_PROBE_TICK_S: Final = 0.1
_LETTERS_S: Final = 0.1
_FRIENDS_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a station needs of the player around it.

    Attributes:
        jam_time: jam time in units of 2**-32 s.
        monotonic: seconds.
        wall_ms: milliseconds since 1970.
        heard: takes each record that is news. Must not block.
        turned: takes each member whose state changed.
        admits: whether a key that is new may be taken up.
        is_friend: whether a key is trusted: it is heard whatever strangers send.
        carry: takes letters to a player over HTTP and gives back those that were waiting there. Raises PeerError.
    """

    jam_time: Callable[[], int]
    monotonic: Callable[[], float]
    wall_ms: Callable[[], int]
    heard: Callable[[Signed[Record]], None]
    turned: Callable[[Member, str], None]
    admits: Callable[[bytes], bool]
    carry: Callable[[Endpoint, PublicKey, bytes], Awaitable[bytes]] | None = None
    is_friend: Callable[[bytes], bool] = lambda key: False
    dice: random.Random = field(default_factory=random.SystemRandom)


class Station:
    """See the module. `at` is where it listens; `announced` the addresses that others are told.

    For one event loop: `open` it, let `run` run, `close` it.
    """

    def __init__(
        self,
        own: Identity,
        jam: JamName,
        at: Endpoint,
        announced: list[str],
        around: Surroundings,
        timing: Timing = Timing(),  # noqa: B008  a frozen value
    ) -> None:
        self.at = at
        self.is_local = at.host in ("127.0.0.1", "::1")
        self._around = around
        self._kick = asyncio.Event()
        self.since = around.jam_time()
        """The jam time from which offsets count their seconds."""
        self.soundings = Soundings(around.dice, self.since)
        self._friends_at: frozenset[str] = frozenset()
        self._next_look = 0.0
        self._envelopes = Envelopes(own, jam)
        self._datagrams = Datagrams(
            self._envelopes,
            self._mail,
            around.jam_time,
            around.monotonic,
            friends=self.friends_at,
            players=lambda: len(self.node.members),
        )
        self._letters = Letters(around.monotonic)
        self._carrying: set[asyncio.Task[None]] = set()
        self._endpoints: dict[str, Endpoint | None] = {}
        self.node = Node(own, jam, announced, self, timing)

    async def open(self) -> None:
        """Listen. Raises OSError where the port is taken."""
        self._datagrams.open(self.at.host, self.at.port)

    async def run(self) -> None:
        """Live, until cancelled."""
        works = [asyncio.create_task(each) for each in (self._probe_clocks(), self._carry_letters())]
        loop = asyncio.get_running_loop()
        try:
            while True:
                self._kick.clear()
                wait_s = self.node.advance() - self._around.monotonic()
                # Not wait_for: until Python 3.12 it swallows a cancellation that comes together with the kick.
                timer = loop.call_later(max(0.0, wait_s), self._kick.set)
                await self._kick.wait()
                timer.cancel()
        finally:
            for work in (*works, *self._carrying):
                work.cancel()

    def close(self) -> None:
        """Say goodbye and stop listening. Idempotent."""
        self.node.leave()
        self._datagrams.close()

    @property
    def mark(self) -> bytes:
        """By which the jam is known to those who have its id."""
        return self._envelopes.mark

    def kick(self) -> None:
        """Something was published: do not wait for the timer."""
        self._kick.set()

    def offset(self, key: bytes) -> Offset | None:
        """A player's clock minus ours, now."""
        return self.soundings.offset(key, self._around.jam_time())

    def proven(self, key: bytes) -> Endpoint | None:
        """Where a player has proven to be: the only place that we send requests to."""
        member = self.node.members.get(key)
        address = self.soundings.proven(key)
        return self._endpoint(address) if member is not None and address and address == member.address else None

    def friends_at(self) -> frozenset[str]:
        """Addresses of the friends that are here, as of a second ago."""
        if (now := self._around.monotonic()) >= self._next_look:
            self._next_look = now + _FRIENDS_S
            friends = (each for each in self.node.members.present if self._around.is_friend(each.key))
            found = (self._endpoint(each.address) for each in friends)
            self._friends_at = frozenset(each.host for each in found if each is not None)
        return self._friends_at

    @property
    def dropped(self) -> int:
        """Datagrams that were none, or too many."""
        return self._datagrams.dropped

    # The node's world

    @property
    def dice(self) -> random.Random:
        return self._around.dice

    def now(self) -> float:
        return self._around.monotonic()

    def wall_ms(self) -> int:
        return self._around.wall_ms()

    def send(self, key: bytes, address: str, data: bytes) -> None:
        to = self._endpoint(address)
        if to is not None:
            self._send(key, to, data)

    def open_record(self, data: bytes) -> Signed[Record]:
        return open_record(data)

    def admits(self, key: bytes) -> bool:
        return self._around.admits(key)

    def heard(self, record: Signed[Record]) -> None:
        self._around.heard(record)

    def turned(self, member: Member, state: str) -> None:
        if state in (GONE, MEMBERS_LEFT):
            self.soundings.forget(member.key)
            self._letters.forget(member.key)
        self._around.turned(member, state)

    # Inside

    def _send(self, key: bytes, to: Endpoint, body: bytes) -> None:
        sealed = self._envelopes.close(key, body)
        self._datagrams.send(sealed, to)
        if self._around.carry is not None:
            self._letters.put(key, sealed)

    def letters(self, data: bytes, host: str = "") -> bytes:
        """Letters that came over HTTP from an address; those that wait for their senders. Raises PeerError."""
        return packed_letters(self._letters.collected(self._read_letters(data, host)))

    def _read_letters(self, data: bytes, host: str) -> list[bytes]:
        """Hear letters; their senders, whose signatures were checked."""
        senders = []
        for each in read_letters(data):
            mail = self._datagrams.opened(each, host)
            if mail is not None:
                self._letters.heard(mail.sender, by_http=True)
                senders.append(mail.sender)
                self._heard(mail)
        return senders

    async def _carry_letters(self) -> None:
        """Take letters to those whom UDP does not reach, until cancelled."""
        while True:
            await asyncio.sleep(_LETTERS_S)
            for key, letters in self._letters.due():
                task = asyncio.create_task(self._carry(key, letters))
                self._carrying.add(task)
                task.add_done_callback(self._carrying.discard)

    async def _carry(self, key: bytes, letters: list[bytes]) -> None:
        member, worked = self.node.members.get(key), False
        to = self._endpoint(member.address) if member is not None else None
        try:
            if to is not None and self._around.carry is not None:
                answer = await self._around.carry(to, PublicKey(key), packed_letters(letters))
                self._read_letters(answer, to.host)
                worked = True
        except MarmaladeError:
            pass  # it does not answer there either
        finally:
            self._letters.carried(key, worked)

    def _mail(self, mail: Mail) -> None:
        self._letters.heard(mail.sender)
        self._heard(mail)

    def _heard(self, mail: Mail) -> None:
        if mail.body[:1] in (b"\x30", b"\x31"):
            self._hear_clock(mail)
            return
        self.node.receive(mail.sender, mail.body)
        self.kick()

    def _hear_clock(self, mail: Mail) -> None:
        try:
            message = decode(mail.body, CLOCKS)
        except PeerError:
            return
        if isinstance(message, ClockAnswer):
            self.soundings.hear(mail.sender, message, mail.arrived)
        elif isinstance(message, ClockProbe):
            member = self.node.members.get(mail.sender)
            if member is not None and (to := self._endpoint(member.address)) is not None:
                answer = ClockAnswer(message.nonce, mail.arrived, self._around.jam_time())
                self._send(mail.sender, to, encode(answer))

    async def _probe_clocks(self) -> None:
        while True:
            present = [(each.key, each.address) for each in self.node.members.present]
            for key, address in self.soundings.due(present, self._around.monotonic()):
                if (to := self._endpoint(address)) is not None:
                    probe = self.soundings.ask(key, address)
                    self.soundings.sent(probe, self._around.jam_time())
                    self._send(key, to, encode(probe))
            await asyncio.sleep(_PROBE_TICK_S)

    def _endpoint(self, address: str) -> Endpoint | None:
        if address not in self._endpoints:
            if len(self._endpoints) > 4096:
                self._endpoints.clear()
            try:
                self._endpoints[address] = endpoint(address, is_local=self.is_local)
            except PeerError:
                self._endpoints[address] = None
        return self._endpoints[address]
