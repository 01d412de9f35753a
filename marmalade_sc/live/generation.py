"""A generation of the live host: one process that plays, and forks the next to evaluate code.

Evaluation must not delay what plays, not even a C call that holds the interpreter for seconds. So the process that
plays forks (about 3 ms); the child evaluates and, if that worked, takes over from where its parent stopped, between
two frames; the parent ends. If it failed, the child ends and nothing has changed; if it hangs, it is killed.
"""

import contextlib
import gc
import json
import os
import resource
import signal
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Final, cast

from marmalade_sc.clock.clocks import Clock
from marmalade_sc.clock.timetag import UNITS_PER_SECOND
from marmalade_sc.errors import UsageError
from marmalade_sc.live.commands import operation_of
from marmalade_sc.live.limits import QUERY_S, at_most, more_memory
from marmalade_sc.live.link import Link, Message
from marmalade_sc.live.mistakes import error_message
from marmalade_sc.live.operations import Operation
from marmalade_sc.live.output import Output
from marmalade_sc.live.placing import places_of
from marmalade_sc.live.position import Mark, adopt, mark_of, position_of
from marmalade_sc.live.scheduler import Landing, Scheduler
from marmalade_sc.live.scoretext import score_text
from marmalade_sc.live.session import Evaluation, Session
from marmalade_sc.live.setcode import set_code
from marmalade_sc.live.sharing import share
from marmalade_sc.live.steps import steps_line
from marmalade_sc.live.writer import Writer
from marmalade_sc.sdk.instruments import Orchestra

__all__ = ["Generation"]

_BEAT_S: Final = 0.25
_PREFETCH_S: Final = 0.008
_SWEPT_EACH: Final = 32
"""In so many generations one looks for garbage in what those before it froze: old classes and functions, 60 KB each
evaluation at worst. Looking takes 20 ms, which an evaluation may be late now and then, but not each."""
_PLAYING: Final = -5
_MEMORY: Final = 2 << 30
"""Address space that an evaluation, or a generation while it plays, may add before Python raises MemoryError in it."""
_IDLE_S: Final = 0.01
"""What can wait is done where the next frame is further away than this."""


