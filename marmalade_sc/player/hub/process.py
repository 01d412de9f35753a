"""The hub's process: the control socket, where shells and editors meet the player. A wiring."""

import asyncio
import contextlib
import json
import os
import time
from datetime import UTC, datetime

from marmalade_sc.errors import JamError, MarmaladeError, PlayerError, UsageError
from marmalade_sc.ids import check_name
from marmalade_sc.jam import keys
from marmalade_sc.jam.keeper import Keeper
from marmalade_sc.jam.streams import StateLog
from marmalade_sc.live.link import serve
from marmalade_sc.live.mistakes import error_message
from marmalade_sc.player.base import lifeline
from marmalade_sc.player.base.logs import RotatedLog
from marmalade_sc.player.base.priority import stand_back
from marmalade_sc.player.base.program import run_program
from marmalade_sc.player.base.wiring import Wiring
from marmalade_sc.player.control.connection import Connection, failure, is_own, join
from marmalade_sc.player.control.livelink import LiveLink
from marmalade_sc.player.control.protocol import COMMANDS, LONGEST_LINE, VERSION, Message, check_command
from marmalade_sc.player.control.watching import WATCHED, Watching
from marmalade_sc.player.hub.configuration import configure_as
from marmalade_sc.player.hub.counting import Counting
from marmalade_sc.player.hub.farewell import bars_of, leave
from marmalade_sc.player.hub.looking import LOOKS, Looking
from marmalade_sc.player.hub.repertoire import Repertoire
from marmalade_sc.player.hub.strips import recording_s, with_hosted
from marmalade_sc.player.hub.takes import take_path
from marmalade_sc.player.live.assistance import Assistance
from marmalade_sc.player.live.sets import set_names

__all__ = ["main"]

_STATUS_S = 0.2
_NEWS_KEPT = 200
_ORDER_TRIES = 10
_EVENTS = frozenset({"status", "output", "news"}) | WATCHED


_PLAYS = -5
"""Its priority from when it is there: a panic has to come through on a busy machine, and the engine goes before it."""


