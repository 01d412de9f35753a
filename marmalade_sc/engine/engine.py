"""The engine at work: scsynth, dispatcher, mixer and sample clock together, with their restarts and clock steps.

`Engine` is driven by one thread, which gives it frames and calls `pump`; a second thread watches scsynth (`Watch`).
Neither Redis nor synthdef files are known here: what they give is handed in by the wiring.
"""

import contextlib
import logging
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

from marmalade_sc.clock.clocks import JamClock, WallMap
from marmalade_sc.clock.timetag import IMMEDIATELY, UNITS_PER_SECOND
from marmalade_sc.engine.aim import Aim
from marmalade_sc.engine.definitions import Definitions
from marmalade_sc.engine.dispatcher import Dispatcher
from marmalade_sc.engine.guests import Guest
from marmalade_sc.engine.limits import Limits
from marmalade_sc.engine.mixer import Mixer
from marmalade_sc.engine.packets import Packet
from marmalade_sc.engine.sampleclock import SampleClock
from marmalade_sc.engine.server import Boot, Scsynth
from marmalade_sc.engine.voices import EXACT, VoiceTable
from marmalade_sc.errors import BootError, EngineError
from marmalade_sc.sdk.frames import Frame, Section
from marmalade_sc.sdk.osc import bundle, message

__all__ = ["Engine"]

_MS: Final = UNITS_PER_SECOND // 1000
_STEP: Final = 5 * _MS
"""Between two looks at the wall clock (at most 20 ms apart) NTP slews at most 10 us; more is a step."""
_CUTS: Final = 1000
"""Voices that are ended by one packet, which may have 64 KB."""
_BLIND_HANDOVER: Final = 35 * _MS
"""While scsynth's own clock is wrong exact voices are created at once, this long ahead; they wait by themselves."""

_log = logging.getLogger(__name__)


