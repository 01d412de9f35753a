"""How instances live: in their sandboxes, watched, started again where they fail, told to end, ended for certain."""

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

from marmalade_sc.clock.timetag import UNITS_PER_SECOND
from marmalade_sc.errors import GeneratorError, MarmaladeError
from marmalade_sc.generators.handover import Changed, Handover
from marmalade_sc.generators.incarnation import Incarnation, Incarnations, Program
from marmalade_sc.generators.instance import NEVER, Play
from marmalade_sc.generators.records import Records
from marmalade_sc.generators.running import MOST_INSTANCES, Ports, Running, Surroundings
from marmalade_sc.generators.sandbox.cell import Ending
from marmalade_sc.generators.sandbox.watchdog import Watchdog
from marmalade_sc.generators.weaving import changes, weave

__all__ = ["Living", "Program"]

_LOOK_S: Final = 0.1
_WEAVE_S: Final = 0.05
_GRACE_S: Final = 1.0
_LAST_GRACE_S: Final = 0.3
"""The supervisor gives a process whose jam ends a second in all."""
_RESTARTS: Final = 3
_WITHIN_S: Final = 60.0
_ENDED: Final = 50

T = TypeVar("T")


class Living:
    """See the module. For one event loop; `close` ends all of them."""

    def __init__(self, ports: Ports, around: Surroundings) -> None:
        self._ports = ports
        self._around = around
        self.running: dict[str, Running] = {}
        self.ended: deque[Running] = deque(maxlen=_ENDED)
        self.records = Records(ports, around.gates.parent / "guests")
        self._tasks: set[asyncio.Task[None]] = set()
        self._watchdog = Watchdog()
        self._works = ThreadPoolExecutor(1, "runner")
        self._incarnations = Incarnations(ports, around, self.records, self._watchdog, self.in_works, self._place)
        self._handover = Handover(ports, self._incarnations, self.records, self.in_works)
        self._ones: dict[str, Incarnation] = {}
        self._programs: dict[str, Program] = {}
        self._leaving: set[int] = set()
        self._is_closing = False

    def enter(self, play: Play, home: Path) -> Running:
        """One more that was accepted; it is not begun yet."""
        running = Running(play, self._free_slot(), home, self._ports.now(), dict(play.controls))
        running.woven = {name: weave(name, given) for name, given in play.patterns.items()}
        self.running[play.path] = running
        return running

    def _free_slot(self) -> int:
        taken = {slot for each in self.running.values() for slot in (each.slot, each.sounds)} | self._leaving
        return next(number for number in range(MOST_INSTANCES * 2) if number not in taken)

    def begin(self, running: Running, program: Program) -> None:
        """Let it live."""
        self._ones[running.play.path] = Incarnation(running.slot, running.home)
        self._is_made_of(running, program)
        self._spawn(self._live(running))

    def _is_made_of(self, running: Running, program: Program) -> None:
        self._programs[running.play.path] = program
        manifest = program.found.manifest
        running.title, running.composer, running.ranges = manifest.title, manifest.composer, manifest.controls

    async def reload(self, running: Running, program: Program) -> Changed:
        """Let another version of its program take its place, at a bar; its sounds at once.

        Raises:
            MarmaladeError: it cannot be; what plays goes on as if nothing had been.
        """
        path = running.play.path
        if running.state != "playing" or running.is_changing:
            raise GeneratorError(f"{path} cannot be changed just now", hint="Try again in a moment.")
        running.is_changing = True
        slot = self._free_slot()
        before = running.slot
        self._leaving |= {slot, before}
        try:
            changed, self._ones[path] = await self._handover.change(
                running, self._ones[path], self._programs[path], program, slot
            )
            self._is_made_of(running, program)
            await self.in_works(self._write_down)
        except BaseException:
            self._release(running, slot, before)
            raise

        async def finish() -> None:
            try:
                await self._handover.finish(running, changed)
            finally:
                self._release(running, slot, before)

        self._spawn(finish())
        return changed

    def _release(self, running: Running, *slots: int) -> None:
        self._leaving -= set(slots)
        running.is_changing = False

    def end(self, running: Running, bars: float, reason: str) -> None:
        """Tell it to end, `bars` from now at the latest."""
        self._spawn(self._stop(running, bars, reason))

    async def watch(self) -> None:
        """Look after what lives, until cancelled."""
        while True:
            await asyncio.sleep(_LOOK_S)
            if self.running:
                self._watchdog.look()

    async def weave(self) -> None:
        """Tell the values of controls that are patterns, ahead of their time, until cancelled."""
        while True:
            await asyncio.sleep(_WEAVE_S)
            if any(each.woven for each in self.running.values()):
                await self.in_works(self._weave)

    def _weave(self) -> None:
        timeline, now = self._ports.timeline(), self._ports.now()
        if timeline is None:
            return
        for running in [each for each in self.running.values() if each.woven and each.state == "playing"]:
            try:
                found, running.told = changes(
                    running.woven, running.controls, running.clamp, timeline, running.told, now
                )
            except MarmaladeError as error:  # a pattern that is too much when it is asked
                running.woven = {}
                self._ports.say(f"The controls of {running.play.path} stay as they are: {error}")
                continue
            for change in found:
                running.controls = dict(change.controls)
                self.records.controls(running, change.when)

    async def close(self) -> None:
        """End everything: told, then killed within a second or so. Idempotent."""
        self._is_closing = True
        for each in list(self.running.values()):
            self._spawn(self._stop(each, 0.0, "the jam has ended", _LAST_GRACE_S))
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)
        self._works.shutdown(wait=True)

    async def in_works(self, work: Callable[[], T]) -> T:
        """Do something that may block, one after another with all else that is written down."""
        return await asyncio.get_running_loop().run_in_executor(self._works, work)

    # One life

    async def _live(self, running: Running) -> None:
        play = running.play
        failures: deque[float] = deque(maxlen=_RESTARTS)
        try:
            if play.seconds is not None or play.bars is not None:
                self._spawn(self._expire(running))
            while True:
                ending = await self._incarnation(running)
                running.why = str(ending)
                now = time.monotonic()
                often = len(failures) == _RESTARTS and now - failures[0] < _WITHIN_S
                if running.stopping or ending.status == 0 or play.restart == NEVER or often:
                    break
                failures.append(now)
                self._ports.say(f"{play.path}: {ending}; it is started again.{_last_words(running)}")
        except MarmaladeError as error:
            running.why = error.message
        except Exception as error:  # a mistake of ours ends this instance, and is told
            running.why = f"it could not be run: {type(error).__name__}: {error}"
        finally:
            await self._leave(running)

    async def _incarnation(self, running: Running) -> Ending:
        """One incarnation, from its start to its end; versions that take its place on the way are of it."""
        path = running.play.path
        program, one = self._programs[path], self._ones[path]
        await self._incarnations.open(running, one, program)
        await self.in_works(partial(self.records.prepare, running, program.sounds))
        running.gateway = one.gateway
        if running.stopping:
            return Ending(0, running.stopping)
        running.cell = await self._incarnations.begin(running, one, program)
        running.starts += 1
        running.state = "playing"
        try:
            await self.in_works(self._write_down)
            composer = program.found.manifest.composer or str(program.found.id.player)
            await self.in_works(lambda: self.records.introduce(running, composer))
            running.started.set()
            while True:
                cell = running.cell
                if running.stop_now.is_set():  # it was told to end while this one was begun: nobody else stops it
                    self._spawn(cell.stop(_LAST_GRACE_S if self._is_closing else _GRACE_S, running.stopping))
                ending = await cell.wait()
                if running.cell is cell:
                    return ending
        finally:
            running.cell.kill("it was left")
            self._watchdog.remove(running.cell.inner)
            running.lines = list(running.cell.lines)
            await self.in_works(partial(self.records.dismiss, running.play))

    async def regrant(self, running: Running, keys: frozenset[str]) -> None:
        """From now on it may write these keys beside its own, and no others."""
        if running.gateway is not None and running.gateway.scope.grants != keys:
            running.gateway.scope.grants = keys
            with contextlib.suppress(MarmaladeError):
                await self.in_works(partial(self._ports.login, running.play.path, sorted(keys)))

    def _place(self, running: Running, track: str) -> None:
        """It has set its tag `Track`: from now on it shares the strip of that name with the instances that play there.

        Into a strip of the performer's it does not get by itself: its ceiling would hold there, too.
        """
        if track != running.play.track and not running.stopping:
            self._spawn(self._move(running, track))

    async def _move(self, running: Running, track: str) -> None:
        path, before = running.play.path, running.play.track
        shared = running.strips | {each.play.track for each in self.running.values()}
        try:
            if track not in shared and await self.in_works(partial(self._ports.is_open, track)):
                self._ports.denied(
                    path, "gateway", f"the strip {track}: generators do not move to one that is not theirs"
                )
                return
            running.strips |= {before, track}
            running.play = replace(running.play, track=track)
            await self.in_works(partial(self.records.move, running))
            await self.in_works(self._write_down)
            self._ports.say(f"{path} plays into {track} now")
        except (MarmaladeError, OSError, ValueError) as error:
            self._ports.say(f"{path} cannot play into {track}: {error}")

    # Its end

    async def _stop(self, running: Running, bars: float, reason: str, grace_s: float = _GRACE_S) -> None:
        if running.stopping and running.stop_now.is_set():
            return
        running.stopping = running.stopping or reason
        if running.state == "playing":
            running.state = "ending"
        wait_s = self._bars_s(bars)
        with contextlib.suppress(MarmaladeError, OSError):
            await self.in_works(lambda: self.records.ending(running, bars, wait_s))
        if wait_s > 0:
            waiting = [asyncio.create_task(each.wait()) for each in (running.stop_now, running.ended)]
            await asyncio.wait(waiting, timeout=wait_s, return_when=asyncio.FIRST_COMPLETED)
            for each in waiting:
                each.cancel()
        running.stop_now.set()
        if running.cell is not None:
            await running.cell.stop(grace_s, reason)

    async def _expire(self, running: Running) -> None:
        play = running.play
        begin = max(play.begin, self._ports.now())
        wait_s = (begin - self._ports.now()) / UNITS_PER_SECOND
        seconds = wait_s + (play.seconds if play.seconds is not None else self._bars_s(play.bars or 0.0, begin))
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(running.ended.wait(), seconds)
            return
        await self._stop(running, 0.0, "its time is over")

    def _bars_s(self, bars: float, begin: int = 0) -> float:
        """How long so many bars last, from `begin` on, or from now on."""
        timeline = self._ports.timeline()
        if bars <= 0 or timeline is None:
            return max(0.0, bars * 2.0)
        now = begin or self._ports.now()
        cycle = timeline.cycle(now)
        when = timeline.timetag(cycle + Fraction(bars)) if timeline.is_playing(now) else now
        return max(0.0, (when - now) / UNITS_PER_SECOND)

    async def _leave(self, running: Running) -> None:
        running.state, running.ended_at = "ended", self._ports.now()
        if running.gateway is not None:
            await running.gateway.close()
        self.running.pop(running.play.path, None)
        self._ones.pop(running.play.path, None)
        self._programs.pop(running.play.path, None)
        self.ended.append(running)
        running.started.set()
        running.ended.set()
        with contextlib.suppress(MarmaladeError, OSError):
            await self.in_works(self._write_down)
            await self.in_works(lambda: self.records.ended(running))
        if not self._is_closing:
            self._ports.say(f"{running.play.path} has ended: {running.why}.{_last_words(running)}")

    # Small things

    def _write_down(self) -> None:
        self.records.what_runs(list(self.running.values()))

    def _spawn(self, work: Awaitable[object]) -> None:
        async def run() -> None:
            await work

        task = asyncio.create_task(run())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _last_words(running: Running) -> str:
    return f" Its last words: {running.lines[-1]}" if running.lines else ""
