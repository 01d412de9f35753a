"""Drives a generator by the jam's clock: follows the state through its gateway, writes frames and tags."""

import contextlib
import json
import select
import signal
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final, NoReturn

from marmalade_sc.clock.clocks import JamClock, wait
from marmalade_sc.clock.timeline import Timeline
from marmalade_sc.clock.timetag import UNITS_PER_SECOND
from marmalade_sc.errors import JamError, TimelineError
from marmalade_sc.sdk.attention import Attention
from marmalade_sc.sdk.client import Client, Part, Reply
from marmalade_sc.sdk.emission import note_sections, small_enough
from marmalade_sc.sdk.frames import Frame
from marmalade_sc.sdk.memory import Entry, Memory
from marmalade_sc.sdk.osc import note_message
from marmalade_sc.sdk.stage import begin_of, frame_at, milliseconds_of
from marmalade_sc.sdk.succession import TAG, reload_key, sounds_key
from marmalade_sc.sdk.voice import Played

if TYPE_CHECKING:
    from marmalade_sc.sdk.jam import Jam, Output

__all__ = ["LOOKAHEAD", "Transport", "encoded", "frames_of", "in_order"]

LOOKAHEAD: Final = UNITS_PER_SECOND * 3 // 20
"""Frames are made so long before they begin: 150 ms."""
_TIMELINE: Final = "state:timeline:main"
_ALWAYS: Final = (_TIMELINE, "state:players", "schedule:main")
_MOST_STREAMS: Final = 60
_EVERYBODYS: Final = (":Composer", ":Track")
_BLOCK_MS: Final = 1000
_LATE: Final = UNITS_PER_SECOND
_RECENT: Final = 64
_MISSED: Final = 8
_HANDED_ON: Final = UNITS_PER_SECOND
"""How long the version before is waited for: some ms, usually; beyond 100 the first notes are late."""


