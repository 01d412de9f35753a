"""One player among others: probes, gossip of signed records, repair by comparing. Never waits and does no I/O."""

import math
from collections.abc import Iterable, Sequence
from typing import Final

from marmalade_sc.errors import PeerError
from marmalade_sc.identity.keys import Identity
from marmalade_sc.peers.chatter import (
    CHATTER,
    LARGEST,
    ROOM,
    Ack,
    Doubt,
    Have,
    Ping,
    PingRequest,
    Push,
    Summary,
    Want,
    read_doubts,
)
from marmalade_sc.peers.intake import Intake
from marmalade_sc.peers.ledger import Ledger
from marmalade_sc.peers.members import GONE, MEMBERS_LEFT, Member, Members, Timing
from marmalade_sc.peers.ports import Counts, Ports
from marmalade_sc.peers.presence import PRESENCE_MS, presence
from marmalade_sc.peers.probes import Probe, Probes
from marmalade_sc.peers.records import HERE, LEFT, PlayerRecord, Record, Rotation, Signed, signed
from marmalade_sc.peers.repair import Repair
from marmalade_sc.peers.requests import JamName
from marmalade_sc.peers.rumours import Rumours
from marmalade_sc.peers.wire import Message, decode, encode

__all__ = ["Node"]

_GOSSIP_S: Final = 0.1
_SOON_S: Final = 0.02
_CROWDED_S: Final = 0.01
"""Seconds to the next round where a datagram had no room for all news. Of a hundred plays within a second, 50 players
had 95 in 1.9 s when it was 0.1, in 1.0 with 0.02, and in 0.3 with this, in 530 datagrams each."""
_REFUTE_S: Final = 2.0
_TIDY_S: Final = 10.0
_FANOUT: Final = 3
_GOODBYES: Final = 32
"""At the end of an evening many leave at once: of the few that are told none may be left to pass it on."""
_BAGGAGE: Final = 800
_DOUBTS: Final = 150
"""Bytes for records beside a probe, and those that are left for doubts beside records."""
_PER_PEER: Final = 150
"""Datagrams that one player gets from us in a second, whatever it asks for."""