class Hub:
    """Clients on one side, live host, engine and Redis on the other."""

    def __init__(self, wiring: Wiring) -> None:
        self.wiring = wiring
        self._clients: set[Connection] = set()
        self._live = LiveLink(wiring.places.socket("live-clients.sock"), self.live_event, self._joined)
        self._peers = LiveLink(
            wiring.places.socket("peers.sock"), self._peer_event, lambda: None, "What meets other players"
        )
        self._players: object = [{"id": "local", "is_own": True}]
        self._generators = LiveLink(
            wiring.places.socket("generators.sock"), self._generator_event, lambda: None, "What runs generators"
        )
        self._hosted: frozenset[str] = frozenset()
        self._timeline: object = None
        self._engine: dict[str, object] = {}
        self._state = StateLog(str(wiring.places.state_socket))
        self._events = StateLog(str(wiring.places.events_socket))
        self._news_id = ""
        self._keeper = Keeper(str(wiring.places.state_socket), wiring.jam_places.redis)
        self._looked = 0.0
        self._log = RotatedLog(wiring.jam_places.log)
        self._watching = Watching(self._events, self._order, self._live.tell, self._push)
        self._looking = Looking(wiring, self._rows, lambda: self._timeline)
        self._counting = Counting(self._live.ask)
        self._leaving: asyncio.Task[Message] | None = None
        self._repertoire = Repertoire(
            wiring, self._live.ask, self._generators.ask, self._peers.ask if self._is_met else None
        )
        self._assistance = Assistance(wiring.places, wiring.catalogue, wiring.banks, lambda message: self._names())

    async def run(self) -> None:
        """Serve until cancelled."""
        path = self.wiring.places.control_socket
        with contextlib.suppress(FileNotFoundError):
            path.unlink()
        server = await asyncio.start_unix_server(self._serve, os.fspath(path), limit=LONGEST_LINE)
        path.chmod(0o600)
        works = (self._live.keep(), self._generators.keep(), self._look(), self._watching.run())
        tasks = [asyncio.create_task(work) for work in works]
        if self._is_met:
            tasks.append(asyncio.create_task(self._peers.keep()))
        lifeline.ready()
        stand_back(_PLAYS)
        try:
            await serve(server)
        finally:
            for task in tasks:
                task.cancel()
            for client in self._clients:
                client.writer.close()

    # Events

    def live_event(self, event: Message) -> None:
        """Something the live host tells."""
        kind = event.get("event")
        if kind == "timeline":
            self._timeline = event["timeline"]
            self._push("status", self._status())
        elif kind == "steps":
            self._push("steps", event)
        elif kind == "restorable":
            self._repertoire.restorable = str(event.get("text", ""))
            self._say_restorable(self._clients)
        else:
            self._push("output", event)

    def _generator_event(self, event: Message) -> None:
        if event.get("event") == "hosted":
            tracks = event.get("tracks")
            self._hosted = frozenset(map(str, tracks)) if isinstance(tracks, list) else frozenset()
        elif event.get("event") == "say":
            self.say(str(event.get("text", "")))

    async def _rows(self) -> Message:
        return await self._generators.ask({"do": "instances"})

    def _peer_event(self, event: Message) -> None:
        if event.get("event") == "players":
            self._players = event.get("players")
        elif event.get("event") == "say":
            self.say(str(event.get("text", "")))
        elif event.get("event") == "chat":
            said = {name: str(event.get(name, "")) for name in ("from", "text")}
            self._push("news", {"event": "news", "kind": "chat", **said})

    @property
    def _is_met(self) -> bool:
        """Whether this player listens to others."""
        return bool(self.wiring.settings.text("peers.listen"))

    def _joined(self) -> None:
        self._watching.joined_live()

    def _say_restorable(self, clients: "set[Connection]") -> None:
        """To each client that hears of news, once: a crash of the whole player was nobody's wish."""
        if self._repertoire.restorable:
            event = {"event": "news", "kind": "say", "text": self._repertoire.restorable}
            for client in clients:
                client.push("news", json.dumps(event).encode() + b"\n")

    def say(self, text: str) -> None:
        """A sentence for the people at the shells."""
        self._push("news", {"event": "news", "kind": "say", "text": text})

    def _push(self, kind: str, event: Message) -> None:
        if kind in ("output", "news") and event.get("event") != "landed":
            words = " ".join(str(event.get(name, "")) for name in ("kind", "text", "path", "names") if event.get(name))
            stamp = datetime.now(UTC).isoformat(timespec="milliseconds")
            self._log.write(f"{stamp} {event.get('event')} {words}\n".encode())
        line = json.dumps(event).encode() + b"\n"
        for client in self._clients:
            client.push(kind, line)

    async def _look(self) -> None:
        """Five times a second: the engine's state and news. Redis is local; a question takes 0.2 ms."""
        while True:
            await asyncio.sleep(_STATUS_S)
            # Threads only read; clients belong to the loop.
            for record in await asyncio.to_thread(self._read):
                self._push("news", {"event": "news", **record})
                self._looking.heard(record)
            if said := await asyncio.to_thread(self._keep_writing):
                self.say(said)
            self._counting.look(self._timeline, self._hosted, self._players)
            if any("status" in client.wants for client in self._clients):
                self._push("status", self._status())

    def _read(self) -> list[dict[str, object]]:
        """The engine's state, and its news since the last call."""
        with contextlib.suppress(JamError):
            # The state is kept over sessions; only what this one wrote tells of now.
            engine, timeline = self._state.latest(keys.ENGINE), self._state.latest(keys.timeline())
            self._engine = engine if str(engine.get("origin")) == str(self.wiring.clock.origin) else {}
            if self._timeline is None and str(timeline.get("origin")) == str(self.wiring.clock.origin):
                self._timeline = timeline.get("timeline")
        with contextlib.suppress(JamError):
            if not self._news_id:
                rows = self._events.since(keys.NEWS)
                self._news_id = rows[-1][0] if rows else "0-0"
                return []
            rows = self._events.since(keys.NEWS, f"({self._news_id}", 100)
            self._news_id = rows[-1][0] if rows else self._news_id
            return [record for _, record in rows]
        return []

    def _keep_writing(self) -> str:
        """Once a second: a full disk must not stop the state server from taking writes. What to say of it."""
        if time.monotonic() - self._looked < 1.0:
            return ""
        self._looked = time.monotonic()
        return self._keeper.look() or ""

    def _status(self) -> Message:
        try:
            processes = json.loads(self.wiring.places.processes.read_text(encoding="utf-8"))["processes"]
        except (OSError, ValueError, KeyError, TypeError):
            processes = []
        return {
            "event": "status",
            "jam": self.wiring.jam,
            "origin": self.wiring.clock.origin,
            "timeline": self._timeline,
            "engine": self._engine,
            "state_error": self._state.error,
            "clients": len(self._clients),
            "processes": processes,
            "players": self._players,
            "set": self._repertoire.name,
            "recording_s": recording_s(self._engine, self.wiring.clock.now()),
            "hosted": sorted(self._hosted),
        }

    # Clients

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not is_own(writer):
            writer.close()
            return
        client = Connection(writer)
        self._clients.add(client)
        drain = asyncio.create_task(client.drain())
        running: set[asyncio.Task[None]] = set()
        client.answer({"hello": "marmalade", "version": VERSION, "jam": self.wiring.jam, "pid": os.getpid()})
        try:
            while line := await reader.readline():
                task = asyncio.create_task(self._answer(client, line))
                running.add(task)
                task.add_done_callback(running.discard)
        except asyncio.CancelledError:
            pass  # the hub ends
        except (OSError, ValueError, asyncio.LimitOverrunError):
            client.answer(failure(f"A message may have at most {LONGEST_LINE} bytes"))
        finally:
            drain.cancel()
            self._clients.discard(client)
            self._wants_changed()
            writer.close()

    async def _answer(self, client: Connection, line: bytes) -> None:
        number: object = None
        try:
            message = json.loads(line)
            if not isinstance(message, dict):
                raise PlayerError("A message is an object with the fields id and do.")
            number = message.get("id")
            check_command(message)
            answer = await self._do(client, message)
        except (ValueError, RecursionError) as error:
            answer = failure(f"A message is not JSON: {error}")
        except UsageError as error:
            answer = {"ok": False, "error": error_message(error)}
        except MarmaladeError as error:
            answer = failure(error.message)
        except OSError as error:  # a file that cannot be read, or opened: whoever asks must not wait for ever
            answer = failure(f"That cannot be done now: {error.strerror or error}")
        client.answer({**answer, "id": number})

    async def _do(self, client: Connection, message: Message) -> Message:
        do = message["do"]
        by = COMMANDS[str(do)].by
        if do == "status":
            return self._status()
        if do == "subscribe":
            wanted = message["to"]
            assert isinstance(wanted, list)
            is_new = "news" not in client.wants
            client.wants = _EVENTS.intersection(map(str, wanted))
            self._wants_changed()
            if is_new:
                self._say_restorable({client})
            return {"ok": True}
        if do in ("complete", "document"):
            return await self._assistance.answer(message)
        if do in ("hush", "panic"):
            self._generators.tell({"do": "stop", "name": str(message.get("track") or ""), "quiet": True})
        if do in ("hush", "mute", "unmute", "solo", "unsolo") and message.get("track") in self._hosted:
            message = {**message, "is_hosted": True}
        if message.get("quiet"):
            self._generators.tell(message)
            return {"ok": True}
        if do in LOOKS:
            return await self._looking.answer(message)
        if by == "generators":
            return await self._generators.ask(message)
        if by == "peers":
            if not self._is_met:
                raise PlayerError(
                    "This player listens to no others: marmalade config set peers.listen 0.0.0.0, then start it anew."
                )
            return await self._peers.ask(message)
        if do == "panic":
            await self._order({"order": "panic"})
            asyncio.ensure_future(self._live.ask({"do": "hush"}))
            return {"ok": True}
        if do == "record":
            path = take_path(self.wiring.places.recordings, str(message["path"]), message.get("replace") is True)
            await self._order({"order": "record", "path": str(path)})
            return {"ok": True, "path": str(path)}
        if do == "stop_recording":
            await self._order({"order": "stop_recording"})
            return {"ok": True}
        if do in ("jam", "shutdown"):
            return await self._leave(message)
        if do == "names":
            return await self._names()
        if do == "config":
            return await asyncio.to_thread(configure_as, self.wiring.places, self.wiring.settings, message)
        if do == "save_set":
            return await self._repertoire.save(str(message["name"]), bool(message.get("replace")))
        if do == "pack_track":
            return await self._repertoire.pack_track(message)
        if do in ("load_set", "restore"):
            self._assistance.changed()
            return await (
                self._repertoire.load(str(message["name"])) if do == "load_set" else self._repertoire.restore()
            )
        answer = await self._live.ask(message)
        if do == "tracks":
            return with_hosted(answer, self._hosted)
        if do == "evaluate":
            self._assistance.changed()
        orders = answer.get("orders")
        for order in orders if isinstance(orders, list) else []:
            check_command(order)
            if COMMANDS[str(order["do"])].in_code:
                join(answer, await self._do(client, order))
                if answer.get("error"):
                    break
        return answer

    def _wants_changed(self) -> None:
        self._watching.want(frozenset().union(*(client.wants for client in self._clients)))

    async def _names(self) -> Message:
        """What can be named: see docs/control.md."""
        found = await self._live.ask({"do": "names"})
        if found.get("error"):
            return found
        tracks = found.get("tracks")
        return {
            "tracks": list(tracks) if isinstance(tracks, dict) else [],
            "names": found.get("names", []),
            "scenes": found.get("scenes", []),
            "sets": await asyncio.to_thread(set_names, self.wiring.places.sets),
        }

    async def _order(self, record: Message) -> None:
        """An order for the engine. Tried for two seconds: an events server that restarts is back in one."""
        for _ in range(_ORDER_TRIES):
            now = self.wiring.clock.now()
            if await asyncio.to_thread(self._events.append, now, [(keys.CONTROL, record, _NEWS_KEPT)]):
                return
            await asyncio.sleep(0.1)
        raise PlayerError(f"The events server does not answer: {self._events.error}")

    async def _leave(self, message: Message) -> Message:
        """Move to another jam, or end; where `bars` are given this goes on while the answer is on its way."""
        jam, bars = message.get("jam"), bars_of(message)
        name = None if jam is None else check_name(str(jam), "jam")
        going = leave(self.wiring.places, self._generators.ask, name, bars)
        if not bars:
            return await going
        self._leaving = asyncio.create_task(going)
        return {"ok": True, "value": f"Generators have {bars:g} bars to finish."}


def main(arguments: list[str]) -> int:
    """Run until SIGTERM; the exit status."""
    wiring = Wiring.read(arguments)
    hub = Hub(wiring)
    lifeline.serve(hub.run, hub.say)
    return 0


if __name__ == "__main__":
    run_program(main)
