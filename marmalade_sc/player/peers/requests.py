"""What becomes of requests: judged, fetched, deployed, run once, and heard when they should be."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Coroutine, Mapping
from typing import Final

from marmalade_sc.clock.timeline import Timeline
from marmalade_sc.clock.timetag import units_to_milliseconds
from marmalade_sc.errors import MarmaladeError, PeerError, UnknownNameError
from marmalade_sc.identity.keys import Identity, PublicKey
from marmalade_sc.peers.client import Client
from marmalade_sc.peers.judgement import BLOCK, Pending, Verdict, followed_by, judge_play, manifest_of, may_touch
from marmalade_sc.peers.policies import entrance, ours
from marmalade_sc.peers.records import (
    ControlTicket,
    GeneratorRecord,
    PlayerRecord,
    PlayTicket,
    Record,
    StopTicket,
    open_record,
)
from marmalade_sc.peers.station import Station
from marmalade_sc.player.control.livelink import LiveLink
from marmalade_sc.player.control.protocol import Message
from marmalade_sc.player.shared.deliveries import Deliveries
from marmalade_sc.player.shared.strips import strip_of
from marmalade_sc.player.trust.acquaintances import Acquaintances

__all__ = ["Requests"]

_PATIENCE_S: Final = 3.0
"""How long the answer to a play waits for its start; what takes longer is told as `coming`."""
_AGAIN_S: Final = 2.0


class Requests:
    """See the module. For one event loop.

    Args:
        timeline: of this player, as it is now.
        rule: when others' plays begin here, and the bars of a phrase: see `policies.entrance`.
        note: takes what was asked for, with when its maker meant it and when it was heard, for the jam's state.
    """

    def __init__(
        self,
        own: Identity,
        station: Station,
        client: Client,
        friends: Acquaintances,
        deliveries: Deliveries,
        runs: LiveLink,
        rule: Callable[[], tuple[str, int]],
        timeline: Callable[[], Timeline | None],
        jam_time: Callable[[], int],
        note: Callable[[Mapping[str, object]], None],
        wall_ms: Callable[[], int],
        say: Callable[[str], None],
    ) -> None:
        self._own = own
        self._station = station
        self._client = client
        self._friends = friends
        self.deliveries = deliveries
        self.runs = runs
        self._rule = rule
        self._timeline = timeline
        self._jam_time = jam_time
        self._note = note
        self._wall_ms = wall_ms
        self._say = say
        self._pending = Pending()
        self._deploying = asyncio.Lock()
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

    # When

    def _begins(self, ticket: PlayTicket) -> Mapping[str, object]:
        """What to ask of the runner, so that it is heard when it should be."""
        is_own = ticket.maker == self._own.public.raw
        rule, phrase_bars = self._rule()
        begin = ticket.at if is_own else self._ours(ticket)
        return entrance(ticket, begin, self._jam_time(), phrase_bars, "" if is_own else rule)

    def _bars_until(self, begin: int) -> float:
        """From now to the entrance of what follows: so long the one before plays on."""
        timeline, now = self._timeline(), self._jam_time()
        return float(timeline.cycle(begin) - timeline.cycle(now)) if timeline is not None and begin > now else 0.0

    def _ours(self, record: PlayTicket | StopTicket | ControlTicket) -> int | None:
        return ours(record.at, self._station.offset(record.maker), self._station.since)

    def _note_heard(self, record: PlayTicket | StopTicket | ControlTicket) -> None:
        """Both times of a remote event are kept: when its maker meant it, and when it was heard here."""
        if record.maker == self._own.public.raw:
            return
        offset, meant = self._station.offset(record.maker), self._ours(record)
        self._note(
            {
                "what": type(record).__name__.removesuffix("Ticket").lower(),
                "who": str(self._friends.name(PublicKey(record.maker))),
                "instance": f"{record.generator}:{record.instance}",
                "meant_ms": None if meant is None else units_to_milliseconds(meant),
                "heard_ms": units_to_milliseconds(self._jam_time()),
                "offset_ms": None if offset is None else round(offset.offset_s * 1000, 4),
                "uncertainty_ms": None
                if offset is None
                else round((offset.uncertainty_s + offset.asymmetry_s) * 1000, 4),
            }
        )

    # Others' requests

    def heard(self, record: Record) -> None:
        """A record that is news: what it asks for is begun. Never blocks."""
        if isinstance(record, PlayTicket | StopTicket | ControlTicket):
            self._note_heard(record)
            self._start(self.carry_out(record))

    def look(self) -> None:
        """Now and then: what waited for its author's record or for bytes is tried again."""
        now = time.monotonic()
        for path, (ticket, when) in list(self._waiting.items()):
            if now >= when:
                del self._waiting[path]
                if ticket.expires > self._wall_ms():
                    self._start(self.carry_out(ticket))

    async def carry_out(self, record: Record) -> str:
        """Do what a record asks for, as far as its maker may; in one word what came of it."""
        if isinstance(record, PlayTicket):
            path = (record.generator, record.instance)
            if self._began.get(path) == (record.maker, record.sequence):
                word = self._judged(record).word  # it may have been stopped since
                return "started" if word == "run" else word  # the same ticket, by another way: one of them was first
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
            async with self._deploying:  # two versions of one generator must not mix on the shelf
                await asyncio.to_thread(self._deploy, manifest)
        except MarmaladeError as error:  # nobody answers, or there is no room: tried again until it expires
            is_final = isinstance(error, PeerError) and error.reason == "conflict"
            if is_final and await asyncio.to_thread(
                self.deliveries.has, manifest
            ):  # all of it is here: nothing will change
                self._say(f"{self._local(ticket)} does not run here: {error.message}.")
                return "failed"
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
        self.deliveries.deploy(manifest, self._friends.name(author))

    async def _fetch(self, manifest: GeneratorRecord) -> None:
        """From its author first, then from anybody: its hash says whether it is right. Raises PeerError."""
        sha256 = manifest.sha256.hex()
        part = await asyncio.to_thread(self.deliveries.part, sha256)
        until = time.monotonic() + _AGAIN_S
        while not any(self._station.proven(each.key) for each in self._station.node.members.present):
            if time.monotonic() >= until:
                break
            await asyncio.sleep(0.05)  # behind a partition the news are here a moment before any address is proven
        members = sorted(self._station.node.members.present, key=lambda each: each.key != manifest.maker)
        last = PeerError("Nobody that has it has answered yet")
        for member in members:
            to = self._station.proven(member.key)
            if to is None:
                continue
            try:
                key = PublicKey(member.key)
                keep = self.deliveries.keep
                what = f"generator/{manifest.generator}?sha256={sha256}"
                await self._client.fetch(to, key, what, sha256, manifest.size, part, keep)
                return
            except PeerError as error:
                last = error
        raise last

    async def _run(self, ticket: PlayTicket) -> str:
        answer = await self.runs.ask(
            {
                "do": "run",
                "generator": self._local(ticket),
                "instance": ticket.instance,
                "track": self._strip(ticket),
                "controls": dict(ticket.controls),
                "bars": ticket.bars or None,
                "seconds": ticket.seconds or None,
                "sha256": ticket.sha256.hex(),
                **self._begins(ticket),
                "requester": str(self._friends.name(PublicKey(ticket.maker))),
            }
        )
        if error := answer.get("error"):
            text = error.get("text") if isinstance(error, Mapping) else error
            self._say(f"{self._local(ticket)} does not run here: {str(text)[:300]}")
            return "failed"
        if not answer.get("started"):
            return "again"
        self._began[(ticket.generator, ticket.instance)] = (ticket.maker, ticket.sequence)
        if len(self._began) > 256:
            del self._began[next(iter(self._began))]
        begin = answer.get("begin")
        for older in followed_by(ticket, self._station.node.ledger):
            path, bars = (
                f"{self._local(older)}:{older.instance}",
                self._bars_until(begin if isinstance(begin, int) else 0),
            )
            await self.runs.ask({"do": "stop", "name": path, "bars": bars, "why": "its next version plays"})
        await self._catch_up(ticket)
        return "started"

    def _local(self, play: PlayTicket) -> str:
        """What a play's generator is called here: its author's ID may be another key's, which was known first."""
        return f"{self._friends.name(PublicKey(play.author))}:{play.generator.partition(':')[2]}"

    def _strip(self, ticket: PlayTicket) -> str:
        """Where it plays: what is asked for here goes where it was asked to."""
        if ticket.maker == self._own.public.raw:
            return ticket.track
        return strip_of(ticket.track, str(self._friends.name(PublicKey(ticket.maker))))

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
            who, word = self._friends.title(PublicKey(ticket.maker)), self._friends.word(PublicKey(asks))
            self._say(
                f'{who} asks to play {self._local(ticket)}. To let {word} play: jam.trust("{word}") here, or marmalade '
                f"peers trust {word}; else it goes by itself."
            )

    async def _touch(self, ticket: StopTicket | ControlTicket) -> str:
        if self._friends.level(PublicKey(ticket.maker)) in ("block", "ask"):
            return "pending"
        play = may_touch(ticket, self._station.node.ledger)
        if play is None:
            return "unknown"
        path = f"{self._local(play)}:{ticket.instance}"
        if isinstance(ticket, StopTicket):
            answer = await self.runs.ask({"do": "stop", "name": path, "bars": ticket.bars})
        else:
            answer = await self.runs.ask({"do": "control", "name": path, "controls": dict(ticket.controls)})
        return "unknown" if answer.get("error") else "done"

    # What waits for the user

    async def pending(self, message: Message) -> Message:
        """What waits for the user."""
        rows = [
            {
                "number": each.number,
                "requester": str(self._friends.name(PublicKey(each.ticket.maker))),
                "title": self._friends.title(PublicKey(each.ticket.maker)),
                "generator": self._local(each.ticket),
                "instance": each.ticket.instance,
                "asks": str(self._friends.name(PublicKey(each.asks))),
                "fingerprint": PublicKey(each.asks).fingerprint,
                "seconds_left": max(0, (each.until_ms - self._wall_ms()) // 1000),
            }
            for each in self._pending.all(self._wall_ms())
        ]
        lines = [
            f"{each['number']:4} {each['title']} asks to play {each['generator']}; {each['asks']} "
            f"(SHA256:{each['fingerprint']}) is not trusted; {each['seconds_left']} s left"
            for each in rows
        ]
        return {"pending": rows, "value": "\n".join(lines) or "Nothing waits for your word."}

    async def deny(self, message: Message) -> Message:
        """Drop a request that waits."""
        number = message["number"]
        if not isinstance(number, int) or self._pending.take(number) is None:
            raise UnknownNameError(f"No request {number!r:.20} waits", hint="`marmalade peers pending` lists them.")
        return {}

    async def nickname(self, message: Message) -> Message:
        """Call a player so, here only."""
        key = self._key(str(message["player"]))
        known = [PublicKey(each.maker) for each in self._station.node.ledger.of(PlayerRecord)]
        return {"value": await asyncio.to_thread(self._friends.call, key, str(message["nickname"]), known)}

    async def trust(self, message: Message) -> Message:
        """Trust a player from now on, and carry out what waited for that; what a blocked one has here ends."""
        key = self._key(str(message["player"]))
        name = await asyncio.to_thread(self._friends.set, key, str(message["level"]))
        if message["level"] == BLOCK:
            for play in self._station.node.ledger.of(PlayTicket):
                if key.raw in (play.maker, play.author):
                    path = f"{self._local(play)}:{play.instance}"
                    await self.runs.ask({"do": "stop", "name": path, "why": f"{name} is blocked"})
        await self.runs.ask({"do": "regrant"})  # who may write more or less now may so at once
        for each in self._pending.of(key.raw):
            self.heard(each.ticket)
        return {"value": f"{self._friends.whole(key)} is trusted: {message['level']}"}

    # Inside

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