class Engine:
    """See the module.

    Args:
        boot: how scsynth is started.
        clock: jam time.
        origin: jam time whose sample grid a render would use.
        say: takes sentences for the player.
        log, journal: see `Dispatcher`.
    """

    def __init__(
        self,
        boot: Boot,
        clock: JamClock,
        mode: str,
        *,
        origin: int,
        rate: int,
        limits: Limits = Limits(),  # noqa: B008  a frozen value
        say: Callable[[str], None] = lambda text: None,
        log: Callable[[int, str, bytes, int], None] | None = None,
        journal: Callable[[Section], None] | None = None,
    ) -> None:
        self.clock = clock
        self.server = Scsynth(boot, self._heard)
        self.voices = VoiceTable(mode)
        self.mixer = Mixer()
        self.dispatcher = Dispatcher(self.voices, self.mixer, limits, log, journal)
        self.samples = SampleClock(rate, origin)
        self.aim = Aim()
        self.restarts = 0
        self.incarnation = 0
        self.late_lines = 0
        self.clock_steps = 0
        self.send_failures = 0
        self.failures = 0
        self.is_blind = False
        self._limits = limits
        self._say = say
        self._definitions = Definitions()
        self._wall = WallMap.measure(clock)
        self._handed: deque[tuple[int, Packet]] = deque(maxlen=4096)
        self._buffers: list[tuple[int, Path]] = []
        self._guests: dict[str, Definitions] = {}

    # Life

    @property
    def definitions(self) -> Definitions:
        """What scsynth has loaded, as far as notes may use it."""
        return self._definitions

    def start(self, definitions: Definitions) -> None:
        """Boot scsynth, load its synthdefs and build the mixer; buffers come with `transfer`.

        Raises:
            BootError: it does not start.
            EngineError: it does not take a synthdef.
        """
        self._definitions = definitions
        self._buffers = []
        self.server.start()
        self.samples.rate = self.server.rate
        self.samples.reset()
        self.aim.reset()
        self.server.load(definitions.compiled)
        self.voices.add(definitions.rows)
        for each in self._guests.values():
            self.server.load(each.compiled)
        for packet in self.dispatcher.restore():
            self._send(packet)
        self.server.sync()
        self.incarnation += 1
        self.is_blind = False
        self._look_at_wall()

    def restart(self, why: str) -> bool:
        """A new scsynth with everything the old one had. False when it does not start; try again later."""
        self._say(f"scsynth {why}; starting it again")
        self.server.kill()
        self.restarts += 1
        try:
            self.start(self._definitions)
        except (BootError, EngineError) as error:
            self._say(str(error))
            self.server.kill()
            return False
        self._say("scsynth is back: synthdefs, groups and strips are rebuilt")
        return True

    def stop(self) -> None:
        """Quit scsynth. Idempotent."""
        self.server.stop()

    def transfer(self, definitions: Definitions) -> None:
        """Bring new synthdefs and buffers to scsynth. Any thread; blocks, so never the one that pumps.

        Raises:
            EngineError: scsynth does not take them.
        """
        known = {str(row["hash"]) for row in self._definitions.rows}
        pairs = zip(definitions.rows, definitions.compiled, strict=True)
        self.server.load([data for row, data in pairs if str(row["hash"]) not in known])
        loaded = dict(self._buffers)
        for number, path in definitions.buffers:
            if loaded.get(number) == path:
                continue
            try:
                self.server.read_buffer(number, path)
                self._buffers.append((number, path))
            except EngineError as error:
                self._say(f"{path.name} cannot be loaded: {error}")

    def adopt(self, definitions: Definitions, forget: bool = True) -> None:
        """Let notes use what `transfer` brought; what is no longer listed is freed (its voices ring out)."""
        kept = {str(row["hash"]) for row in definitions.rows}
        gone = [row for row in self._definitions.rows if str(row["hash"]) not in kept]
        self._definitions = definitions
        self.voices.add(definitions.rows)
        for row in gone:
            self.voices.remove(f"{row['name']}.{row['hash']}")
        if gone and forget:
            self.server.forget([str(row[kind]) for row in gone for kind in ("wall", "exact") if row.get(kind)])

    # Guests

    @property
    def guests(self) -> tuple[Definitions, ...]:
        """What the instances that play have brought."""
        return tuple(self._guests.values())

    def receive(self, definitions: Definitions) -> None:
        """Bring what an instance plays with to scsynth. Any thread; blocks, so never the one that pumps.

        Raises:
            EngineError: scsynth does not take it.
        """
        self.server.load(definitions.compiled)
        for number, path in definitions.buffers:
            self.server.read_buffer(number, path)

    def welcome(self, guest: Guest, definitions: Definitions, goes_on: bool = False) -> bool:
        """Let an instance play with what `receive` brought. Raises MarmaladeError where there is no room.

        Args:
            goes_on: it plays already, and what it brings is changed. What it brought before stays until it goes:
                notes on their way name that.

        Returns:
            Whether its stream is to be read from its begin.
        """
        is_new = not (goes_on and self.dispatcher.renew(guest))
        if is_new:
            self.dispatcher.welcome(guest)
        older = self._guests.get(guest.key)
        stale = older.without(definitions.hashes) if older is not None else Definitions()
        rows, compiled = (*definitions.rows, *stale.rows), (*definitions.compiled, *stale.compiled)
        self._guests[guest.key] = Definitions(rows, compiled, definitions.buffers)
        self.voices.add(definitions.rows)
        return is_new

    def move(self, key: str, track: str) -> None:
        """An instance plays into another strip from now on. Raises MarmaladeError where there is no room."""
        self.dispatcher.move(key, track)

    def dismiss(self, key: str) -> None:
        """An instance plays no more; what only it had is freed. Its voices fade within 20 ms."""
        self.dispatcher.dismiss(key, self.clock.now())
        gone = self._guests.pop(key, None)
        if gone is None:
            return
        kept = {wire for each in (*self._guests.values(), self._definitions) for wire in each.hashes}
        rows = [row for row in gone.rows if str(row["hash"]) not in kept]
        for row in rows:
            self.voices.remove(f"{row['name']}.{row['hash']}")
        if rows:
            self.server.forget([str(row[kind]) for row in rows for kind in ("wall", "exact") if row.get(kind)])

    # The hot path

    def accept(self, frame: Frame, instance: str) -> None:
        """Take in a frame of an instance. Never blocks."""
        self.dispatcher.accept(frame, instance, self.clock.now())

    def pump(self) -> None:
        """Hand over what is due. Never blocks; call when `wait_s` has passed or something was accepted."""
        self._look_at_wall()
        now = self.clock.now()
        if self.samples.map is not None:
            self.dispatcher.sample_map = self.samples.map
        for packet in self.dispatcher.due(now):
            self._send(packet)
            if packet.when:
                self._handed.append((packet.when, packet))
        while self._handed and self._handed[0][0] < now:
            self._handed.popleft()

    def wait_s(self) -> float:
        """How long nothing is due, at most 20 ms: the wall clock wants a look."""
        due = self.dispatcher.next_due()
        if due is None:
            return 0.02
        return min(0.02, max(0.0, (due - self.clock.now()) / UNITS_PER_SECOND))

    def panic(self) -> None:
        """Silence at once: nothing that was held or handed over sounds any more."""
        for packet in self.dispatcher.panic():
            self._send(packet)
        self._handed.clear()

    def relieve(self, count: int) -> None:
        """End the `count` oldest voices with a short ramp: the server is overloaded."""
        messages = self.dispatcher.steal(count, self.clock.now())
        for start in range(0, len(messages), _CUTS):
            self.server.send(bundle(IMMEDIATELY, messages[start : start + _CUTS]))

    def see_clearly(self) -> None:
        """scsynth's clock is right again: timetags from now on."""
        if self.is_blind:
            self.is_blind = False
            self.dispatcher.limits = self._limits
            self._say("scsynth's clock has settled after the step")

    def _send(self, packet: Packet) -> None:
        if self.is_blind or not packet.when:
            when = IMMEDIATELY
        elif packet.when == packet.due:
            when = self._aimed(packet.when)
        else:  # exact voices come early and find their sample by themselves: a stale line must not make them late
            when = self._wall.ntp(packet.when)
        if not self.server.send(bundle(when, packet.messages)):
            self.send_failures += 1

    def _aimed(self, when: int) -> int:
        """The timetag at which scsynth will do what is meant for a jam time."""
        line = self.aim.line
        return self._wall.ntp(when - line.correction(when) if line is not None else when)

    def _look_at_wall(self) -> None:
        fresh = WallMap.measure(self.clock)
        step = fresh.step_since(self._wall)
        self._wall = fresh
        if abs(step) < _STEP or not self.server.is_running():
            return
        # scsynth takes its time from the wall clock through a filter that needs half a minute to follow, and fires
        # all it holds when the clock jumps ahead (engine.md section 1). So: forget what it holds, speak to it only
        # in "now" until its clock is right, and, where the clock went back, say again what it has not played.
        self.clock_steps += 1
        self.is_blind = True
        self.aim.reset()
        self.dispatcher.limits = replace(
            self._limits, handover=_BLIND_HANDOVER if self.voices.mode == EXACT else 2 * _MS
        )
        self._say(f"the system clock was stepped by {step / UNITS_PER_SECOND:+.1f} s; the music keeps its own time")
        self.server.send(bundle(IMMEDIATELY, [message("/clearSched")]))
        if step < 0:
            now = self.clock.now()
            for when, packet in self._handed:
                if when > now:
                    self._send(packet)
        self._handed.clear()

    def _heard(self, line: str) -> None:
        if line.startswith("late "):
            self.late_lines += 1
            return
        if "exception" in line.lower() or line.startswith(("ERROR", "*** ERROR")):
            with contextlib.suppress(Exception):  # supriya's reader thread must not die of a full pipe
                self._say(f"scsynth: {line[:200]}")
        _log.info("scsynth: %s", line)
