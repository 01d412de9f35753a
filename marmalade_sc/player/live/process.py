"""The live host's process: evaluates the user's code and plays its tracks. A wiring."""

import asyncio
import contextlib
import os
import signal
import socket
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from fractions import Fraction
from typing import cast

from marmalade_sc.assist.guide import Guide
from marmalade_sc.clock.timeline import Timeline
from marmalade_sc.clock.timetag import UNITS_PER_SECOND, units_to_milliseconds
from marmalade_sc.errors import JamError, MarmaladeError, TimelineError
from marmalade_sc.jam import keys
from marmalade_sc.jam.streams import FrameWriter, StateLog
from marmalade_sc.jam.urgent import Urgent
from marmalade_sc.live.generation import Generation
from marmalade_sc.live.host import Host
from marmalade_sc.live.limits import QUERY_S, at_most
from marmalade_sc.live.link import LONGEST_LINE, Message, decode, encode
from marmalade_sc.live.past import Past, since_mark
from marmalade_sc.live.scheduler import Scheduler, Timing
from marmalade_sc.live.session import Session
from marmalade_sc.patterns.controls import voice
from marmalade_sc.patterns.language import namespace
from marmalade_sc.player.base import lifeline
from marmalade_sc.player.base.program import run_program
from marmalade_sc.player.base.scribe import Scribe
from marmalade_sc.player.base.wiring import Wiring
from marmalade_sc.player.live.assistance import setting_rows
from marmalade_sc.player.live.autosave import Autosave
from marmalade_sc.player.live.evaluations import EvaluationLog
from marmalade_sc.player.live.progress import TutorialFile
from marmalade_sc.player.live.resuming import boot, resumed
from marmalade_sc.player.live.scorename import score_name
from marmalade_sc.player.sounds.content import read_orchestra, wait_for_catalogue
from marmalade_sc.player.supervision.children import become_subreaper
from marmalade_sc.player.supervision.nursery import Nursery

__all__ = ["main"]

LIVE_STREAM = keys.events("local", "live", "main")
_KEPT_TIMELINES = 3000
_KEPT_EVALUATIONS = 100_000
_EPOCH_SHIFT, _EPOCHS = 28, (1 << 30) - 1
"""Sixteenths of seconds: a generation after a crash begins beyond every epoch that was used, for no track changes so
often."""
_FIRST_BEAT = UNITS_PER_SECOND // 4


