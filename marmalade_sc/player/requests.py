"""What becomes of requests: others' are judged, fetched, deployed and run once; ours are signed and told to all."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Coroutine, Mapping
from typing import Final

from marmalade_sc.errors import GeneratorError, MarmaladeError, PeerError, UnknownNameError, nearest
from marmalade_sc.identity.keys import Identity, PublicKey
from marmalade_sc.ids import check_name
from marmalade_sc.peers.client import Client
from marmalade_sc.peers.judgement import Pending, Verdict, judge_play, manifest_of, may_touch
from marmalade_sc.peers.records import (
    VERSION,
    ControlTicket,
    GeneratorRecord,
    Head,
    PlayerRecord,
    PlayTicket,
    Record,
    Signed,
    StopTicket,
    open_record,
    signed,
)
from marmalade_sc.peers.requests import Asker, JamName
from marmalade_sc.peers.station import Station
from marmalade_sc.player.acquaintances import Acquaintances
from marmalade_sc.player.control import Message
from marmalade_sc.player.deliveries import Deliveries
from marmalade_sc.player.livelink import LiveLink
from marmalade_sc.player.rollbook import Rollbook

__all__ = ["Requests"]

_TICKET_MS: Final = 86_400_000
_PATIENCE_S: Final = 3.0
"""How long the answer to a play waits for its start; what takes longer is told as `coming`."""
_AGAIN_S: Final = 2.0


class Requests:
    """See the module. For one event loop."""

    def __init__(
        self,
        own: Identity,
        jam: JamName,
        station: Station,
        client: Client,
        asker: Asker,
        friends: Acquaintances,
        deliveries: Deliveries,
        runs: LiveLink,
        rollbook: Rollbook,
        wall_ms: Callable[[], int],
        say: Callable[[str], None],
    ) -> None:
        self._own = own
        self._jam = jam
        self._station = station
        self._client = client
        self._asker = asker
        self._friends = friends
        self.deliveries = deliveries
        self.runs = runs
        self._rollbook = rollbook
        self._wall_ms = wall_ms
        self._say = say
        self._pending = Pending()
        self._plays: dict[tuple[str, str], asyncio.Task[str]] = {}
        self._waiting: dict[tuple[str, str], tuple[PlayTicket, float]] = {}
        self._began: dict[tuple[str, str], tuple[bytes, int]] = {}
        self._tasks: set[asyncio.Task[object]] = set()

    async def close(self) -> None:
        """End what is under way; what was not begun is begun by the next start, or never: never twice."""
        tasks = [*self._plays.values(), *self._tasks]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def restore(self, data: bytes) -> None:
        """A record of ours from an earlier life. Raises PeerError where it has expired."""
        self._station.node.publish(open_record(data))

    # Others' requests

    def heard(self, record: Record) -> None:
        """A record that is news: what it asks for is begun. Never blocks."""
        if isinstance(record, PlayTicket | StopTicket | ControlTicket):
            self._start(self.carry_out(record))

    def look(self) -> None:
        """Now and then: what waited for its author's record or for bytes is tried again."""
        now = time.monotonic()
        for path, (ticket, when) in list(self._waiting.items()):
            if now >= when:
                del self._waiting[path]
                if ticket.expires > self._wall_ms():
                    self.heard(ticket)

    async def carry_out(self, record: Record) -> str:
        """Do what a record asks for, as far as its maker may; in one word what came of it."""
        if isinstance(record, PlayTicket):
            path = (record.generator, record.instance)
            if self._began.get(path) == (record.maker, record.sequence):
                return "started"  # the same ticket, by another way: one of them was first
            task = self._plays.get(path)
            if task is None:
                task = self._plays[path] = asyncio.create_task(self._play(record))
                task.add_done_callback(lambda _: self._plays.pop(path, None))
            done, _ = await asyncio.wait([task], timeout=_PATIENCE_S)
            return task.result() if done else "coming"
        if isinstance(record, StopTicket | ControlTicket):
            return await self._touch(record)
        return "heard"

    async def _play(self, ticket: PlayTicket) -> str:
        verdict, until = self._judged(ticket), time.monotonic() + _AGAIN_S
        while verdict.word == "waiting" and time.monotonic() < until:
            await asyncio.sleep(0.02)  # the author's record is a moment behind the request that came straight
            verdict = self._judged(ticket)
        if verdict.word == "pending":
            self._ask_user(ticket, verdict.asks)
        elif verdict.word == "waiting":
            self._waiting[(ticket.generator, ticket.instance)] = (ticket, time.monotonic() + _AGAIN_S)
        if verdict.word != "run":
            return verdict.word
        manifest = manifest_of(ticket, self._station.node.ledger)
        assert manifest is not None
        try:
            if not await asyncio.to_thread(self.deliveries.has, manifest):
                await self._fetch(manifest)
            await asyncio.to_thread(self._deploy, manifest)
        except (PeerError, GeneratorError) as error:
            self._waiting[(ticket.generator, ticket.instance)] = (ticket, time.monotonic() + 2 * _AGAIN_S)
            print(f"{ticket.generator} cannot be had yet: {error.message}", flush=True)
            return "coming"
        return await self._run(ticket)

    def _judged(self, ticket: PlayTicket) -> Verdict:
        return judge_play(ticket, self._friends.level, self._station.node.ledger, self._wall_ms())

    def _deploy(self, manifest: GeneratorRecord) -> None:
        author = PublicKey(manifest.maker)
        if author != self._own.public:
            self._friends.set(author, self._friends.level(author))  # the shelf asks by name: its key stands there now
        self.deliveries.deploy(manifest)

    async def _fetch(self, manifest: GeneratorRecord) -> None:
        """From its author first, then from anybody: its hash says whether it is right. Raises PeerError."""
        sha256 = manifest.sha256.hex()
        part = await asyncio.to_thread(self.deliveries.part, sha256)
        members = sorted(self._station.node.members.present, key=lambda each: each.key != manifest.maker)
        last = PeerError("Nobody that has it has answered yet")
        for member in members:
            to = self._station.proven(member.key)
            if to is None:
                continue
            try:
                key = PublicKey(member.key)
                keep = self.deliveries.keep
                await self._client.fetch(to, key, manifest.generator, sha256, manifest.size, part, keep)
                return
            except PeerError as error:
                last = error
        raise last

    async def _run(self, ticket: PlayTicket) -> str:
        answer = await self.runs.ask(
            {
                "do": "run",
                "generator": ticket.generator,
                "instance": ticket.instance,
                "track": ticket.track,
                "controls": dict(ticket.controls),
                "bars": ticket.bars or None,
                "seconds": ticket.seconds or None,
                "sha256": ticket.sha256.hex(),
                "requester": str(self._friends.name(PublicKey(ticket.maker))),
            }
        )
        if error := answer.get("error"):
            text = error.get("text") if isinstance(error, Mapping) else error
            self._say(f"{ticket.generator} does not run here: {str(text)[:300]}")
            return "failed"
        if not answer.get("started"):
            return "again"
        self._began[(ticket.generator, ticket.instance)] = (ticket.maker, ticket.sequence)
        if len(self._began) > 256:
            del self._began[next(iter(self._began))]
        await self._catch_up(ticket)
        return "started"

    async def _catch_up(self, ticket: PlayTicket) -> None:
        """What was said of an instance before it was there: that it is to end, or its controls."""
        for kind in ("control", "stop"):
            for maker in dict.fromkeys((ticket.maker, ticket.author)):
                found = self._station.node.ledger.at(kind, maker, ticket.generator, ticket.instance)
                if found is not None and isinstance(found.message, StopTicket | ControlTicket):
                    await self._touch(found.message)

    def _ask_user(self, ticket: PlayTicket, asks: bytes) -> None:
        found = self._pending.add(ticket, asks, self._wall_ms())
        if found is not None:
            who, name = self._friends.name(PublicKey(ticket.maker)), self._friends.name(PublicKey(asks))
            self._say(
                f"{who} asks to play {ticket.generator}. To let {name} play: marmalade peers trust {name} sandbox; "
                f"else it goes by itself."
            )

    async def _touch(self, ticket: StopTicket | ControlTicket) -> str:
        if self._friends.level(PublicKey(ticket.maker)) in ("block", "ask"):
            return "pending"
        play = may_touch(ticket, self._station.node.ledger)
        if play is None:
            return "unknown"
        path = f"{ticket.generator}:{ticket.instance}"
        if isinstance(ticket, StopTicket):
            answer = await self.runs.ask({"do": "stop", "name": path, "bars": ticket.bars})
        else:
            answer = await self.runs.ask({"do": "control", "name": path, "controls": dict(ticket.controls)})
        return "unknown" if answer.get("error") else "done"

    # The user's words

    async def pending(self, message: Message) -> Message:
        """What waits for the user."""
        rows = [
            {
                "number": each.number,
                "requester": str(self._friends.name(PublicKey(each.ticket.maker))),
                "generator": each.ticket.generator,
                "instance": each.ticket.instance,
                "asks": str(self._friends.name(PublicKey(each.asks))),
                "fingerprint": PublicKey(each.asks).fingerprint,
                "seconds_left": max(0, (each.until_ms - self._wall_ms()) // 1000),
            }
            for each in self._pending.all(self._wall_ms())
        ]
        return {"pending": rows}

    async def deny(self, message: Message) -> Message:
        """Drop a request that waits."""
        number = message["number"]
        if not isinstance(number, int) or self._pending.take(number) is None:
            raise UnknownNameError(f"No request {number!r:.20} waits", hint="`marmalade peers pending` lists them.")
        return {}

    async def trust(self, message: Message) -> Message:
        """Trust a player from now on, and carry out what waited for that."""
        key = self._key(str(message["player"]))
        name = await asyncio.to_thread(self._friends.set, key, str(message["level"]))
        for each in self._pending.of(key.raw):
            self.heard(each.ticket)
        return {"value": f"{name} (SHA256:{key.fingerprint}) is trusted: {message['level']}"}

    async def share(self, message: Message) -> Message:
        """Play a generator here and everywhere (not here: `elsewhere`); answers what each player said."""
        generator, version, sha256, shelf, size, is_own = await asyncio.to_thread(
            self.deliveries.described, str(message["generator"])
        )
        now, node = self._wall_ms(), self._station.node
        if is_own:
            manifest = GeneratorRecord(
                **self._head(now), generator=str(generator), name=version, sha256=bytes.fromhex(sha256), size=size,
                shelf=shelf,
            )  # fmt: skip
            known = node.ledger.at(*manifest.slot)
            if known is None:
                self._publish(manifest)
            author = self._own.public.raw
        else:
            records = [each for each in node.ledger.of(GeneratorRecord) if each.sha256.hex() == sha256]
            if not records:
                raise GeneratorError(f"{generator} was not shared in this jam by its author", hint="Ask its author to.")
            author = records[0].maker
        instance = str(message.get("instance") or f"{time.strftime('%Y%m%d-%H%M%S')}-{self._own.player}")
        controls = message.get("controls") or {}
        if not isinstance(controls, Mapping):
            raise ValueError("controls are an object of numbers")
        ticket = PlayTicket(
            **self._head(now),
            generator=str(generator),
            author=author,
            sha256=bytes.fromhex(sha256),
            instance=check_name(instance, "instance"),
            track=str(message.get("track") or generator.name),
            controls=tuple(sorted((str(name), float(value)) for name, value in controls.items())),
            bars=float(str(message.get("bars") or 0)),
            seconds=float(str(message.get("seconds") or 0)),
            policy="arrival",
            at=0,
        )
        record = self._publish(ticket)
        # A track that is shared plays on here as it is; its generator is for the others.
        here = "elsewhere" if message.get("elsewhere") else await self.carry_out(ticket)
        return {"instance": f"{generator}:{instance}", "here": here, "players": await self._tell_all("play", record)}

    async def share_stop(self, message: Message) -> Message:
        """End an instance everywhere."""
        play = self._shared(str(message["name"]))
        ticket = StopTicket(
            **self._head(self._wall_ms()),
            generator=play.generator,
            instance=play.instance,
            bars=float(str(message.get("bars") or 0)),
        )
        record = self._publish(ticket)
        return {"here": await self._touch(ticket), "players": await self._tell_all("stop", record)}

    async def share_control(self, message: Message) -> Message:
        """Set controls of an instance everywhere."""
        play, given = self._shared(str(message["name"])), message["controls"]
        if not isinstance(given, Mapping):
            raise ValueError("controls are an object of numbers")
        before = self._station.node.ledger.at("control", self._own.public.raw, play.generator, play.instance)
        controls = dict(before.message.controls) if before and isinstance(before.message, ControlTicket) else {}
        controls.update({str(name): float(value) for name, value in given.items()})
        ticket = ControlTicket(
            **self._head(self._wall_ms()),
            generator=play.generator,
            instance=play.instance,
            controls=tuple(sorted(controls.items())),
        )
        record = self._publish(ticket)
        return {"here": await self._touch(ticket), "players": await self._tell_all("control", record)}

    # Inside

    def _head(self, now: int) -> Head:
        node = self._station.node
        return {
            "version": VERSION,
            "jam": self._jam.name,
            "jam_id": self._jam.id,
            "maker": self._own.public.raw,
            "sequence": node.sequence(),
            "made": now,
            "expires": now + _TICKET_MS,
        }

    def _publish(self, record: Record) -> Signed[Record]:
        found = signed(self._own, record)
        try:
            self._rollbook.keep(found.data)
        except OSError as error:
            raise GeneratorError(f"It cannot be written down, so it is not played: {error.strerror}") from error
        self._station.node.publish(found)
        self._station.kick()
        return found

    async def _tell_all(self, method: str, record: Signed[Record]) -> list[Message]:
        """To each player directly; whoever is not reached hears it from others."""
        members = self._station.node.members.present
        return list(await asyncio.gather(*(self._tell(each.key, method, record) for each in members)))

    async def _tell(self, raw: bytes, method: str, record: Signed[Record]) -> Message:
        key, to = PublicKey(raw), self._station.proven(raw)
        name = str(self._friends.name(key))
        if to is None:
            return {"id": name, "status": "told"}
        try:
            answer = await self._client.ask(to, key, method, self._asker, record)
            return {"id": name, "status": str(answer.get("status"))[:20]}
        except PeerError as error:
            return {"id": name, "status": error.reason}

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

    def _key(self, word: str) -> PublicKey:
        """The key that a name or fingerprint means. Raises UnknownNameError where it is none, or more than one."""
        raws = {each.maker for each in self._station.node.ledger.of(PlayerRecord)}
        raws |= {each.asks for each in self._pending.all(self._wall_ms())}
        return self._friends.meant(word, [PublicKey(raw) for raw in raws - {self._own.public.raw}])

    def _start(self, work: Coroutine[object, object, object]) -> None:
        async def done() -> object:
            with contextlib.suppress(MarmaladeError):
                return await work
            return None

        task: asyncio.Task[object] = asyncio.create_task(done())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
