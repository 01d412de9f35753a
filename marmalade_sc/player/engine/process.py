"""The engine's process: frames from Redis to scsynth, and what it sees back into the jam's state. A wiring."""

import gc
import json
import os
import queue
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from marmalade_sc.clock.timetag import UNITS_PER_SECOND
from marmalade_sc.engine.definitions import Retirement
from marmalade_sc.engine.engine import Engine
from marmalade_sc.engine.eventlog import EventLog
from marmalade_sc.engine.leftovers import remove_leftovers
from marmalade_sc.engine.limits import Limits
from marmalade_sc.engine.patchbay import connect_ports
from marmalade_sc.engine.server import Boot
from marmalade_sc.engine.sound import Sound
from marmalade_sc.engine.splice import rescue
from marmalade_sc.engine.watch import Observation, Watch
from marmalade_sc.errors import BootError, EngineError, FrameError, MarmaladeError, SynthDefError
from marmalade_sc.generators.denials import Denials
from marmalade_sc.jam import keys
from marmalade_sc.jam.streams import FrameReader, StateLog
from marmalade_sc.player.base import lifeline
from marmalade_sc.player.base.priority import be_quick
from marmalade_sc.player.base.program import run_program
from marmalade_sc.player.base.wiring import Wiring
from marmalade_sc.player.engine.recorder import Recorder
from marmalade_sc.player.engine.state import clock_state, engine_state, latency_ms, level_records
from marmalade_sc.player.engine.telltale import Telltale
from marmalade_sc.player.sounds.content import read_definitions, stamp_of, wait_for_catalogue
from marmalade_sc.player.sounds.guests import read_guest
from marmalade_sc.player.supervision.jacklog import JackLog
from marmalade_sc.player.trust.quotas import limits_of
from marmalade_sc.sdk.frames import Frame

__all__ = ["LIVE_STREAM", "main"]

LIVE_STREAM = keys.events("local", "live", "main")
_PLACED_S = 1.0
_RING_OUT = 60 * UNITS_PER_SECOND
"""How long a replaced synthdef stays loaded: sources switch at the next bar, patterns may hold longer notes."""
_RETRY = UNITS_PER_SECOND
_NO_SOUND_STATUS = 1
_LAST_WORK_S = 2.5