class _Clients:
    """The hub's connections: commands in, answers and events out, as JSON lines."""

    def __init__(self, host: Host, restorable: str) -> None:
        self.host = host
        self._restorable = restorable
        self._writers: set[asyncio.StreamWriter] = set()

    def tell(self, event: Message) -> None:
        """Send an event to every client."""
        for writer in list(self._writers):
            with contextlib.suppress(OSError, RuntimeError):
                writer.write(encode(event))

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One client, until it goes."""
        self._writers.add(writer)
        with contextlib.suppress(OSError, RuntimeError):
            writer.write(encode({"event": "restorable", "text": self._restorable}))
        running: set[asyncio.Task[None]] = set()
        try:
            while line := await reader.readline():
                task = asyncio.create_task(self._answer(decode(line), writer))
                running.add(task)
                task.add_done_callback(running.discard)
        except (OSError, ValueError, MarmaladeError, asyncio.CancelledError):
            pass  # it went, or we end
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _answer(self, message: Message, writer: asyncio.StreamWriter) -> None:
        do = message.get("do")
        answer: Message
        if do == "evaluate":
            answer = await self.host.evaluate(str(message.get("code", "")), str(message.get("source", "")))
        elif do == "interrupt":
            answer = {"interrupted": self.host.interrupt()}
        elif do == "tracks":
            answer = await self.host.tracks()
        elif do == "names":
            answer = {"names": self.host.names, "scenes": self.host.scenes, **await self.host.tracks()}
        elif do == "set":
            answer = await self.host.set_code()
        elif do == "share":
            answer = await self.host.share(str(message.get("track")), str(message.get("name")))
        elif do in ("watch", "saved"):
            self.host.watch(message)
            if do == "watch":  # told, not asked
                return
            answer = {"ok": True}
        else:  # commands have fields called `name`, too
            rest = {key: value for key, value in message.items() if key not in ("id", "do", "name")}
            answer = await self.host.command({**rest, "name": do, "called": message.get("name")})
        with contextlib.suppress(OSError, RuntimeError):
            writer.write(encode({**answer, "id": message.get("id")}))


class _Records:
    """What the host writes down: evaluations and timelines of this session into the jam's state, and beside it.

    Attributes:
        current: the timeline as it is now; a generation that has to begin anew begins with it.
        places: where the pieces that played had begun, once the history was read.
        strips: commands that had set strips of hosted tracks, likewise.
    """

    def __init__(self, wiring: Wiring, say: Callable[[str], None]) -> None:
        self.current: Timeline | None = None
        self._clock = wiring.clock
        self._boot = boot()
        self._state = StateLog(str(wiring.places.state_socket))
        self._urgent = Urgent(self._state, str(wiring.places.state_socket))
        self._scribe = Scribe()
        self._log = EvaluationLog(wiring.jam_places.history, wiring.clock.origin, say)
        self.places: object = None
        self.strips: list[Message] = []
        self._autosave = Autosave(wiring.jam_places.root, wiring.clock.origin, say)

    def begin(self, timeline: Timeline) -> str:
        """The session begins, or goes on; what to say of one before that crashed, or ""."""
        self.current = timeline
        self._scribe.put(lambda: self._log.begin(timeline))
        return self._autosave.begin()

    def end(self, in_order: bool) -> None:
        """This process ends; `in_order` when somebody wished it."""
        now = self._clock.now()
        if in_order and self.current is not None:  # bars that were ended are not gone on with: a setting may be another
            self._keep_timeline(self.current.to_json(), "")
        self._scribe.put(lambda: self._log.end(now))
        if in_order:
            self._scribe.put(self._autosave.end)
        self._scribe.close()

    def evaluation(self, code: str, source: str, facts: Message) -> Callable[[], object]:
        """One block or command that worked is on its way to the state when this returns; what it gives does more."""
        facts = dict(facts)
        places = facts.pop("places", None)
        record = self._to_be_done_again(code, source, facts, places)
        now = self._clock.now()
        settle = self._urgent.send(now, keys.EVALUATIONS, record, _KEPT_EVALUATIONS) if record is not None else None

        def end() -> None:
            if settle is not None:
                settle()
            self._scribe.put(lambda: self._log.note(code, source, facts))  # last: its thread would hold this one up

        return end

    def _to_be_done_again(
        self, code: str, source: str, facts: Mapping[str, object], places: object
    ) -> dict[str, object] | None:
        """What another live host of this session needs of it; None where it has that from elsewhere."""
        command, origin = facts.get("command"), {"origin": str(self._clock.origin)}
        if code:
            return {"code": code, "source": source, **origin, **({"places": places} if places else {})}
        if isinstance(command, Mapping) and command.get("is_hosted") and command.get("name") != "mix":
            return {"strip": dict(command), **origin}
        return None  # others' faders are asked again, and a flood of them would push out the code

    def keep(self, code: str) -> None:
        """What plays now, as code."""
        now = datetime.now(UTC)
        self._scribe.put(lambda: self._autosave.write(code, now))

    def mark(self, code: str) -> None:
        """What all evaluations so far have come to."""
        record = {"set": code, "origin": str(self._clock.origin)}
        self._state.append(self._clock.now(), [(keys.EVALUATIONS, record, _KEPT_EVALUATIONS)])

    def timeline(self, timeline: Mapping[str, object]) -> None:
        """A revision of the timeline."""
        self.current = Timeline.from_json(timeline)
        self._keep_timeline(timeline, self._boot)

    def _keep_timeline(self, timeline: Mapping[str, object], this_boot: str) -> None:
        record = {"timeline": timeline, "origin": str(self._clock.origin), "boot": this_boot}
        self._state.append(self._clock.now(), [(keys.timeline(), record, _KEPT_TIMELINES)])

    def history(self) -> list[tuple[str, str]]:
        """What is to be done again of this session before this process; empty at its start, or without Redis."""
        found: list[tuple[str, str] | str] = []
        since = "-"
        try:
            while rows := self._state.since(keys.EVALUATIONS, since):
                for _, row in rows:
                    if str(row.get("origin")) != str(self._clock.origin):
                        continue
                    self.places = row.get("places", self.places)
                    if "code" in row:
                        found.append((str(row["code"]), str(row.get("source", ""))))
                    elif "set" in row:
                        found.append(str(row["set"]))
                    elif isinstance(strip := row.get("strip"), dict):
                        self.strips.append(strip)
                since = f"({rows[-1][0]}"
        except JamError:
            return []
        return since_mark(found)

    def last_timeline(self) -> Timeline | None:
        """The timeline of this session when it was already running, else None."""
        try:
            row = self._state.latest(keys.timeline())
            if str(row.get("origin")) != str(self._clock.origin):
                return None
            return Timeline.from_json(cast(dict[str, object], row["timeline"]))
        except (JamError, TimelineError, KeyError):
            return None

    def killed_timeline(self) -> Timeline | None:
        """That of a session before which was killed, where its bars can be gone on with."""
        with contextlib.suppress(JamError):
            return resumed(self._state.latest(keys.timeline()), self._boot, self._clock.origin, self._clock.now())
        return None


def main(arguments: list[str]) -> int:
    """Run until SIGTERM; the exit status."""
    wiring = Wiring.read(arguments)
    become_subreaper()
    # Before any thread begins: the scribe's would hold locks that a fork of this process keeps for ever.
    nursery = Nursery(lambda given: _play(wiring, Timeline.from_json(cast(dict[str, object], given))))
    wait_for_catalogue(wiring.catalogue, step=lifeline.going_on)
    path = wiring.live_socket
    with contextlib.suppress(FileNotFoundError):
        path.unlink()
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(os.fspath(path))
    listener.listen(64)
    said: list[Callable[[str], None]] = []

    def say(text: str) -> None:  # from the scribe's thread, once there is a loop to say it in
        for each in said:
            each(text)

    records = _Records(wiring, say)
    is_met = bool(wiring.settings.text("peers.listen"))
    before = records.last_timeline() or (records.killed_timeline() if is_met else None)
    timeline = before or Timeline.steady(
        str(wiring.settings.number("tempo.bpm")),
        wiring.clock.now() + _FIRST_BEAT,
        Fraction(str(wiring.settings.number("tempo.beats_per_bar"))),
    )
    restorable = records.begin(timeline)

    def spawn() -> int:
        try:
            return nursery.spawn((records.current or timeline).to_json())
        except OSError as error:  # started again, this process has another
            raise SystemExit(f"No generation can be forked: {error}") from error

    return asyncio.run(_serve(wiring, listener, spawn, records, restorable, said))


async def _serve(
    wiring: Wiring,
    listener: socket.socket,
    spawn: Callable[[], int],
    records: _Records,
    restorable: str,
    said: list[Callable[[str], None]],
) -> int:
    clients: _Clients

    def tell(event: Message) -> None:
        if event.get("event") == "timeline":
            records.timeline(cast(dict[str, object], event["timeline"]))
        if event.get("event") == "complaint":
            print(event.get("text"), flush=True)
        if event.get("event") == "set":
            records.keep(str(event["code"]))
        else:
            clients.tell(event)

    host = Host(wiring.live_socket, spawn, tell, records.evaluation, records.mark)
    clients = _Clients(host, restorable)
    front = wiring.places.socket("live-clients.sock")
    with contextlib.suppress(FileNotFoundError):
        front.unlink()
    server = await asyncio.start_unix_server(clients.serve, os.fspath(front), limit=LONGEST_LINE)
    history = records.history()
    host.places = records.places
    run = asyncio.create_task(host.run(listener, Past(history, records.strips)))
    loop = asyncio.get_running_loop()
    in_order, supervisor = False, os.getppid()

    def complain(text: str) -> None:
        event: Message = {"event": "complaint", "text": text}
        loop.call_soon_threadsafe(tell, event)

    said.append(complain)

    def end() -> None:
        nonlocal in_order
        in_order = os.getppid() == supervisor  # the kernel sends this signal, too, when the supervisor dies
        run.cancel()

    loop.add_signal_handler(signal.SIGTERM, end)
    loop.add_signal_handler(signal.SIGINT, lambda: None)

    def orphaned() -> None:
        loop.call_soon_threadsafe(run.cancel)

    lifeline.watch(orphaned)

    async def say_ready() -> None:
        await host.playing.wait()
        lifeline.ready()

    ready = asyncio.create_task(say_ready())
    try:
        with contextlib.closing(server):
            await run
    except asyncio.CancelledError:
        return 0
    finally:
        ready.cancel()
        said.clear()
        records.end(in_order)
    return 0


def _play(wiring: Wiring, timeline: Timeline) -> None:
    """The first generation, in a process that the nursery forked. Does not return."""
    settings = wiring.settings
    millisecond = UNITS_PER_SECOND // 1000
    timing = Timing(
        lookahead=round(settings.number("engine.lookahead_ms") * millisecond),
        frame=round(settings.number("engine.frame_ms") * millisecond),
        settled=round((settings.number("engine.handover_ms") + 5) * millisecond),
    )
    orchestra = read_orchestra(wiring.catalogue, wiring.banks)
    now = wiring.clock.now()
    scheduler = Scheduler(orchestra, timeline, timing, max(Fraction(0), timeline.cycle(now)))
    # Beyond every number that a process before this one has used: the dispatcher takes each only once.
    scheduler.seq = units_to_milliseconds(now)
    scheduler.first_epoch = (now >> _EPOCH_SHIFT) & _EPOCHS
    session = Session(
        namespace(),
        voice,
        orchestra,
        lambda: scheduler.timeline,
        wiring.clock.now,
        book=scheduler.book,
        guard=lambda: at_most(QUERY_S),
    )
    progress = TutorialFile(wiring.places.root / "tutorial.json", wiring.clock.origin)
    guide = Guide(session, progress, lambda: setting_rows(wiring.places.config))
    scores = score_name(session, lambda: scheduler.timeline.beats_per_cycle(scheduler.cursor))
    session.extend({**guide.names(), **scores}, guide.asked)
    generation = Generation(
        wiring.live_socket,
        scheduler,
        session,
        wiring.clock,
        lambda: FrameWriter(str(wiring.places.events_socket), LIVE_STREAM),
        lambda: read_orchestra(wiring.catalogue, wiring.banks),
        keys.NEWS,
    )
    generation.run()


if __name__ == "__main__":
    run_program(main)
