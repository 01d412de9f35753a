"""A whole player in a folder of its own, and what tests ask of it: code, states, processes, the notes it sent."""

import asyncio
import contextlib
import os
import signal
import threading
from collections.abc import Iterator, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

from marmalade_sc.clock.timeline import Timeline
from marmalade_sc.engine.eventlog import read_event_log
from marmalade_sc.errors import JamError, PlayerError
from marmalade_sc.player.base.processes import ProcessId, children_of
from marmalade_sc.player.control.protocol import Client, request
from marmalade_sc.player.supervision import running
from marmalade_sc.sdk.frames import Bundles
from marmalade_sc.sdk.osc import read_bundle
from marmalade_sc.settings.places import Places
from tests.player.deadline import eventually

OPTIONS = {"audio.driver": "dummy", "engine.lookahead_ms": "200", "tempo.bpm": "240"}
"""Twice the usual lookahead, for machines of CI that stop for a tenth of a second; bench/ measures the usual one."""


class LivePlayer:
    """See the module."""

    def __init__(self, root: Path, options: Mapping[str, str] = OPTIONS) -> None:
        self.places = Places.find(root)
        self.options = dict(options)
        self._tracks = 0

    def start(self) -> None:
        running.start(self.places, self.options)

    def stop(self) -> None:
        running.stop(self.places)

    # Asking

    def ask(self, do: str, **fields: Any) -> dict[str, Any]:
        return request(self.places.control_socket, do, **fields)

    def evaluate(self, code: str) -> dict[str, Any]:
        """Evaluate; fails where the code does."""
        answer = self.ask("evaluate", code=code)
        assert not answer.get("error"), answer["error"]
        return answer

    def engine(self) -> dict[str, Any]:
        """The engine's latest state; empty while it comes up."""
        with contextlib.suppress(PlayerError):
            found = self.ask("status")["engine"]
            return dict(found) if found else {}
        return {}

    def timeline(self) -> Timeline:
        return Timeline.from_json(self.ask("status")["timeline"])

    def track(self) -> str:
        """A track that no test has used."""
        self._tracks += 1
        return f"trial{self._tracks}"

    # Processes

    def pid(self, name: str) -> int:
        """The process of the player called `name`, scsynth's, the generation that plays, or what forks such."""
        if name == "scsynth":
            return next(child for child in children_of(self.pid("engine")) if _name(child) == "scsynth")
        if name == "generation":
            return max(child for child in children_of(self.pid("live")) if _name(child) != "nursery")
        if name == "nursery":
            return next(child for child in children_of(self.pid("live")) if _name(child) == "nursery")
        status = running.status(self.places)
        assert status is not None
        return next(int(str(entry["pid"])) for entry in status.processes if entry["name"] == name)

    def kill(self, name: str, number: int = signal.SIGKILL) -> int:
        pid = self.pid(name)
        os.kill(pid, number)
        return pid

    def is_up(self) -> bool:
        status = running.status(self.places)
        return status is not None and status.is_up

    def is_back(self, name: str, older: int) -> bool:
        """Whether all run, `name` as another process than `older`; in one look, for a death may come between two."""
        status = running.status(self.places)
        return status is not None and status.is_up and status.starts(name) not in (None, older)

    def processes(self) -> list[ProcessId]:
        status = running.status(self.places)
        return [] if status is None else family(status.supervisor.pid)

    # Notes

    def notes(self, track: str) -> list[int]:
        """Times of the notes of a track that were handed over, in order, as the event log has them."""
        try:
            sections = list(read_event_log(self.places.jam("home").history))
        except JamError:
            return []
        found = []
        for section in sections:
            if isinstance(section, Bundles) and section.track == track:
                found += [read_bundle(data)[0] for data in section.bundles()]
        return sorted(found)

    def wait_for_notes(self, track: str, count: int, within_s: float = 15.0) -> list[int]:
        """The notes of a track once there are `count` more than now."""
        before = len(self.notes(track))

        def enough() -> list[int]:
            notes = self.notes(track)
            return notes if len(notes) >= before + count else []

        return eventually(enough, within_s)

    def peak_db(self, track: str) -> float:
        """The latest peak of a track's strip, in dBFS; -120 when there is none."""
        import redis

        from marmalade_sc.jam.keys import levels

        client = redis.Redis(unix_socket_path=str(self.places.state_socket))
        try:
            rows: Any = client.xrevrange(levels(track), count=1)
        finally:
            client.close()
        return max(float(rows[0][1][b"left"]), float(rows[0][1][b"right"])) if rows else -120.0


@contextlib.contextmanager
def hearing(player: LivePlayer, *kinds: str) -> Iterator[list[dict[str, Any]]]:
    """The events of these kinds while the block runs, from a client in a thread."""
    heard: list[dict[str, Any]] = []
    ready, done = threading.Event(), threading.Event()

    async def listen() -> None:
        client = Client(heard.append)
        await client.connect(player.places.control_socket)
        await client.ask("subscribe", to=list(kinds))
        ready.set()
        await asyncio.to_thread(done.wait, 60)
        await client.close()

    thread = threading.Thread(target=asyncio.run, args=(listen(),))
    thread.start()
    try:
        assert ready.wait(20)
        yield heard
    finally:
        done.set()
        thread.join(20)


def off_grid(notes: list[int], timeline: Timeline, steps: int) -> tuple[list[int], list[Fraction], int]:
    """Notes that lie on no `steps`-th of a bar; places between the first and the last without a note; doubled ones."""
    places: dict[Fraction, int] = {}
    strays = []
    for when in notes:
        place = Fraction(round(timeline.cycle(when) * steps), steps)
        if timeline.timetag(place) != when:
            strays.append(when)
        places[place] = places.get(place, 0) + 1
    first, last = min(places), max(places)
    count = int((last - first) * steps) + 1
    missing = [first + Fraction(n, steps) for n in range(count) if first + Fraction(n, steps) not in places]
    return strays, missing, sum(number - 1 for number in places.values())


def family(pid: int) -> list[ProcessId]:
    """A process and all that it started, however deep."""
    found = [process] if (process := ProcessId.of(pid)) else []
    for child in children_of(pid):
        found += family(child)
    return found


@contextlib.contextmanager
def playing(root: Path, options: Mapping[str, str] = OPTIONS) -> Iterator[LivePlayer]:
    """A player that runs while the block does."""
    player = LivePlayer(root, options)
    try:
        player.start()
        yield player
    finally:
        player.stop()


def _name(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""