class Node:
    """See the module. `addresses` are where this player is found, the best first."""

    def __init__(
        self,
        own: Identity,
        jam: JamName,
        addresses: Sequence[str],
        ports: Ports,
        timing: Timing = Timing(),  # noqa: B008  a frozen value
    ) -> None:
        self.own = own
        self.key = own.public.raw
        self.jam = jam
        self.ports = ports
        self.timing = timing
        self.counts = Counts()
        self.ledger = Ledger(jam, ports.wall_ms)
        self.members = Members(self.key, ports.dice, timing)
        self._addresses = tuple(addresses)
        self._rumours = Rumours()
        self._probes = Probes()
        self._intake = Intake(self.ledger, ports.open_record, ports.now)
        self._repair = Repair(self.ledger, self._intake.knows, self._send_to)
        self._budget: dict[bytes, int] = {}
        self._budget_until = 0.0
        now = ports.now()
        self._next_probe = now + ports.dice.random() * timing.period_s
        self._next_gossip = math.inf
        self._next_refutation = now
        self._next_tidy = now + _TIDY_S
        self._turns = 0
        self.announce(HERE)

    # What this player says

    def sequence(self) -> int:
        """The next number for a record of ours: microseconds since 1970, or one more than the last."""
        known = [each.message.sequence for each in self.ledger if each.message.maker == self.key]
        return max([self.ports.wall_ms() * 1000, *(each + 1 for each in known)])

    def announce(self, state: str = HERE, at_least: int = 0) -> Signed[PlayerRecord]:
        """Say anew where we are, or that we leave."""
        now = self.ports.wall_ms()
        before = self.ledger.player(self.key)
        sequence = max(now * 1000, at_least, before.sequence + 1 if before is not None else 0)
        record = presence(self.key, self.jam, sequence, now, state, self._addresses)
        found = signed(self.own, record)
        self.publish(found)
        return found

    def publish(self, record: Signed[Record]) -> bool:
        """A record of our own: kept and spread. Whether it is news. Raises PeerError where it may not be kept."""
        if not self.ledger.add(record):
            return False
        self._spread(record)
        return True

    def meet(self, key: bytes, address: str, is_kept: bool = False) -> None:
        """A player by its key and address, from a list or an invite: it is asked until it answers."""
        known = self.members.get(key)
        if known is not None and not known.incarnation:
            known.address = address  # nothing was heard from it yet: whoever names it last may be right
        if key == self.key or known is not None:
            return
        self.members.introduce(key, 0, address, False, self.ports.now())
        member = self.members.get(key)
        assert member is not None
        member.is_kept = is_kept
        self._probe(member)
        self._send(member, Summary(self.ledger.buckets))

    def leave(self) -> None:
        """Say that we go, to some; they pass it on. That alone: among other news it might not fit."""
        goodbye = self.announce(LEFT)
        for member in self.members.some(_GOODBYES):
            self._send(member, Push((), (goodbye.data,)))

    # Time

    def advance(self) -> float:
        """Do what is due; when to come again, in monotonic seconds."""
        now = self.ports.now()
        if now >= self._budget_until:
            self._budget.clear()
            self._budget_until = now + 1.0
        self._look_at_probes(now)
        for member in self.members.overdue(now):
            self._told(member.key, GONE)
        if now >= self._next_probe:
            self._next_probe = max(now, self._next_probe + self.timing.period_s)
            self._turn(now)
        if now >= self._next_gossip:
            self._gossip(now)
        if now >= self._next_tidy:
            self._next_tidy = now + _TIDY_S
            self.ledger.expire()
            self.members.forget(now)
            own = self.ledger.player(self.key)
            if own is None or own.expires - self.ports.wall_ms() < PRESENCE_MS // 2:
                self.announce()
        doubts = now + 0.2 if self.members.doubted else self._next_tidy
        return min(self._next_probe, self._next_gossip, self._next_tidy, self._probes.next_due, doubts)

    def _turn(self, now: float) -> None:
        """One period: the next member in turn, those in doubt, and now and then one that is gone."""
        asked = self._probes.targets
        if (member := self.members.next_to_probe()) is not None and member.key not in asked:
            self._probe(member)
            asked.add(member.key)
        for doubted in self.members.doubted:
            if doubted.key not in asked:
                self._probe(doubted)
        self._turns += 1
        if self._turns % 2 == 0 and (gone := self.members.missing()) is not None:
            self._probe(gone)

    def _look_at_probes(self, now: float) -> None:
        for nonce, probe in self._probes.to_ask_others(now):
            for helper in self.members.some(self.timing.helpers, but=probe.target):
                self._send(helper, PingRequest(nonce, probe.target))
        for probe in self._probes.failed(now):
            state = self.members.unanswered(probe.target, now)
            self._told(probe.target, state)
            if state is not None and (member := self.members.get(probe.target)) is not None:
                self._probe(member, is_urgent=True)  # most often it was a datagram that got lost
            for doubt in self.members.doubts():
                if doubt.key == probe.target:
                    self._hint(doubt)

    def _probe(self, member: Member, asker: bytes = b"", asker_nonce: int = 0, is_urgent: bool = False) -> None:
        """Ask a member. Urgently: others at the same time, and with half the time to answer."""
        now, timing = self.ports.now(), self.timing
        slow = self.members.slowness(member)
        nonce = self.ports.dice.getrandbits(63)
        ask_others = math.inf if asker or member.state == GONE else now + timing.answer_s * slow * (not is_urgent)
        deadline = now + (0.5 if is_urgent else 0.8) * timing.period_s * slow
        if not self._probes.add(nonce, Probe(member.key, now, deadline, ask_others, asker, asker_nonce)):
            return
        doubt = member.incarnation if member.state == GONE else 0
        own = self.ledger.at("player", self.key)
        if own is not None and (member.incarnation == 0 or member.state == GONE):
            self._send(member, Push((), (own.data,)))  # who does not know us does not answer
        self._send(
            member,
            Ping(nonce, doubt, (self.ledger.digest,), self._rumours.doubts(self.members.doubts()), self._baggage()),
        )

    # What others say

    def receive(self, sender: bytes, data: bytes) -> None:
        """A datagram whose sender was checked. What breaks the rules is counted and dropped."""
        self.counts.received += 1
        try:
            if len(data) > LARGEST or sender == self.key:
                raise PeerError("It is too large, or our own")
            self._hear(sender, decode(data, CHATTER))
        except PeerError:
            self.counts.refused += 1

    def take(self, data: bytes) -> bool:
        """A record from anywhere, its signature still to be checked; whether it is news. Raises PeerError."""
        record = self._intake.open(data)
        return record is not None and self._keep(record)

    def _hear(self, sender: bytes, message: Message) -> None:
        if isinstance(message, Ping | Ack | Push):
            self._hear_all(message.records)
            self._hear_doubts(sender, message.doubts)
        if isinstance(message, Ping):
            self._answer(sender, message)
        elif isinstance(message, Ack):
            self._hear_answer(sender, message)
        elif isinstance(message, PingRequest):
            target = self.members.get(message.target)
            if target is not None:
                self._probe(target, sender, message.nonce)
        elif isinstance(message, Summary | Have | Want):
            self._repair.hear(sender, message)

    def _answer(self, sender: bytes, ping: Ping) -> None:
        own = self.ledger.player(self.key)
        if ping.doubt and own is not None and ping.doubt >= own.sequence:
            self._refute(ping.doubt)
        ack = Ack(
            ping.nonce, self.key, (self.ledger.digest,), self._rumours.doubts(self.members.doubts()), self._baggage()
        )
        self._send_to(sender, ack)
        self._repair.compare(sender, ping.digest, self.ports.now())

    def _hear_answer(self, sender: bytes, ack: Ack) -> None:
        probe = self._probes.answered(ack.nonce, ack.target, sender)
        if probe is None:
            return
        if probe.asker:
            self._send_to(probe.asker, Ack(probe.asker_nonce, ack.target, (self.ledger.digest,), (), ()))
        else:
            self.members.recovered()
        asked = probe.sent if sender == ack.target else None
        self._told(ack.target, self.members.answered(ack.target, self.ports.now(), asked))
        if sender == ack.target:
            self._repair.compare(sender, ack.digest, self.ports.now())

    def _hear_doubts(self, sender: bytes, parts: Iterable[bytes]) -> None:
        own = self.ledger.player(self.key)
        for doubt in read_doubts(parts)[:8]:
            if doubt.key == self.key:
                # Only a sequence that we have signed can be doubted; a made-up one would have us count for ever.
                if own is not None and doubt.incarnation == own.sequence:
                    self._refute(doubt.incarnation)
            elif self.members.hear_doubt(doubt, sender, self.ports.now()):
                self._hint(doubt)
                if (member := self.members.get(doubt.key)) is not None:
                    self._probe(member, is_urgent=True)

    def _hint(self, doubt: Doubt) -> None:
        """Pass a doubt on: whoever hears it asks by itself."""
        self._rumours.hint(doubt)
        self._next_gossip = min(self._next_gossip, self.ports.now() + _SOON_S * self.ports.dice.random())

    def _refute(self, doubted: int) -> None:
        if (now := self.ports.now()) < self._next_refutation:
            return  # who is asked answers anyway; a liar must not have us sign and spread without end
        self._next_refutation = now + _REFUTE_S
        self.counts.refuted += 1
        self.announce(HERE, doubted + 1)

    # Records

    def _hear_all(self, parts: Iterable[bytes]) -> None:
        for data in parts:
            try:
                record = self._intake.open(data)
                if record is not None:
                    self._keep(record)
            except PeerError:
                self.counts.refused += 1

    def _keep(self, record: Signed[Record]) -> bool:
        message = record.message
        is_player = isinstance(message, PlayerRecord)
        if message.maker == self.key:
            self._hear_own(record)
            return False
        if self.ledger.player(message.maker) is None:
            if not is_player and not isinstance(message, Rotation):
                self._intake.hold(record)
                return False
            if self.members.get(message.maker) is None and not self.ports.admits(message.maker):
                return False
        if not self.ledger.add(record):
            self._intake.dismiss(record.mark)
            return False
        if isinstance(message, PlayerRecord):
            where, has_left = next(iter(message.addresses), ""), message.state == LEFT
            state = self.members.introduce(message.maker, message.sequence, where, has_left, self.ports.now())
            self._told(message.maker, state)
        self._spread(record)
        self.ports.heard(record)
        if is_player:
            for orphan in self._intake.held(message.maker):
                self._keep(orphan)
        return True

    def _hear_own(self, record: Signed[Record]) -> None:
        """A record that we made in an earlier life: what we asked for then still holds, where we are does not."""
        message = record.message
        if isinstance(message, PlayerRecord):
            own = self.ledger.player(self.key)
            if own is None or message.sequence >= own.sequence:
                self.announce(HERE, message.sequence + 1)
        elif self.ledger.add(record):
            self._spread(record)
            self.ports.heard(record)

    def _spread(self, record: Signed[Record]) -> None:
        self._rumours.spread(record.mark, len(self.members))
        self._next_gossip = min(self._next_gossip, self.ports.now() + _SOON_S * self.ports.dice.random())

    def _baggage(self) -> tuple[bytes, ...]:
        """Fresh records that fit beside a probe."""
        return self._rumours.records(self.ledger, _BAGGAGE)

    def _gossip(self, now: float) -> None:
        for member in self.members.some(_FANOUT):
            self._gossip_to(member)
        pause_s = _CROWDED_S if self._rumours.wait else _GOSSIP_S
        self._next_gossip = now + pause_s if self._rumours else math.inf

    def _gossip_to(self, member: Member) -> None:
        records, doubts = (
            self._rumours.records(self.ledger, ROOM - _DOUBTS),
            self._rumours.doubts(self.members.doubts()),
        )
        if records or doubts:
            self._send(member, Push(doubts, records))

    # Out

    def _told(self, key: bytes, state: str | None) -> None:
        member = self.members.get(key)
        if state is not None and member is not None:
            self.counts.gone += state == GONE
            self.ports.turned(member, state)

    def _send_to(self, key: bytes, message: Message) -> None:
        member = self.members.get(key)
        if member is not None and member.state != MEMBERS_LEFT:
            self._send(member, message)

    def _send(self, member: Member, message: Message) -> None:
        used = self._budget.get(member.key, 0)
        if used >= _PER_PEER:
            return
        self._budget[member.key] = used + 1
        self.counts.sent += 1
        self.ports.send(member.key, member.address, encode(message))
