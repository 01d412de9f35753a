"""A network of players in virtual time: the real nodes, their links, crashes and partitions from one seed."""

import heapq
import itertools
import random
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from marmalade_sc.errors import PeerError
from marmalade_sc.identity.keys import Identity
from marmalade_sc.peers.members import Member, Timing
from marmalade_sc.peers.node import Node
from marmalade_sc.peers.records import (
    VERSION,
    PlayerRecord,
    PlayTicket,
    Record,
    RegisterWrite,
    Signed,
    open_record,
    signed,
)
from marmalade_sc.peers.registers import Registers
from marmalade_sc.peers.requests import JamName

__all__ = ["Link", "Network", "SimulatedPlayer"]

_EPOCH_MS: Final = 1_800_000_000_000
JAM: Final = JamName("home", bytes(range(16)))


@dataclass(frozen=True, slots=True)
class Link:
    """How datagrams travel: seconds, and shares of all.

    Attributes:
        delay_s, jitter_s: each takes `delay_s` and up to `jitter_s` more, so they overtake each other.
    """

    delay_s: float = 0.01
    jitter_s: float = 0.01
    loss: float = 0.0
    duplicated: float = 0.0


_OPENED: dict[bytes, Signed[Record] | PeerError] = {}


def _open_once(data: bytes) -> Signed[Record]:
    """`open_record`, done once for all players of a simulation: a signature is no less true the second time."""
    found = _OPENED.get(data)
    if found is None:
        try:
            found = open_record(data)
        except PeerError as error:
            found = error
        if len(_OPENED) > 20_000:
            _OPENED.clear()
        _OPENED[data] = found
    if isinstance(found, PeerError):
        raise found
    return found


@dataclass(slots=True)
class Disk:
    """What outlives a crash: instances that were accepted, own records, players that were met."""

    accepted: set[str] = field(default_factory=set)
    records: list[Signed[Record]] = field(default_factory=list)
    friends: dict[bytes, str] = field(default_factory=dict)


