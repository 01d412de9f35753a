"""Watching scsynth from a second thread: its load, its clock, its meters, and whether it still answers."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from marmalade_sc.clock.clocks import WallMap, wait
from marmalade_sc.clock.timetag import UNITS_PER_SECOND
from marmalade_sc.engine.aim import Landing
from marmalade_sc.engine.engine import Engine
from marmalade_sc.engine.layout import AIM_BUS, BLOCK, CLOCK_GROUP, aim_node
from marmalade_sc.engine.mixer import AIM_SYNTH
from marmalade_sc.engine.sampleclock import Reading
from marmalade_sc.engine.server import Status
from marmalade_sc.sdk.osc import bundle, message

__all__ = ["Observation", "Watch"]

_log = logging.getLogger(__name__)

_TICK_S: Final = 0.05
_STATUS_TICKS: Final = 5
_FIRST_READINGS: Final = 30
_HUNG: Final = 3 * UNITS_PER_SECOND // 2
"""No answer for so long, of some twenty each second, and scsynth counts as hung: sound is to be back within 3 s."""
_PROBE_AHEAD_S: Final = 0.06
_PROBE_SLACK_S: Final = 0.015
_SETTLED: Final = 5
_AIM_AHEAD: Final = 30 * UNITS_PER_SECOND // 1000
_AIM_NUMBERS: Final = 1 << 20
"""Numbers of probes, which a control bus holds as a float32, come again after 14 hours."""
_TAIL: Final = 1
"""Add action of /s_new: at the end of the group, so after the block counter."""
_BUSY_CPU: Final = 80.0
_FEWEST: Final = 16.0
_MOST_CPU: Final = 999.0
_KEPT_PACE: Final = 0.7
"""A quarter of a second with fewer of its blocks is no single xrun: there are more voices than can be computed."""


@dataclass(frozen=True, slots=True)
class Observation:
    """What was seen in the last quarter of a second.

    Attributes:
        peaks: linear peak level, left and right, by track; `master` among them.
    """

    status: Status | None
    peaks: dict[str, tuple[float, float]]
    map_revision: int
    slips: int


class Watch:
    """Runs until `stop`. The engine's thread reads `trouble` and acts on it; this one only looks.

    Args:
        seen: called in this thread with each observation, four times a second.
        most_voices: beyond this number of voices the oldest are ended; beyond fewer while scsynth is overloaded.
    """

    def __init__(self, engine: Engine, seen: Callable[[Observation], None], most_voices: int = 2000) -> None:
        self._engine = engine
        self._seen = seen
        self._most_voices = most_voices
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)
        self._answered = 0
        self._settled = 0
        self._aimed = (0, 0)
        self._bearable = float(most_voices)
        self._read: Reading | None = None
        self._paced: Reading | None = None
        self._is_placed = threading.Event()
        self.trouble = ""
        self.excess = 0

    def start(self) -> None:
        """Begin to watch."""
        self._answered = self._engine.clock.now()
        self._thread.start()

    def wait_for_map(self, timeout_s: float) -> bool:
        """Wait until the first reading of the block counter is there; whether it is."""
        return self._is_placed.wait(timeout_s)

    def stop(self) -> None:
        """Stop watching and wait for the thread. Idempotent."""
        self._stop.set()
        if self._thread.is_alive() and threading.current_thread() is not self._thread:
            self._thread.join(2.0)

    def clear(self) -> None:
        """The engine has dealt with the trouble."""
        self._answered = self._engine.clock.now()
        self._settled = 0
        self._aimed = (0, 0)
        self._read = self._paced = None
        self.trouble = ""

    def _run(self) -> None:
        tick = 0
        while not wait(_TICK_S if tick else 0.0, self._stop):
            tick += 1
            server = self._engine.server
            if self.trouble:
                continue
            if not server.is_running():
                self.trouble = "has ended"
                continue
            try:
                self._read_block()
                if self._engine.is_blind:
                    self._probe()
                else:
                    self._take_aim()
                if tick % _STATUS_TICKS == 0:
                    self._look()
            except Exception:  # a record that cannot be made must not end the watch: nobody would see scsynth die
                _log.exception("watching")
            if self._engine.clock.now() - self._answered > _HUNG:
                self.trouble = "does not answer"

    def _read_block(self) -> None:
        # The first map would be off by up to a period of the driver, and notes would be slewed into place for half a
        # minute; of thirty questions at odd moments the tightest is off by 0.2 ms.
        readings = [self._reading()]
        if self._engine.samples.map is None:
            for count in range(_FIRST_READINGS):
                if readings[-1] is None:
                    break
                wait((1 + count % 7) / 1000, self._stop)
                readings.append(self._reading())
        found = [reading for reading in readings if reading is not None]
        if found:
            self._answered = found[-1].answered
            self._read = found[-1]
            self._engine.samples.add(min(found, key=lambda reading: reading.width))
            self._is_placed.set()

    def _take_aim(self) -> None:
        """Read where the last probe of scsynth's clock landed, and send the next: the number, its due time."""
        engine = self._engine
        here = engine.samples.map
        number, due = self._aimed
        if number and here is not None:
            told = engine.server.buses(AIM_BUS, 4, 0.25)
            if told is not None and int(told[0]) == number:
                # The fraction is of a sum to which half a sample was added.
                engine.aim.add(Landing(due, int(told[1]), told[2] + told[3] - 0.5), here)
        number = number % _AIM_NUMBERS + 1
        due = engine.clock.now() + _AIM_AHEAD
        probe = message("/s_new", AIM_SYNTH, aim_node(number), _TAIL, CLOCK_GROUP, "number", float(number))
        engine.server.probe(bundle(WallMap.measure(engine.clock).ntp(due), [probe]))
        self._aimed = (number, due)

    def _reading(self) -> Reading | None:
        clock = self._engine.clock
        asked = clock.now()
        block = self._engine.server.block(0.25)
        return Reading(asked, clock.now(), block) if block is not None else None

    def _look(self) -> None:
        status = self._engine.server.status(0.25)
        if status is None:
            return
        voices = status.synths - len(self._engine.mixer.channels) - 2
        kept = self._kept_pace()
        if kept < _KEPT_PACE:
            # Under xruns scsynth's own figures are of the few blocks that it made: 0.5 % while it makes one of ten.
            status = replace(status, cpu_average=max(status.cpu_average, min(_MOST_CPU, 100.0 / max(kept, 0.01))))
            self._bearable = max(_FEWEST, voices * max(kept, 0.25))
        elif status.cpu_average > _BUSY_CPU:
            self._bearable = max(_FEWEST, voices * 7 / 8)
        else:  # as many again as there may be, little by little: the overload may be one of a moment
            self._bearable = min(self._most_voices, self._bearable * 1.1)
        over = voices - int(self._bearable)
        self.excess = max(0, over)
        current = self._engine.samples.map
        self._seen(Observation(status, self._peaks(), current.revision if current else 0, self._engine.samples.slips))

    def _kept_pace(self) -> float:
        """The share of its blocks that scsynth has made since the last look, about 1 while it keeps pace."""
        before, self._paced = self._paced, self._read
        if before is None or self._read is None:
            return 1.0
        elapsed_s = (self._read.answered - before.answered) / UNITS_PER_SECOND
        blocks = self._read.block - before.block
        if elapsed_s < 0.1 or blocks < 0:  # the counter has come round, or the server is a new one
            return 1.0
        return blocks * BLOCK / (elapsed_s * self._engine.samples.rate)

    def _peaks(self) -> dict[str, tuple[float, float]]:
        meters = self._engine.mixer.meters()
        last = max(bus for _, bus in meters) + 2
        levels: list[float] = []
        for start in range(0, last, 1000):
            part = self._engine.server.buses(start, min(1000, last - start))
            if part is None:
                return {}
            levels += part
        return {name: (levels[bus], levels[bus + 1]) for name, bus in meters}

    def _probe(self) -> None:
        """Ask scsynth to answer at a stated time: when it does so five times running its clock is right."""
        clock, server = self._engine.clock, self._engine.server
        asked = clock.now()
        due = asked + round(_PROBE_AHEAD_S * UNITS_PER_SECOND)
        packet = bundle(WallMap.measure(clock).ntp(due), [message("/c_get", 1)])
        answer = server.request(packet, "/c_set", 2 * _PROBE_AHEAD_S)
        early_s = (due - clock.now()) / UNITS_PER_SECOND
        self._settled = self._settled + 1 if answer is not None and abs(early_s) < _PROBE_SLACK_S else 0
        if self._settled >= _SETTLED:
            self._engine.see_clearly()
