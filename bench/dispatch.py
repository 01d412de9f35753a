"""Bars of the stream: 20,000 distinct and 40,000 merged notes/s to scsynth, none lost, none late, at most one core;
and the Redis leg, from the writer's stamp to the dispatcher, at p99 at most 10 % of the lookahead."""

import contextlib
import gc
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from common import percentile, row

from marmalade_sc.clock.clocks import JamClock
from marmalade_sc.clock.timetag import UNITS_PER_SECOND
from marmalade_sc.engine.engine import Engine
from marmalade_sc.engine.limits import Limits
from marmalade_sc.engine.server import Boot
from marmalade_sc.engine.watch import Watch
from marmalade_sc.jam.servers import events_server, find_redis, redis_version
from marmalade_sc.jam.streams import FrameReader, FrameWriter
from marmalade_sc.player.base.priority import be_quick
from marmalade_sc.sdk.frames import Bundles, Frame, join_bundles
from marmalade_sc.sdk.osc import bundle, note_message

TINY = '''
"""The cheapest voice that is heard: 20 ms of a sine."""
from supriya.ugens import Line, SinOsc
from marmalade_sc.synthdefs import control, synthdef, until

@synthdef(freq=control(440, "Hz", 20, 20000), tail=0.1)
def tiny(freq):
    until(Line.kr(start=0, stop=1, duration=0.02))
    return SinOsc.ar(frequency=freq) * 0.01
'''
SECONDS = 5
LOOKAHEAD = UNITS_PER_SECOND // 10
FRAME = UNITS_PER_SECOND // 40


@contextlib.contextmanager
def jack(name: str) -> Iterator[None]:
    """A private dummy JACK server."""
    process = subprocess.Popen(
        ["jackd", "-n", name, "-d", "dummy", "-r", "48000", "-p", "256"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    time.sleep(0.8)
    try:
        yield
    finally:
        process.terminate()
        process.wait()


@contextlib.contextmanager
def redis(folder: Path) -> Iterator[Path]:
    """A private events server."""
    program = find_redis("")
    server = events_server(program, redis_version(program), socket=folder / "r.sock", folder=folder, memory_mb=256)
    process = subprocess.Popen(server.argv, stdout=subprocess.DEVNULL)
    while not (folder / "r.sock").exists():
        time.sleep(0.01)
    try:
        yield folder / "r.sock"
    finally:
        process.terminate()
        process.wait()


def feed(path: str, origin: int, rate: int, instants: int, wire_head: bytes, values: bytes) -> None:
    """The source, in a process of its own: `rate` notes a second at `instants` different times a second."""
    clock = JamClock(origin)
    writer = FrameWriter(path, "events:bench:bench:one", 1.0)
    begin = clock.now() + UNITS_PER_SECOND // 2
    per_instant = rate // instants
    count = 0
    frames = SECONDS * UNITS_PER_SECOND // FRAME
    seq = 0
    for k in range(frames):
        due = begin + k * FRAME
        clock.sleep_until(due - LOOKAHEAD - FRAME)
        bundles = []
        for i in range(instants // 40):
            when = due + i * FRAME * 40 // instants
            messages = [note_message(wire_head, count + j, values, 0) for j in range(per_instant)]
            count += per_instant
            bundles.append(bundle(when, messages))
        part: list[bytes] = []
        size = 0
        out = []
        for data in [*bundles, b""]:
            if part and (not data or size + len(data) > 50_000):
                seq += 1
                # `first` carries the time of writing: the reader takes the Redis leg from it.
                out.append(Frame(seq, 0, clock.now(), due + FRAME, (Bundles("t", 0, due, join_bundles(part)),)))
                part, size = [], 0
            part.append(data)
            size += len(data) + 4
        writer.write(out, clock.now())
    writer.close()


def run(rate: int, instants: int, mode: str) -> None:
    with tempfile.TemporaryDirectory(prefix="mb-") as name, contextlib.ExitStack() as stack:
        folder = Path(name)
        from marmalade_sc.player.rendering.offline import orchestra_for
        from marmalade_sc.settings.load import load
        from marmalade_sc.settings.places import Places

        (folder / "defs").mkdir()
        (folder / "defs" / "tiny.py").write_text(TINY)
        places = Places.find(folder / "p")
        orchestra, definitions = orchestra_for(places, load(places.config), folder / "defs")
        instrument = orchestra.find("tiny")[0]
        stack.enter_context(jack(folder.name))
        socket = stack.enter_context(redis(folder))
        clock = JamClock.begin()
        boot = Boot(f"{folder.name}:sc")
        engine = Engine(boot, clock, mode, origin=clock.origin, rate=48_000, limits=Limits(voices=8000))
        engine.start(definitions)
        stack.callback(engine.stop)
        be_quick()
        watch = Watch(engine, lambda seen: None, 8000)
        watch.start()
        stack.callback(watch.stop)
        reader = FrameReader(str(socket), ["events:bench:bench:one"], "0")
        before = engine.server.status()
        child = os.fork()
        if not child:
            os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
            values = instrument.pack.pack(*instrument.defaults)
            feed(str(socket), clock.origin, rate, instants, instrument.template.prefix_bytes, values)
            os._exit(0)
        legs = []
        gc.collect()
        gc.freeze()
        gc.disable()  # as the engine's own loop does
        started = time.process_time()
        begin = time.monotonic()
        while time.monotonic() - begin < SECONDS + 1.5:
            entries, _ = reader.read(engine.wait_s())
            now = clock.now()
            for _, _, fields in entries:
                frame = Frame.read(fields)
                legs.append((now - frame.first) / UNITS_PER_SECOND * 1000)
                engine.accept(frame, "bench")
            engine.pump()
        cpu = (time.process_time() - started) / (SECONDS + 1.5)
        os.waitpid(child, 0)
        gc.enable()
        counts = engine.dispatcher.counts
        wanted = rate * SECONDS
        leads = sorted(ms for ms, n in counts.lead_ms.items() for _ in range(min(n, 1)))
        row(
            "dispatch",
            mode=mode,
            notes_per_s=rate,
            instants_per_s=instants,
            wanted=wanted,
            accepted=counts.accepted,
            sent=counts.sent,
            late=counts.late_dropped + counts.late_played,
            least_lead_ms=leads[0] if leads else None,
            server_late_lines=engine.late_lines,
            send_failures=engine.send_failures,
            core_share=round(cpu, 2),
            redis_leg_p50_ms=round(percentile(legs, 0.5), 2),
            redis_leg_p99_ms=round(percentile(legs, 0.99), 2),
            most_memory_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
            server_before=before.synths if before else None,
            met=counts.sent == wanted and not counts.late_dropped and cpu <= 1.0 and percentile(legs, 0.99) <= 10.0,
        )


def main() -> None:
    for mode in sys.argv[1:] or ["wall"]:
        run(20_000, 20_000, mode)
        run(40_000, 200, mode)


if __name__ == "__main__":
    main()