class SimulatedPlayer:
    """A node with its disk and its clocks. `node` and `registers` are None while it is down.

    Attributes:
        strangers: numbers of the players whose register writes it does not take.
    """

    def __init__(self, network: "Network", number: int, identity: Identity) -> None:
        self.network = network
        self.number = number
        self.identity = identity
        self.address = f"http://10.0.{number // 250}.{number % 250 + 1}:2468"
        self.disk = Disk()
        self.node: Node | None = None
        self.registers: Registers | None = None
        self.strangers: frozenset[int] = frozenset()
        self.starts: Counter[str] = Counter()
        self.heard_at: dict[str, float] = {}
        self.history: list[tuple[float, int, str]] = []
        self.wall_ahead_ms = 0
        self.is_paused = False
        self.waiting: list[tuple[bytes, bytes]] = []
        self.wakes = 0

    # The world of the node

    @property
    def dice(self) -> random.Random:
        return self.network.dice

    def now(self) -> float:
        return self.network.time

    def wall_ms(self) -> int:
        return _EPOCH_MS + int(self.network.time * 1000) + self.wall_ahead_ms

    def send(self, key: bytes, address: str, data: bytes) -> None:
        self.network.carry(self, key, data)

    def open_record(self, data: bytes) -> Signed[Record]:
        return _open_once(data)

    def admits(self, key: bytes) -> bool:
        return True

    def heard(self, record: Signed[Record]) -> None:
        message = record.message
        if isinstance(message, PlayerRecord) and message.addresses:
            self.disk.friends[message.maker] = message.addresses[0]
        if isinstance(message, PlayTicket):
            self.accept(message)
        if isinstance(message, RegisterWrite) and self.registers is not None:
            self.registers.heard(message)

    def turned(self, member: Member, state: str) -> None:
        self.history.append((self.network.time, self.network.number_of(member.key), state))

    # What a player does

    def accept(self, ticket: PlayTicket) -> bool:
        """As the runner does: the record that it was accepted is on disk before anything starts."""
        path = f"{ticket.generator}:{ticket.instance}"
        self.heard_at.setdefault(path, self.network.time)
        if path in self.disk.accepted:
            return False
        self.disk.accepted.add(path)
        self.starts[path] += 1
        return True

    def play(self, instance: str) -> str:
        """Ask everybody to play an instance; its path. Acknowledged when this returns: on this player's disk."""
        assert self.node is not None
        now = self.wall_ms()
        ticket = PlayTicket(
            version=VERSION,
            jam=JAM.name,
            jam_id=JAM.id,
            maker=self.identity.public.raw,
            sequence=self.node.sequence(),
            made=now,
            expires=now + 86_400_000,
            generator=f"{self.identity.player}:drums",
            author=self.identity.public.raw,
            sha256=bytes(32),
            instance=instance,
            track="drums",
            controls=(),
            bars=0.0,
            seconds=0.0,
            policy="arrival",
            at=0,
        )
        record = signed(self.identity, ticket)
        self.disk.records.append(record)
        self.node.publish(record)
        self.accept(ticket)
        self.network.wake(self)
        return f"{ticket.generator}:{instance}"

    def write(self, name: str, value: bytes) -> None:
        """Write a register that all share."""
        assert self.node is not None and self.registers is not None
        write = self.registers.write(name, value, self.wall_ms(), self.node.sequence())
        self.node.publish(signed(self.identity, write))
        self.network.wake(self)

    def value(self, name: str) -> bytes | None:
        """What a register holds, for this player."""
        assert self.registers is not None
        write = self.registers.current(name)
        return write.value if write is not None else None

    def accept_again(self, path: str) -> None:
        """The same request once more, from wherever."""
        if self.node is not None:
            for ticket in self.node.ledger.of(PlayTicket):
                if f"{ticket.generator}:{ticket.instance}" == path:
                    self.accept(ticket)

    def start(self, friends: Iterable["SimulatedPlayer"] = ()) -> None:
        """Come up, with what the disk has."""
        self.waiting.clear()
        self.node = node = Node(self.identity, JAM, [self.address], self, self.network.timing)
        self.registers = Registers(
            self.identity.public.raw,
            JAM,
            node.ledger,
            self.wall_ms,
            self.dice,
            lambda key, name: self.network.number_of(key) not in self.strangers,
            lambda: [each.key for each in node.members.present],
        )
        for record in self.disk.records:
            self.node.publish(record)
        for each in friends:
            self.node.meet(each.identity.public.raw, each.address, is_kept=True)
        for key, address in self.disk.friends.items():
            self.node.meet(key, address)
        self.network.wake(self)

    def crash(self) -> None:
        """Killed: only the disk stays."""
        self.node = self.registers = None

    def leave(self) -> None:
        """End well."""
        assert self.node is not None
        self.node.leave()
        self.node = self.registers = None

    def present(self) -> set[int]:
        """Numbers of the players that it holds to be here."""
        assert self.node is not None
        return {self.network.number_of(each.key) for each in self.node.members.present}


