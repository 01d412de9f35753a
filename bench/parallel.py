"""Bar: parallel 16th-note patterns at 120 bpm in one live host, lead over 50 ms and nothing late: at least 1,600.

The live host, Redis and the dispatcher are real; what leaves the dispatcher is counted instead of played, as the
figures of other systems were taken (engine.md section 5), for 1,600 voices of 8 notes a second are beyond one core of
any synthesis.
"""

import contextlib
import gc
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from common import row
from dispatch import redis

from marmalade_sc.clock.clocks import JamClock
from marmalade_sc.engine.dispatcher import Dispatcher
from marmalade_sc.engine.limits import Limits
from marmalade_sc.engine.mixer import Mixer
from marmalade_sc.engine.voices import VoiceTable
from marmalade_sc.jam.servers import find_redis, redis_version, state_server
from marmalade_sc.jam.streams import FrameReader
from marmalade_sc.live.link import decode, encode
from marmalade_sc.player.base.priority import be_quick
from marmalade_sc.player.base.wiring import JAM_ORIGIN
from marmalade_sc.player.live.process import LIVE_STREAM
from marmalade_sc.player.rendering.offline import orchestra_for
from marmalade_sc.sdk.frames import Frame
from marmalade_sc.settings.load import load
from marmalade_sc.settings.places import Places, make_private

SECONDS = 12.0


def run(count: int) -> bool:
    with tempfile.TemporaryDirectory(prefix="mb-") as name, contextlib.ExitStack() as stack:
        os.environ.pop("XDG_RUNTIME_DIR", None)
        places = Places.find(Path(name) / "p")
        make_private(places.runtime)
        stack.callback(shutil.rmtree, places.runtime, ignore_errors=True)
        _, definitions = orchestra_for(places, load(places.config))
        events = stack.enter_context(redis(places.runtime))
        places.events_socket.symlink_to(events)
        program = find_redis("")
        folder = places.jam("bench").redis
        folder.mkdir(parents=True)
        state = state_server(program, redis_version(program), socket=places.state_socket, folder=folder, memory_mb=64)
        server = subprocess.Popen(state.argv, stdout=subprocess.DEVNULL)
        clock = JamClock.begin()
        env = {**os.environ, JAM_ORIGIN: str(clock.origin)}
        command = [
            sys.executable,
            "-m",
            "marmalade_sc.player.live.process",
            "--dir",
            str(places.root),
            "--jam",
            "bench",
        ]
        host = subprocess.Popen(command, env=env)
        for process in (server, host):
            stack.callback(process.wait)
            stack.callback(process.terminate)
        import socket as sockets

        front = places.socket("live-clients.sock")
        deadline = time.monotonic() + 20
        while not front.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        client = sockets.socket(sockets.AF_UNIX)
        client.connect(os.fspath(front))
        lines = client.makefile("rb")
        code = f'for k in range({count}): d = _track(f"d{{k}}") >> s("hh*16")'
        voices = VoiceTable("wall")
        voices.add(definitions.rows)
        dispatcher = Dispatcher(voices, Mixer(), Limits(pending=1 << 30))
        dispatcher.mixer.open = _no_strips(dispatcher.mixer)  # type: ignore[method-assign]
        reader = FrameReader(str(places.events_socket), [LIVE_STREAM], "0")
        time.sleep(0.5)
        client.sendall(encode({"id": 1, "do": "evaluate", "code": code}))
        while True:
            answer = decode(lines.readline())
            if answer.get("id") == 1:
                break
        assert answer.get("ok"), answer
        gc.collect()  # as the engine's process does before its hot loop: a collection takes 60 ms here
        gc.freeze()
        gc.disable()
        be_quick()
        begin = time.monotonic()
        share = time.process_time()
        while time.monotonic() - begin < SECONDS:
            entries, _ = reader.read(0.01)
            for _, _, fields in entries:
                dispatcher.accept(Frame.read(fields), "live", clock.now())
            dispatcher.due(clock.now())
        counts = dispatcher.counts
        leads = sorted(counts.lead_ms)
        expected = count * 8 * (SECONDS - 3)
        met = not counts.late_dropped and not counts.late_played and leads[0] > 50 and counts.sent > expected
        row(
            "parallel",
            patterns=count,
            notes=counts.sent,
            expected_at_least=round(expected),
            late=counts.late_dropped + counts.late_played,
            least_lead_ms=leads[0],
            refused=counts.refused,
            dispatcher_share=round((time.process_time() - share) / SECONDS, 2),
            met=met,
        )
        return met


def _no_strips(mixer: Mixer) -> object:
    """Every pattern plays into one strip: this bar is about patterns, and a server holds 1,900 strips."""
    channel, _ = Mixer.open(mixer, "all")
    return lambda name: (channel, [])


def main() -> None:
    counts = [int(each) for each in sys.argv[1:]] or [400, 1600, 2400]
    for count in counts:
        if not run(count):
            break


if __name__ == "__main__":
    main()
