"""What the user asks of all players: plays, stops, controls, words; signed once, told to each, passed on by all."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final

from marmalade_sc.clock.offsets import Offset
from marmalade_sc.clock.timeline import Timeline
from marmalade_sc.clock.timetag import UNITS_PER_SECOND
from marmalade_sc.errors import GeneratorError, PeerError, UnknownNameError, UsageError, nearest
from marmalade_sc.generators.entrance import entrance
from marmalade_sc.identity.keys import Identity, PublicKey
from marmalade_sc.ids import check_name
from marmalade_sc.peers.client import Client
from marmalade_sc.peers.policies import AUTO, chosen, lead_s
from marmalade_sc.peers.records import (
    POLICIES,
    VERSION,
    Chat,
    ControlTicket,
    GeneratorRecord,
    Head,
    PlayTicket,
    Record,
    Signed,
    StopTicket,
    signed,
)
from marmalade_sc.peers.requests import Asker, JamName
from marmalade_sc.peers.station import Station
from marmalade_sc.player.control.protocol import Message
from marmalade_sc.player.generators.sharing import answers
from marmalade_sc.player.peers.rollbook import Rollbook
from marmalade_sc.player.shared.deliveries import Deliveries
from marmalade_sc.player.trust.acquaintances import Acquaintances

__all__ = ["Asking"]

_TICKET_MS: Final = 86_400_000
_CHAT_MS: Final = 3_600_000
_LONGEST_CHAT: Final = 500
_MOST_AHEAD: Final = 64


class Asking:
    """See the module. For one event loop.

    Args:
        carry: does here what a record asks for, and says in one word what came of it.
        timeline: of this player, as it is now.
        jam_time: in units of 2**-32 s.
    """

    def __init__(
        self,
        own: Identity,
        jam: JamName,
        station: Station,
        client: Client,
        asker: Asker,
        friends: Acquaintances,
        deliveries: Deliveries,
        rollbook: Rollbook,
        carry: Callable[[Record], Awaitable[str]],
        timeline: Callable[[], Timeline | None],
        jam_time: Callable[[], int],
        wall_ms: Callable[[], int],
    ) -> None:
        self._own = own
        self._jam = jam
        self._station = station
        self._client = client
        self._asker = asker
        self._friends = friends
        self._deliveries = deliveries
        self._rollbook = rollbook
        self._carry = carry
        self._timeline = timeline
        self._jam_time = jam_time
        self._wall_ms = wall_ms

    async def share(self, message: Message) -> Message:
        """Play a generator here and everywhere (not here: `elsewhere`); answers what each player said."""
        generator, version, sha256, shelf, size, is_own = await asyncio.to_thread(
            self._deliveries.described, str(message["generator"])
        )
        node = self._station.node
        if is_own:
            manifest = GeneratorRecord(
                **self._head(), generator=str(generator), name=version, sha256=bytes.fromhex(sha256), size=size,
                shelf=shelf,
            )  # fmt: skip
            known = node.ledger.at(*manifest.slot)
            if known is None:
                self.publish(manifest)
            author, signed_as = self._own.public.raw, str(generator)
        else:
            records = [each for each in node.ledger.of(GeneratorRecord) if each.sha256.hex() == sha256]
            if not records:
                raise GeneratorError(f"{generator} was not shared in this jam by its author", hint="Ask its author to.")
            author, signed_as = records[0].maker, records[0].generator
        instance = str(message.get("instance") or f"{time.strftime('%Y%m%d-%H%M%S')}-{self._own.player}")
        policy, at = self._when(str(message.get("policy") or AUTO), float(str(message.get("ahead") or 1)))
        ticket = PlayTicket(
            **self._head(),
            generator=signed_as,
            author=author,
            sha256=bytes.fromhex(sha256),
            instance=check_name(instance, "instance"),
            track=str(message.get("track") or generator.name),
            controls=_controls(message.get("controls") or {}),
            bars=float(str(message.get("bars") or 0)),
            seconds=float(str(message.get("seconds") or 0)),
            policy=policy,
            at=at,
        )
        record = self.publish(ticket)
        # A track that is shared plays on here as it is; its generator is for the others.
        here = "elsewhere" if message.get("elsewhere") else await self._carry(ticket)
        players = await self._tell_all("play", record)
        return {"instance": f"{generator}:{instance}", "policy": policy, "here": here, "players": players}

    async def share_stop(self, message: Message) -> Message:
        """End an instance everywhere."""
        play = self._shared(str(message["name"]))
        ticket = StopTicket(
            **self._head(),
            generator=play.generator,
            instance=play.instance,
            bars=float(str(message.get("bars") or 0)),
            at=self._jam_time(),
        )
        record = self.publish(ticket)
        here, players = await self._carry(ticket), await self._tell_all("stop", record)
        value = f"{play.generator}:{play.instance} ends everywhere: {answers(players)}"
        return {"here": here, "players": players, "value": value}

    async def share_control(self, message: Message) -> Message:
        """Set controls of an instance everywhere."""
        play = self._shared(str(message["name"]))
        before = self._station.node.ledger.at("control", self._own.public.raw, play.generator, play.instance)
        controls = dict(before.message.controls) if before and isinstance(before.message, ControlTicket) else {}
        controls.update(_controls(message["controls"]))
        ticket = ControlTicket(
            **self._head(),
            generator=play.generator,
            instance=play.instance,
            controls=tuple(sorted(controls.items())),
            at=self._jam_time(),
        )
        record = self.publish(ticket)
        return {"here": await self._carry(ticket), "players": await self._tell_all("control", record)}

    async def chat(self, message: Message) -> Message:
        """Say something to all."""
        text = str(message["text"]).strip()
        if not text or not text.isprintable() or len(text) > 200 or len(text.encode()) > _LONGEST_CHAT:
            raise UsageError("That cannot be said", hint="Say 1 to 200 printable characters on one line.")
        head = self._head()
        head["expires"] = head["made"] + _CHAT_MS
        found = signed(self._own, Chat(**head, text=text, at=self._jam_time()))
        self._station.node.publish(found)
        self._station.kick()
        return {"players": len(self._station.node.members.present)}

    async def chats(self, message: Message) -> Message:
        """What was said lately, the newest last."""
        said = [
            each for each in self._station.node.ledger.of(Chat) if self._friends.level(PublicKey(each.maker)) != "block"
        ]
        rows = [
            {"from": self._friends.title(PublicKey(each.maker)), "text": each.text, "made_ms": each.made}
            for each in sorted(said, key=lambda each: (each.made, each.sequence))
        ]
        lines = [f"{row['from']}: {row['text']}" for row in rows]
        return {"chats": rows, "value": "\n".join(lines) or "Nothing was said lately."}

    def publish(self, record: Record) -> Signed[Record]:
        """A record of ours: on disk first, then to all. Raises GeneratorError where it cannot be written down."""
        found = signed(self._own, record)
        try:
            self._rollbook.keep(found.data)
        except OSError as error:
            raise GeneratorError(f"It cannot be written down, so it is not played: {error.strerror}") from error
        self._station.node.publish(found)
        self._station.kick()
        return found

    # Inside

    def _when(self, wish: str, ahead_bars: float) -> tuple[str, int]:
        """The policy of a wish, and the moment that goes with it. Raises UsageError."""
        if wish != AUTO and wish not in POLICIES:
            raise UsageError(f"There is no policy {wish!r:.40}", hint=f"It is {AUTO} or one of {', '.join(POLICIES)}.")
        if not 0 < ahead_bars <= _MOST_AHEAD:
            raise UsageError(f"{ahead_bars:g} bars ahead cannot be", hint=f"Give up to {_MOST_AHEAD}.")
        ways, now = self._ways(), self._jam_time()
        policy, timeline = chosen(wish, ways), self._timeline()
        if policy != "future":
            return policy, now
        begin = entrance(timeline, now + round(lead_s(ways) * UNITS_PER_SECOND), ahead_bars)
        if not begin:
            raise UsageError("Time stands still: there is no bar to come", hint="Let it go on first: clock.play().")
        return policy, begin

    def _ways(self) -> Sequence[Offset | None]:
        return [self._station.offset(each.key) for each in self._station.node.members.present]

    def _head(self) -> Head:
        now = self._wall_ms()
        return {
            "version": VERSION,
            "jam": self._jam.name,
            "jam_id": self._jam.id,
            "maker": self._own.public.raw,
            "sequence": self._station.node.sequence(),
            "made": now,
            "expires": now + _TICKET_MS,
        }

    async def _tell_all(self, method: str, record: Signed[Record]) -> list[Message]:
        """To each player directly; whoever is not reached hears it from others."""
        members = self._station.node.members.present
        return list(await asyncio.gather(*(self._tell(each.key, method, record) for each in members)))

    async def _tell(self, raw: bytes, method: str, record: Signed[Record]) -> Message:
        key, to = PublicKey(raw), self._station.proven(raw)
        who = {"id": str(self._friends.name(key)), "title": self._friends.title(key)}
        if to is None:
            return {**who, "status": "told"}
        try:
            answer = await self._client.ask(to, key, method, self._asker, record)
            return {**who, "status": str(answer.get("status"))[:20]}
        except PeerError as error:
            return {**who, "status": error.reason}

    def _shared(self, name: str) -> PlayTicket:
        """The play that a name means, of those that we may touch. Raises UnknownNameError."""
        own = self._own.public.raw
        plays = [each for each in self._station.node.ledger.of(PlayTicket) if own in (each.maker, each.author)]
        for each in plays:
            words = (each.instance, f"{each.generator}:{each.instance}", each.generator, each.track)
            if name in (*words, each.generator.partition(":")[2]):
                return each
        close = nearest(name, [each.instance for each in plays])
        raise UnknownNameError(
            f"You have shared no instance {name!r:.80}", hint=f"Did you mean {close!r}?" if close else ""
        )


def _controls(given: object) -> tuple[tuple[str, float], ...]:
    if not isinstance(given, Mapping):
        raise ValueError("controls are an object of numbers")
    return tuple(sorted((str(name), float(value)) for name, value in given.items()))