class Generation:
    """See the module.

    Args:
        path: socket of the host.
        writer: makes the connection to Redis; called in the process that uses it.
        orchestra: reads what can be played anew.
        news: stream of the engine's news.
    """

    def __init__(
        self,
        path: Path,
        scheduler: Scheduler,
        session: Session,
        clock: Clock,
        writer: Callable[[], Writer],
        orchestra: Callable[[], Orchestra],
        news: str,
    ) -> None:
        self._path = path
        self._scheduler = scheduler
        self._session = session
        self._clock = clock
        self._make_writer = writer
        self._load = orchestra
        self._news = news
        self._link: Link
        self._writer: Writer | None = None
        self._prepared: Writer | None = None
        self._parents: Writer | None = None
        self._deeds: list[tuple[Operation, ...]] = []
        self._marks: dict[object, Mark] = {}
        self._news_due = False
        self._tick = 0
        self._incarnation: object = None
        self._news_id = "0"
        self._restores = False
        self._revision = -1
        self._age = 0

    def run(self) -> None:
        """Live as a generation until the next takes over or the host is gone. Ends the process."""
        born = _BornError(0, (), False)
        while True:
            try:
                self._live(born)
            except _BornError as fresh:  # in the child: unwind first, or the stack would grow with each evaluation
                born = fresh.with_traceback(None)  # its frames hold the one before, and so on to the first

    def _live(self, born: "_BornError") -> None:
        self._link = Link(self._path)
        sys.stdout = sys.stderr = Output(self._link)
        self._scheduler.faults.say = self._complain
        self._scheduler.guard = lambda: at_most(QUERY_S)
        self._link.write({"event": "hello", "pid": os.getpid(), "request": born.request})
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        if born.request and not self._evaluate(born):
            self._end()
        self._age += 1
        if self._age % _SWEPT_EACH == 0:
            gc.unfreeze()
        gc.collect()
        gc.freeze()
        beat = 0.0
        while self._link.is_open:
            for message in self._link.read(self._until_tick_s()):
                self._hear(message)
            if self._writer is not None and self._clock.now() >= self._tick:
                self._frame()
            if time.monotonic() >= beat:
                beat = time.monotonic() + _BEAT_S
                self._link.write({"event": "alive", "plays": self._writer is not None})
        self._end()

    # Evaluating

    def _evaluate(self, born: "_BornError") -> bool:
        request = born.request
        limits = more_memory(_MEMORY)
        self._session.is_restoring = born.restores
        done = Evaluation((), "")
        deeds: list[tuple[Operation, ...]] = []
        try:
            for code, source in born.blocks:
                try:
                    done = self._session.evaluate(code, source)
                    deeds.append(done.operations)
                except UsageError as error:
                    if born.restores:  # the others count all the same
                        self._complain(f"This could not be done again: {error}")
                        continue
                    answer: Message = {"ok": False, "error": error_message(error)}
                    self._link.write({"event": "evaluated", "request": request, **answer})
                    return False
        finally:
            resource.setrlimit(resource.RLIMIT_AS, limits)
        self._restores = born.restores
        self._deeds = deeds
        self._link.write(
            {"event": "evaluated", "request": request, "ok": True, "value": done.value, "orders": list(done.orders)}
        )
        # The parent is asked to yield meanwhile.
        self._link.write({"event": "names", "names": self._session.bound()})
        return True

    def _fork(self, born: "_BornError") -> None:
        self._scheduler.book.journal.clear()  # of what was asked so far the child has a copy
        try:
            pid = os.fork()
        except OSError as error:
            failed = UsageError(f"The machine cannot evaluate now: {error.strerror}", hint="Close programs; try again.")
            self._link.write(
                {"event": "evaluated", "request": born.request, "ok": False, "error": error_message(failed)}
            )
            return
        if pid:
            self._marks = {born.request: mark_of(self._scheduler)}
            return
        # The child. It must not touch its parent's connections, only forget them.
        self._link.close()
        self._news_id = self._writer.news_id if self._writer is not None else self._news_id
        self._parents, self._writer = self._writer, None  # giving up what it keeps takes 1.4 ms: later
        self._deeds = []
        _be_nice(0)
        raise born

    # Playing

    def _hear(self, message: Message) -> None:
        do = message.get("do")
        if do == "watch":
            self._watch(message)
        elif do == "fork":
            self._fork(
                _BornError(
                    int(str(message["request"])),
                    tuple((str(code), str(source)) for code, source in cast(list[list[str]], message["blocks"])),
                    bool(message["restores"]),
                )
            )
        elif do == "take":
            self._watch(message)
            self._take(message.get("position"), message.get("places"))
        elif do == "yield":
            # What was collected goes out here, and not a second time from the next generation. Else the next makes the
            # frame that is due in one go with its own: 2 ms with 50 tracks.
            if self._writer is not None and (self._scheduler.is_unsent or self._writer.is_unsent):
                self._hand_out()
            position = position_of(self._scheduler, self._marks.get(message.get("request")))
            # As text, which the host passes on as it is.
            self._link.write({"event": "position", "position": json.dumps(position)})
            self._end()
        elif do == "command":
            self._command(message)
        elif do == "tracks":
            self._tell_tracks()
        elif do == "set":
            self._link.write({"event": "set_asked", "request": message.get("request"), "code": self._set_code()})
        elif do == "share":
            track, name = str(message.get("track")), str(message.get("called"))
            made = share(self._scheduler.book.now.get(track), track, name, self._scheduler.orchestra, score_text)
            self._link.write({"event": "commanded", "request": message.get("request"), **made})

    def _take(self, position: object, places: object) -> None:
        _be_nice(_PLAYING)
        self._writer, self._prepared = self._prepared or self._make_writer(), None
        self._writer.news_id = self._news_id
        now = self._clock.now()
        self._tick = now
        if position:
            adopt(self._scheduler, json.loads(str(position)))
        more_memory(_MEMORY)
        scheduler, earliest = self._scheduler, None
        if self._restores:  # what is done again goes on where it was
            landings = scheduler.restore(self._deeds, now, places)
        else:
            asked = [operation for deed in self._deeds for operation in deed]
            scheduler.begin(asked, now)
            earliest = scheduler.earliest(now, len(asked))
            landings = self._carried_out(asked, now, earliest)
        self._deeds = []
        self._hand_out(
            {
                "event": "playing",
                "landings": [_landing(each) for each in landings],
                "at": now,
                "cycle": str(earliest) if earliest is not None else None,
                **self._kept(),
            }
        )
        self._news_due = True
        self._look_ahead()

    def _carried_out(self, asked: Sequence[Operation], now: int, earliest: Fraction) -> list[Landing]:
        """What a block asked for, one by one: what cannot be is told, and the rest counts."""
        try:
            return self._scheduler.carry_out(asked, now, earliest)
        except UsageError as error:  # checked when it was evaluated; keys were pressed since
            self._complain(error.message)
            return []

    def _watch(self, message: Message) -> None:
        """Tell the steps of what is made from now on, or do not, at the lines of files as they are now."""
        self._scheduler.steps = [] if message.get("steps") else None
        if self._session.blocks.saved(cast(Mapping[str, str], message.get("texts") or {})):
            for lane in [lane for track in self._scheduler.tracks.values() for lane in track.lanes()]:
                lane.forget_told()

    def _frame(self) -> None:
        self._hand_out()
        self._look_ahead()

    def _hand_out(self, told: Message | None = None) -> None:
        """Make and write what is due now. `told`: what the host is told as soon as it is made."""
        assert self._writer is not None
        now = self._clock.now()
        frames = self._scheduler.frames(now)
        if told is not None:
            self._link.write(told)
        self._read_news(self._writer.write(frames, now, self._news))
        if self._scheduler.steps:
            self._link.write_if_room(steps_line(self._scheduler.steps))
            self._scheduler.steps = []
        step = self._scheduler.timing.frame
        if self._clock.now() >= self._tick:  # a key's frame comes between two ticks and puts off none
            self._tick += step * ((self._clock.now() - self._tick + step) // step)
        if self._scheduler.timeline.revision != self._revision:
            self._revision = self._scheduler.timeline.revision
            self._link.write({"event": "timeline", "timeline": self._scheduler.timeline.to_json()})

    def _look_ahead(self) -> None:
        """Do before the next tick what can be done now, while nobody waits for it."""
        enough = time.monotonic() + min(_PREFETCH_S, self._until_tick_s() / 2)
        self._scheduler.prefetch(lambda: time.monotonic() >= enough or self._link.is_asked())
        self._parents = None
        if self._until_tick_s() > _IDLE_S:
            if self._prepared is None:
                self._prepared = self._make_writer()  # for the next generation, as it connects to nothing yet: 2 ms
            if self._news_due:
                self._news_due = False
                self._link.write({"event": "set", "code": self._set_code()})

    def _set_code(self) -> str:
        """What plays, as code; see `sets`."""
        scheduler = self._scheduler
        return set_code(scheduler.book, self._session.binders, scheduler.timeline)

    def _read_news(self, records: Iterable[Mapping[str, object]]) -> None:
        names: dict[str, None] = {}
        for news in records:
            if news.get("kind") == "engine" and news.get("incarnation") != self._incarnation:
                if self._incarnation is not None or self._scheduler.seq:
                    self._scheduler.announce()
                self._incarnation = news.get("incarnation")
            elif news.get("kind") == "definitions":
                found = news.get("names")
                names |= dict.fromkeys(map(str, found) if isinstance(found, list) else ())
        if names:
            orchestra = self._load()
            self._session.use(orchestra)
            at = self._scheduler.reload(orchestra, self._clock.now())
            self._link.write({"event": "reloaded", "names": list(names), "cycle": str(at)})

    def _command(self, message: Message) -> None:
        try:
            operation = operation_of(message, self._scheduler)
        except UsageError as error:
            self._link.write({"event": "commanded", "request": message.get("request"), "error": error_message(error)})
            return
        now = self._clock.now()
        earliest = self._scheduler.earliest(now, 1)
        try:
            landings = self._scheduler.carry_out([operation], now, earliest)
        except UsageError as error:
            self._link.write({"event": "commanded", "request": message.get("request"), "error": error_message(error)})
            return
        if self._writer is not None:
            self._frame()
        self._news_due = True
        self._link.write(
            {
                "event": "commanded",
                "request": message.get("request"),
                "landings": [_landing(each) for each in landings],
                "at": now,
                "cycle": str(earliest),
                **self._kept(),
            }
        )

    def _kept(self) -> dict[str, object]:
        """What the host keeps for a generation after this one."""
        book = self._scheduler.book
        return {"scenes": list(book.scenes), "places": places_of(book.now)}

    def _tell_tracks(self) -> None:
        self._link.write(
            {
                "event": "tracks",
                "tracks": {
                    name: {"plays": self._is_to_play(name), "mix": track.mix}
                    for name, track in self._scheduler.tracks.items()
                },
            }
        )

    def _is_to_play(self, track: str) -> bool:
        version = self._scheduler.book.now.get(track)
        return version is not None and version.lane is not None

    # Inside

    def _until_tick_s(self) -> float:
        if self._writer is None:
            return _BEAT_S
        return max(0.0, (self._tick - self._clock.now()) / UNITS_PER_SECOND)

    def _complain(self, text: str) -> None:
        self._link.write({"event": "complaint", "text": text[:4000]})

    def _end(self) -> None:
        for writer in (self._writer, self._prepared):
            if writer is not None:
                writer.close()
        self._link.close()
        os._exit(0)


def _be_nice(value: int) -> None:
    """Play before others where the system lets us; an evaluation gets no such favour."""
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, value)


class _BornError(Exception):
    """Raised in a forked child, with what it is to evaluate."""

    def __init__(self, request: int, blocks: tuple[tuple[str, str], ...], restores: bool) -> None:
        super().__init__(request)
        self.request, self.blocks, self.restores = request, blocks, restores


def _landing(landing: Landing) -> dict[str, object]:
    return {"what": landing.what, "cycle": str(landing.cycle)}