class Transport:
    """See the module.

    Args:
        path: of the gateway's socket.
        origin: constant of jam time.
        begin: jam time of its entrance: nothing is made before.
    """

    def __init__(self, path: str, origin: int, begin: int = 0) -> None:
        self._entrance = begin
        self._origin = origin
        self._clock = JamClock(origin)
        self._asking = Client(path)
        self._watching = Client(path)
        self._memory = Memory(self._older)
        self._attention = Attention(_MOST_STREAMS)
        self._timeline: Timeline | None = None
        self._is_asked = False
        self._is_ended = False
        self._looked = 0
        self._seq = 0
        self._nodes = 0

    def run(self, jam: "Jam") -> NoReturn:
        """Play until SIGTERM; frame after frame, each 150 ms ahead."""
        signal.signal(signal.SIGTERM, self._end)
        self._seq = jam.succession.incarnation << 32  # the version before counts below, in the same stream
        frame = 0
        while jam.succession.is_taking_over and not self._is_ended:
            try:
                if (frame := self._succeed(jam)) >= 0:
                    break
            except JamError as error:
                jam.complain(str(error))
                wait(0.05)
        while not self._is_ended:
            try:
                self._discover(jam)
                now = self._clock.now()
                if self._timeline is None or begin_of(frame) < now + LOOKAHEAD - _LATE:
                    frame = frame_at(max(now + LOOKAHEAD, self._entrance))
                self._wait_until(begin_of(frame) - LOOKAHEAD)
                if self._timeline is not None and not self._is_ended:
                    self._send(jam, jam.step(frame, self._timeline, self._memory))
                    frame += 1
            except JamError as error:
                jam.complain(str(error))
                wait(0.05)
        self._asking.close()
        self._watching.close()
        sys.exit(0)

    def _end(self, *_: object) -> None:
        self._is_ended = True

    # The version before

    def _succeed(self, jam: "Jam") -> int:
        """The frame with which it begins, when that is to be made; -1 while its turn is not known."""
        self._discover(jam)
        turn, timeline = jam.succession.turn(self._memory), self._timeline
        if turn is None or timeline is None:
            self._wait_until(self._clock.now() + UNITS_PER_SECOND // 50)
            return -1
        frame = frame_at(timeline.timetag(turn))
        self._wait_until(begin_of(frame) - LOOKAHEAD)
        if not self._is_ended:
            jam.succeed(turn, self._handed_on(jam) if jam.succession.keeps_state else None)
        return frame

    def _handed_on(self, jam: "Jam") -> tuple[object, int] | None:
        """What the version before hands on with its last frame, which it makes at the same time as this its first."""
        deadline = self._clock.now() + _HANDED_ON
        while self._clock.now() < deadline and not self._is_ended:
            reply = self._asking.call("XREVRANGE", f"tags:{jam.path}:{TAG}", "+", "-", "COUNT", 1)
            for row in reply if isinstance(reply, list) else []:
                assert isinstance(row, list) and isinstance(row[0], bytes) and isinstance(row[1], list)
                entry = Entry.read(row[0], [each for each in row[1] if isinstance(each, bytes)])
                if (found := jam.succession.read(entry)) is not None:
                    return found
            wait(0.01)
        jam.complain("The version before has handed nothing on")
        return None

    # The state

    def _wait_until(self, when: int) -> None:
        """Follow the state until a jam time; returns at once where that is past, but looks once."""
        while True:
            self._ask()
            left_s = 0.05 if self._timeline is None else max(0.0, (when - self._clock.now()) / UNITS_PER_SECOND)
            ready = self._watching.has_more or select.select([self._watching.fileno()], [], [], left_s)[0]
            if ready:
                self._is_asked = False
                self._hear(self._watching.receive(_BLOCK_MS / 1000))
            if self._is_ended or self._timeline is None or self._clock.now() >= when:
                return

    def _ask(self) -> None:
        if not self._is_asked:
            keys, ids = self._attention.followed, self._attention.ids
            self._watching.send([["XREAD", "COUNT", 500, "BLOCK", _BLOCK_MS, "STREAMS", *keys,
                                  *(ids[key] for key in keys)]])  # fmt: skip
            self._is_asked = True

    def _hear(self, reply: Reply) -> None:
        if isinstance(reply, JamError):
            raise reply
        for stream in reply if isinstance(reply, list) else []:
            assert isinstance(stream, list) and isinstance(stream[0], bytes)
            self._remember(stream[0].decode(), stream[1])

    def _remember(self, key: str, rows: Reply) -> None:
        for row in rows if isinstance(rows, list) else []:
            assert isinstance(row, list) and isinstance(row[0], bytes) and isinstance(row[1], list)
            entry = Entry.read(row[0], [each for each in row[1] if isinstance(each, bytes)])
            self._attention.ids[key] = row[0].decode()
            self._memory.add(key, entry)
            if key == _TIMELINE:
                self._hear_timeline(entry)

    def _hear_timeline(self, entry: Entry) -> None:
        table = entry.fields.get("timeline")
        if str(entry.fields.get("origin")) == str(self._origin) and isinstance(table, dict):
            with contextlib.suppress(TimelineError):
                self._timeline = Timeline.from_json(table)

    def _discover(self, jam: "Jam") -> None:
        """Follow streams that are new: asked for by the generator at once, tags of others each second."""
        own = (f"state:controls:{jam.path}", f"state:ending:{jam.path}", reload_key(jam.path), sounds_key(jam.path))
        wanted = [*_ALWAYS, *own, *sorted(jam.wanted)]
        now = self._clock.now()
        attention, musts = self._attention, list(wanted)
        is_due = now - self._looked > UNITS_PER_SECOND or not attention.ids
        if is_due:
            self._looked = now
            wanted += in_order(self._scan())
            self._catch_up()
        fresh = attention.unknown(wanted)
        if fresh:
            self._begin(fresh)
        if fresh or is_due:
            attention.choose(musts)

    def _catch_up(self) -> None:
        """Look at some of the streams that are not followed: who writes to one again is followed from then on."""
        keys = self._attention.in_turn()
        replies = (
            self._asking.pipeline([["XREVRANGE", key, "+", "-", "COUNT", _MISSED] for key in keys]) if keys else ()
        )
        for key, reply in zip(keys, replies, strict=True):
            rows = reply[::-1] if isinstance(reply, list) else []
            self._remember(key, [row for row in rows if self._is_news(key, row)])

    def _is_news(self, key: str, row: Reply) -> bool:
        assert isinstance(row, list) and isinstance(row[0], bytes)
        return self._attention.is_new(key, row[0].decode())

    def _begin(self, fresh: Sequence[str]) -> None:
        """Read streams for the first time."""
        replies = self._asking.pipeline([["XREVRANGE", key, "+", "-", "COUNT", _RECENT] for key in fresh])
        for key, reply in zip(fresh, replies, strict=True):
            self._attention.ids[key] = "0-0"
            if isinstance(reply, list):
                if len(reply) == _RECENT:
                    self._memory.mark_cut(key)
                self._remember(key, reply[::-1])

    def _scan(self) -> Iterable[str]:
        cursor: Part = 0
        for _ in range(20):
            reply = self._asking.call("SCAN", cursor, "MATCH", "tags:*", "COUNT", 500)
            assert isinstance(reply, list) and isinstance(reply[0], bytes) and isinstance(reply[1], list)
            yield from (each.decode() for each in reply[1] if isinstance(each, bytes))
            cursor = reply[0]
            if cursor == b"0":
                return

    def _older(self, key: str, first_ms: int, last_ms: int, most: int) -> list[Entry]:
        """What is older than what is remembered: the latest entries of a time, in order."""
        reply = self._asking.call("XREVRANGE", key, last_ms, first_ms, "COUNT", min(most, 1000))
        found = []
        for row in reply if isinstance(reply, list) else []:
            assert isinstance(row, list) and isinstance(row[0], bytes) and isinstance(row[1], list)
            found.append(Entry.read(row[0], [each for each in row[1] if isinstance(each, bytes)]))
        return found[::-1]

    # Notes and tags

    def _send(self, jam: "Jam", output: "Output") -> None:
        requests: list[list[Part]] = []
        timeline = self._timeline
        assert timeline is not None
        first, last = begin_of(output.frame), begin_of(output.frame + 1)
        frames = frames_of(output.notes, timeline, jam.track, first, last, self._seq, self._nodes)
        self._seq += len(frames)
        self._nodes += len(output.notes)
        identity = f"{milliseconds_of(output.frame)}-*"
        for frame in frames:
            fields = [part for pair in frame.fields().items() for part in pair]
            requests.append(["XADD", f"events:{jam.path}", identity, *fields])
        for write in output.writes:
            rows = [part for name, value in write.fields.items() for part in (name, encoded(value))]
            requests.append(["XADD", write.key, f"{write.at_ms}-*", *rows])
        for reply in self._asking.pipeline(requests) if requests else ():
            if isinstance(reply, JamError):
                jam.complain(str(reply))


def in_order(keys: Iterable[str]) -> list[str]:
    """Streams of tags, in the order in which room is given to them: what every instance has comes last. Pure."""
    return sorted(keys, key=lambda key: (key.endswith(_EVERYBODYS), key))


def frames_of(
    notes: Sequence[Played], timeline: Timeline, track: str, first: int, last: int, seq: int, nodes: int
) -> list[Frame]:
    """Notes as frames for the engine, numbered behind `seq`; their synths are numbered behind `nodes`. Pure."""
    instants: list[tuple[int, list[bytes]]] = []
    for number, note in enumerate(notes, nodes + 1):
        when = timeline.timetag(note.cycle)
        if not instants or instants[-1][0] != when:
            instants.append((when, []))
        head = note.instrument.template.prefix_bytes
        instants[-1][1].append(note_message(head, number & 0xFFFFFF, note.values, note.seed))
    parts = small_enough(note_sections(track, 0, instants))
    return [Frame(seq + n, timeline.revision, first, last, tuple(part)) for n, part in enumerate(parts, 1)]


def encoded(value: object) -> str:
    """As JSON, but plain text as it is; text that reads as JSON is quoted (docs/state.md)."""
    if not isinstance(value, str):
        return json.dumps(value)
    try:
        json.loads(value)
    except ValueError:
        return value
    return json.dumps(value)