class Network:
    """`count` players whose keys, dice and links all follow from `seed`."""

    def __init__(self, seed: int, count: int, link: Link = Link(), timing: Timing = Timing()) -> None:  # noqa: B008
        self.dice = random.Random(seed)
        self.link = link
        self.ways: Callable[[int, int], Link] = lambda here, there: self.link
        """How what `here` sends travels to `there`; all alike unless a test says otherwise."""
        self.timing = timing
        self.time = 0.0
        self.carried = 0
        self.trace = 0
        """A number that follows from every datagram that was sent, and when: the same seed gives the same."""
        self._count = itertools.count()
        self._started = 0.0
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._blocked: Callable[[int, int], bool] = lambda here, there: False
        self.players = [SimulatedPlayer(self, number, _identity(number)) for number in range(count)]
        self.by_key = {each.identity.public.raw: each for each in self.players}

    def start(self, over_s: float = 1.0) -> None:
        """All come up one after the other, each knowing the first and one by chance."""
        self._started = self.time + over_s
        for each in self.players:
            friends = {0, self.dice.randrange(len(self.players))} - {each.number}
            known = [self.players[number] for number in sorted(friends)]
            self.at(over_s * each.number / len(self.players), lambda each=each, known=known: each.start(known))  # type: ignore[misc]

    def at(self, delay_s: float, work: Callable[[], None]) -> None:
        """Do something so much later."""
        heapq.heappush(self._events, (self.time + delay_s, next(self._count), work))

    def run(self, seconds_s: float) -> None:
        """Let time pass."""
        end = self.time + seconds_s
        while self._events and self._events[0][0] <= end:
            when, _, work = heapq.heappop(self._events)
            self.time = when
            work()
        self.time = end

    def run_until(self, condition: Callable[[], bool], most_s: float, step_s: float = 0.05) -> float:
        """Let time pass until `condition()`; how long that took. Infinite where it never came true."""
        begin = self.time
        while not condition():
            if self.time - begin >= most_s:
                return float("inf")
            self.run(step_s)
        return self.time - begin

    # Links

    def partition(self, groups: Sequence[Iterable[int]]) -> None:
        """Only players of one group reach each other from now on; what is on its way is lost."""
        group = {number: index for index, numbers in enumerate(groups) for number in numbers}
        self._blocked = lambda here, there: group.get(here) != group.get(there)

    def block(self, blocked: Callable[[int, int], bool]) -> None:
        """Lose what goes from `here` to `there` wherever `blocked(here, there)`."""
        self._blocked = blocked

    def heal(self) -> None:
        """All reach all again."""
        self._blocked = lambda here, there: False

    def carry(self, sender: SimulatedPlayer, key: bytes, data: bytes) -> None:
        """A datagram on its way."""
        self.carried += 1
        self.trace = hash((self.trace, self.time, sender.number, len(data)))
        target = self.by_key.get(key)
        if target is None:
            return
        link = self.ways(sender.number, target.number)
        if self.dice.random() < link.loss:
            return
        copies = 2 if self.dice.random() < link.duplicated else 1
        for _ in range(copies):
            delay = link.delay_s + link.jitter_s * self.dice.random()
            self.at(delay, lambda: self._arrive(sender, target, data))

    def _arrive(self, sender: SimulatedPlayer, target: SimulatedPlayer, data: bytes) -> None:
        if target.node is None or self._blocked(sender.number, target.number):
            return
        if target.is_paused:
            target.waiting.append((sender.identity.public.raw, data))
            return
        target.node.receive(sender.identity.public.raw, data)
        self.wake(target)

    # Players

    def wake(self, player: SimulatedPlayer) -> None:
        """Let a player do what is due, and come again when it says."""
        if player.node is None or player.is_paused:
            return
        player.wakes += 1
        turn, node = player.wakes, player.node
        following = node.advance()

        def again() -> None:
            if player.wakes == turn and player.node is node:
                self.wake(player)

        self.at(max(1e-6, following - self.time), again)

    def pause(self, player: SimulatedPlayer, seconds_s: float) -> None:
        """As SIGSTOP does: datagrams wait (the last 200), then all come at once."""
        player.is_paused = True

        def go_on() -> None:
            player.is_paused = False
            late, player.waiting = player.waiting[-200:], []
            for sender, data in late:
                if player.node is not None:
                    player.node.receive(sender, data)
            self.wake(player)

        self.at(seconds_s, go_on)

    # Asking

    def number_of(self, key: bytes) -> int:
        """A player's number; -1 for a key that nobody here has."""
        player = self.by_key.get(key)
        return -1 if player is None else player.number

    def up(self) -> list[SimulatedPlayer]:
        """Players that are not down."""
        return [each for each in self.players if each.node is not None]

    def is_whole(self) -> bool:
        """Whether all that are up hold exactly each other to be here, and the same records."""
        up = self.up()
        if not up or self.time < self._started:
            return False
        numbers = {each.number for each in up}
        digests = {each.node.ledger.digest for each in up if each.node is not None}
        return len(digests) == 1 and all(each.present() == numbers - {each.number} for each in up)

    def reach(self, path: str) -> float:
        """The share of players that have accepted an instance."""
        return sum(path in each.disk.accepted for each in self.players) / len(self.players)

    def violations(self) -> list[str]:
        """Instances that started more than once on a player, over all its lives."""
        return [
            f"{path} started {count} times on player {each.number}"
            for each in self.players
            for path, count in each.starts.items()
            if count > 1
        ]


_IDENTITIES: list[Identity] = []


def _identity(number: int) -> Identity:
    """The same key for a number in each simulation of a process: keys say nothing of the seed."""
    while len(_IDENTITIES) <= number:
        _IDENTITIES.append(Identity.from_seed(b"simulated %d" % len(_IDENTITIES)))
    return _IDENTITIES[number]