class _Process:
    """The engine with its helpers' threads; `run` is the hot loop."""

    def __init__(self, wiring: Wiring, sound: Sound) -> None:
        settings = wiring.settings
        places = wiring.places
        self.wiring = wiring
        self.sound = sound
        launcher = sound.launcher(places.runtime, settings.text("engine.scsynth") or "scsynth")
        boot = Boot(
            device=sound.device("scsynth"),
            executable=launcher,
            inputs=sound.inputs,
            outputs=max(2, sound.outputs),
            memory_kb=settings.integer("engine.memory_kb"),
            plugins=os.environ.get("MARMALADE_PLUGINS") or None,
            env=sound.env,
        )
        millisecond = UNITS_PER_SECOND // 1000
        limits = Limits(
            handover=round(settings.number("engine.handover_ms") * millisecond),
            voices=settings.integer("engine.voices"),
        )
        self.guest_limits = limits_of(settings)
        self.log = EventLog(wiring.jam_places.history, wiring.clock.origin)
        self.engine = Engine(
            boot,
            wiring.clock,
            settings.text("engine.mode"),
            origin=wiring.clock.origin,
            rate=sound.rate or 48_000,
            limits=limits,
            say=self.say,
            log=self.log.note,
            journal=self.log.section,
        )
        self.watch = Watch(self.engine, self.seen, limits.voices)
        self.state = StateLog(str(places.state_socket))
        self.denials = Denials(lambda line: print(line, flush=True), self.deny)
        self.news = StateLog(str(places.events_socket))
        self.reader = FrameReader(str(places.events_socket), [keys.CONTROL, LIVE_STREAM], "$")
        self.work: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self.done: deque[Callable[[], None]] = deque()
        self.stopping = False
        self.recorder = Recorder(self.engine.server, wiring.clock.now, self.say, self._tell)
        self.latency_frames: int | None = None
        self.telltale = Telltale(self.engine, self.append, time.monotonic)
        self.retry = 0
        self.retirement = Retirement(_RING_OUT)
        self.xruns = 0
        is_own = sound.driver in ("alsa", "dummy")
        self.jack_log = JackLog(places.logs / "jackd.log" if is_own else None)
        self.map_revision = 0
        self.worker = threading.Thread(target=self.helper, name="helper", daemon=True)

    # Saying

    def say(self, text: str) -> None:
        """A sentence for the people at the shells."""
        print(text, flush=True)
        record = {"kind": "say", "text": text[:4000]}
        self.work.put(lambda: self._tell(record))

    def _tell(self, record: Mapping[str, object]) -> None:
        self.news.append(self.wiring.clock.now(), [(keys.NEWS, record, 200)])

    def deny(self, path: str, record: Mapping[str, object]) -> None:
        """What an instance was refused, into its series. The watching thread."""
        self.state.append(self.wiring.clock.now(), [(keys.denials(path), record, 3000)])

    def append(self, key: str, record: Mapping[str, object], kept: int) -> None:
        """A record on the events server, by a thread that may wait. Never blocks."""
        now = self.wiring.clock.now()

        def write() -> None:
            self.news.append(now, [(key, record, kept)])

        self.work.put(write)

    def seen(self, observation: Observation) -> None:
        """Four times a second, in the watching thread: state into Redis, the event log to disk."""
        now = self.wiring.clock.now()
        self.xruns += self.jack_log.fresh()
        state = engine_state(self.engine, observation, self.sound, self.xruns)
        state["origin"] = str(self.wiring.clock.origin)
        state["log_error"] = self.log.error
        recording = self.recorder.recording
        state["recording"] = str(recording.path) if recording else ""
        state["recording_since"] = str(recording.since) if recording else ""
        state["latency_ms"] = latency_ms(self.engine.server.rate, self.latency_frames, self.sound)
        self.telltale.seen(observation)
        records: list[tuple[str, Mapping[str, object], int]] = [(keys.ENGINE, state, 20_000)]
        records += level_records(observation, 2000)
        current = self.engine.samples.map
        if current is not None and current.revision != self.map_revision:
            self.map_revision = current.revision
            records.append((keys.CLOCK, clock_state(current, origin=self.wiring.clock.origin), 20_000))
        for key, reasons in self.engine.dispatcher.refusals().items():
            for reason, count in reasons.items():
                self.denials.note(key.removeprefix("events:"), "engine", reason, count)
        self.denials.flush()
        self.state.append(now, records)
        self.log.flush()

    # Working beside the hot loop

    def helper(self) -> None:
        """The thread that may block: loads synthdefs and buffers, records, writes news."""
        while True:
            job = self.work.get()
            if job is None:
                return
            try:
                job()
            except MarmaladeError as error:
                print(error, flush=True)
            except OSError as error:
                print(f"helper: {error}", flush=True)

    def load(self, names: object) -> None:
        """Bring what the foundry built to scsynth; the hot loop then lets notes use it. Helper thread."""
        wiring = self.wiring
        try:
            fresh = read_definitions(wiring.catalogue, wiring.banks, wiring.synthdef_cache)
            self.engine.transfer(fresh)
        except (SynthDefError, EngineError) as error:
            self.say(str(error))
            return

        def adopt() -> None:
            engine = self.engine
            engine.adopt(self.retirement.replace(engine.definitions, fresh, wiring.clock.now()))
            record: dict[str, object] = {"kind": "definitions", "names": names}
            self.work.put(lambda: self._tell(record))

        self.done.append(adopt)

    def welcome(self, path: Path, goes_on: bool = False) -> None:
        """Bring what an instance plays with to scsynth, then read its stream, unless that goes on. Helper thread."""
        try:
            guest, definitions = read_guest(path, self.guest_limits)
            self.engine.receive(definitions)
        except (EngineError, OSError, ValueError, KeyError, TypeError) as error:
            self.say(f"The sounds of an instance cannot be loaded: {error}")
            return

        def adopt() -> None:
            try:
                if self.engine.welcome(guest, definitions, goes_on):
                    self.reader.add(guest.key)
            except MarmaladeError as error:
                self.say(f"{guest.key} cannot be heard: {error}")

        self.done.append(adopt)

    def order(self, fields: dict[bytes, bytes]) -> None:
        """An order from the control stream. Hot loop: quick things here, the rest to the helper."""
        order = fields.get(b"order", b"").decode(errors="replace")
        if order == "panic":
            self.engine.panic()
            self.say("panic: all sound was stopped")
        elif order == "definitions":
            names = _loads(fields.get(b"names", b"[]"))
            self.work.put(lambda: self.load(names))
        elif order == "welcome":
            path = Path(fields.get(b"file", b"").decode(errors="replace"))
            goes_on = _loads(fields.get(b"goes_on", b"false")) is True
            self.work.put(lambda: self.welcome(path, goes_on))
        elif order == "dismiss":
            key = fields.get(b"key", b"").decode(errors="replace")
            self.reader.remove(key)
            self.engine.dismiss(key)
        elif order == "move":
            try:
                self.engine.move(*(fields.get(name, b"").decode(errors="replace") for name in (b"key", b"track")))
            except MarmaladeError as error:
                self.say(str(error))
        elif order == "say":
            self.say(fields.get(b"text", b"").decode(errors="replace"))
        elif order == "watch":
            levels, scope = (bool(_loads(fields.get(name, b"false"))) for name in (b"levels", b"scope"))
            self.telltale.ask(levels, scope)
        elif order == "record":
            path = Path(fields.get(b"path", b"").decode(errors="replace"))
            self.work.put(lambda: self.recorder.start(path))
        elif order == "stop_recording":
            self.work.put(self.recorder.stop)

    def connect_ports(self) -> None:
        """Join scsynth's ports to the sound card's. Helper thread."""
        self.latency_frames = None
        try:
            self.latency_frames = connect_ports(self.sound)
        except EngineError as error:
            self.say(str(error))

    # The hot loop

    def start(self) -> None:
        """Boot scsynth and say that this process can be used. Raises BootError or EngineError."""
        wiring = self.wiring
        wait_for_catalogue(wiring.catalogue, step=lifeline.going_on)
        stamp = stamp_of(wiring.catalogue, wiring.banks)
        definitions = read_definitions(wiring.catalogue, wiring.banks, wiring.synthdef_cache)
        self.engine.start(definitions)
        self.worker.start()
        # Another engine played them before; what they bring is small, a sound card's ports and all samples take longer.
        for path in sorted((wiring.places.runtime / "guests").glob("*.json")):
            self.work.put(partial(self.welcome, path))
        self.work.put(self.connect_ports)
        self.work.put(lambda: self.engine.transfer(definitions))
        self.work.put(self.clean_up)
        self.reader.read(0.0)  # fixes where it begins: what is ordered once we are ready must not fall before that
        if stamp_of(wiring.catalogue, wiring.banks) != stamp:  # what was said while scsynth came up nobody has heard
            self.work.put(lambda: self.load(["samples"]))
        self.announce()
        self.watch.start()
        # Notes that are handed over without a map go by scsynth's own clock, which is 15 ms off for its first seconds.
        self.watch.wait_for_map(_PLACED_S)
        # Garbage is collected now, not while notes wait: nothing in the hot loop makes cycles.
        gc.collect()
        gc.freeze()
        gc.disable()
        self.engine.dispatcher.since = wiring.clock.now()

    def clean_up(self) -> None:
        """Remove what a scsynth that was killed has left, and keep what was recorded then."""
        for name in remove_leftovers():
            print(f"Removed the shared memory {name}.", flush=True)
        for sentence in rescue(self.wiring.places.recordings):
            self.say(sentence)

    def announce(self) -> None:
        """Tell sources that a server without any state has come up."""
        incarnation = f"{os.getpid()}-{self.engine.incarnation}"
        self._tell({"kind": "engine", "incarnation": incarnation})

    def run(self) -> None:
        """Move bundles until told to stop."""
        engine, reader = self.engine, self.reader
        replies = engine.server.socket()
        while not self.stopping:
            descriptors = [replies.fileno()] if replies is not None and replies.fileno() >= 0 else []
            entries, ready = reader.read(engine.wait_s(), *descriptors)
            for key, _, fields in entries:
                if key == keys.CONTROL:
                    self.order(fields)
                    continue
                try:
                    engine.accept(Frame.read(fields), key)
                except FrameError as error:
                    engine.dispatcher.refuse_frame(error, key)
            if ready and replies is not None:
                engine.failures += engine.server.complaints()
            engine.pump()
            while self.done:
                self.done.popleft()()
            if self.watch.excess:
                engine.relieve(self.watch.excess)
                self.watch.excess = 0
            if self.watch.trouble:
                self.recover()
                replies = engine.server.socket()
            self.tidy()

    def recover(self) -> None:
        """A new scsynth in place of one that died or hangs; tried again each second."""
        now = self.wiring.clock.now()
        if now < self.retry:
            return
        if self.engine.restart(self.watch.trouble):
            self.watch.clear()
            definitions = self.engine.definitions
            self.work.put(self.connect_ports)
            self.work.put(lambda: self.engine.transfer(definitions))
            self.work.put(self.recorder.go_on)
            for brought in self.engine.guests:
                self.work.put(partial(self.engine.receive, brought))
            self.announce()
        else:
            self.retry = self.wiring.clock.now() + _RETRY

    def tidy(self) -> None:
        """Free synthdefs that were replaced a minute ago."""
        if over := self.retirement.due(self.wiring.clock.now()):
            self.engine.adopt(self.engine.definitions.without(over))

    def stop(self) -> None:
        """End everything that was started here."""
        self.watch.stop()
        self.telltale.stop()
        self.work.put(self.recorder.stop)
        self.work.put(None)
        if self.worker.is_alive():
            self.worker.join(_LAST_WORK_S)  # a recording is worth the wait
        self.log.flush()
        self.engine.stop()
        self.reader.close()


def main(arguments: list[str]) -> int:
    """Run until SIGTERM; the exit status."""
    wiring = Wiring.read(arguments)
    sound = Sound.from_env(os.environ)
    if sound is None:
        print("The engine is started by the supervisor: use `marmalade player run`.")
        return _NO_SOUND_STATUS
    process = _Process(wiring, sound)

    def stop(number: int, frame: object) -> None:
        process.stopping = True

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    lifeline.watch()
    try:
        process.start()
    except BootError as error:
        print(error, flush=True)
        process.engine.stop()
        return _NO_SOUND_STATUS
    be_quick()
    lifeline.ready()
    try:
        process.run()
    finally:
        process.stop()
    return 0


def _loads(data: bytes) -> object:
    try:
        value: object = json.loads(data)
    except ValueError:
        value = []
    return value


if __name__ == "__main__":
    run_program(main)
