"""The bar of `onsets.py` for others, in the same run as ours: supriya's own clock, and isobar where it installs.

All play at once on one private JACK server, each into a scsynth of its own, so that they meet the same xruns. supriya
stamps its bundles with ideal times and a latency of 0.1 s; isobar sends messages without a time. Residuals are in
samples against a straight line fitted to the ideal times; `ratio` is a peer's p99 over that of our mode `wall`.
"""

import argparse
import contextlib
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy
from common import burning, engine, row, until
from onsets import (
    count_xruns,
    exact_figures,
    line_figures,
    notes_of,
    onsets_of,
    recorded,
    tick_player,
    ticking,
)
from supriya import Clock, Server, SynthDef, SynthDefBuilder
from supriya.clocks import ClockCallbackState
from supriya.ugens import DiskOut, Impulse, In, Line, OffsetOut

from marmalade_sc.clock.timetag import UNITS_PER_SECOND
from marmalade_sc.engine.layout import RECORD_GROUP
from marmalade_sc.engine.record import Recording
from marmalade_sc.engine.server import Boot, Scsynth, free_port
from marmalade_sc.engine.sound_probe import jack_socket
from marmalade_sc.player.supervision import running
from marmalade_sc.sdk.osc import message

RATE = 48_000
STEP_S = 0.025
"""Peers play a note each 25 ms: 20 a beat at 120 bpm, well within what their own tests manage."""

ISOBAR = """
import sys
import isobar
timeline = isobar.Timeline(120, output_device=isobar.OSCOutputDevice("127.0.0.1", int(sys.argv[1])))
note = isobar.PConstant(["tick", -1, 0, 1])
timeline.schedule({"duration": 0.05, "osc_address": "/s_new", "osc_params": note})
timeline.run()
"""


def tick_definition() -> SynthDef:
    """The impulse of `onsets.py` as supriya's users would write it."""
    with SynthDefBuilder() as builder:
        Line.kr(start=0, stop=1, duration=0.02, done_action=2)
        OffsetOut.ar(bus=0, source=[Impulse.ar(frequency=0) * 0.5] * 2)
    return builder.build(name="tick")


def play_supriya(jack: str, wav: Path, settle_s: float, seconds: float) -> None:
    """supriya with its own clock, server and recording; in a process of its own."""
    with SynthDefBuilder(buffer=0) as builder:
        DiskOut.ar(buffer_id=builder["buffer"], source=In.ar(bus=0, channel_count=1))
    recorder, tick = builder.build(name="recorder"), tick_definition()
    device = f"{jack}:supriya"
    server = Server().boot(
        port=free_port(), input_device=device, output_device=device, load_synthdefs=False,
        input_bus_channel_count=0,
    )  # fmt: skip
    with server.at():
        with server.add_synthdefs(tick, recorder):
            pass
        disk = server.add_buffer(channel_count=1, frame_count=1 << 17)
    server.sync()
    with server.at(), disk.write(wav, frame_count=0, header_format="wav", sample_format="float", leave_open=True):
        pass
    server.sync()

    def play(state: ClockCallbackState) -> float:
        with server.at(state.desired_moment.seconds):
            server.add_synth(tick)
        return STEP_S / 2  # in whole notes of 2 s

    clock = Clock()
    clock.start(beats_per_minute=120)
    clock.cue(play, quantization="1/16")
    time.sleep(settle_s)
    with server.at():
        synth = server.add_synth(recorder, buffer=disk, add_action="add_to_tail")
    time.sleep(seconds)
    with server.at():
        synth.free(force=True)
    server.sync()
    time.sleep(0.5)
    with server.at():
        disk.close()
    server.sync()
    clock.stop()
    server.quit()


@contextlib.contextmanager
def jackd(name: str, log: Path) -> Iterator[None]:
    """A private dummy JACK server that tells its xruns in `log`."""
    command = ["jackd", "-n", name, "-d", "dummy", "-r", str(RATE), "-p", "256"]
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output)
    try:
        assert until(jack_socket(name).exists, 5.0), log.read_text()
        yield
    finally:
        process.terminate()
        process.wait()


@contextlib.contextmanager
def isobar_server(jack: str) -> Iterator[Scsynth]:
    """A scsynth that has what isobar's messages name."""
    server = Scsynth(Boot(f"{jack}:isobar"))
    server.start()
    try:
        server.load([tick_definition().compile()])
        server.send(message("/g_new", RECORD_GROUP, 1, 0))
        server.sync()
        yield server
    finally:
        server.stop()


def installed_isobar(folder: Path) -> tuple[Path | None, str]:
    """The Python of a throw-away venv that has isobar, or None and why."""
    python = folder / "bin" / "python"
    for command in (
        [sys.executable, "-m", "venv", str(folder)],
        [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "isobar", "setuptools<81"],
        [str(python), "-c", "import isobar"],
    ):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            words = (done.stderr or done.stdout).strip().splitlines()
            return None, words[-1][:200] if words else f"status {done.returncode}"
    return python, ""


def steady_figures(onsets: Sequence[int], step_s: float) -> dict[str, object]:
    """Residuals of notes that should be `step_s` apart."""
    if len(onsets) < 10:
        return {"notes": len(onsets)}
    steps = numpy.maximum(1, numpy.round(numpy.diff(numpy.asarray(onsets)) / (step_s * RATE)))
    places = numpy.concatenate([[0.0], numpy.cumsum(steps)])
    slope, base = numpy.polyfit(places, numpy.asarray(onsets, dtype=float), 1)
    residuals = numpy.sort(abs(numpy.asarray(onsets) - (slope * places + base)))
    neighbours = numpy.sort(abs(numpy.diff(numpy.asarray(onsets)) - steps * step_s * RATE))
    return {
        "notes": len(onsets),
        "gaps": int((steps > 1).sum()),
        "p50_samples": round(float(residuals[len(residuals) // 2]), 2),
        "p99_samples": round(float(residuals[int(0.99 * len(residuals))]), 2),
        "max_samples": round(float(residuals[-1]), 2),
        "neighbours_p99_samples": round(float(neighbours[int(0.99 * len(neighbours))]), 2),
    }


def run(seconds: float, burn: int, settle_s: float, python: Path | None, why: str) -> None:
    """All at once, and a row for each."""
    with tempfile.TemporaryDirectory(prefix="mb-") as name, contextlib.ExitStack() as stack:
        folder = Path(name)
        jack, log = folder.name, folder / "jackd.log"
        stack.enter_context(jackd(jack, log))
        ours = {
            mode: stack.enter_context(tick_player(engine__mode=mode, audio__driver="jack", audio__device=jack))
            for mode in ("exact", "wall")
        }
        for places in ours.values():
            ticking(places)
        supriya_words = ["--as-supriya", jack, str(folder / "supriya.wav"), str(settle_s), str(seconds)]
        peers = [subprocess.Popen([sys.executable, __file__, *supriya_words])]
        recording: Recording | None = None
        if python is not None:
            server = stack.enter_context(isobar_server(jack))
            assert server._out is not None
            port = server._out.getpeername()[1]
            peers.append(subprocess.Popen([str(python), "-c", ISOBAR, str(port)], stdout=subprocess.DEVNULL))
            recording = Recording(server, folder / "isobar.wav")
        try:
            with burning(burn), contextlib.ExitStack() as recordings:
                time.sleep(settle_s)
                xruns = count_xruns(log)
                for mode, places in ours.items():
                    recordings.enter_context(recorded(places, folder / f"{mode}.wav"))
                if recording is not None:
                    recording.start(0)
                    recordings.callback(recording.stop)
                time.sleep(seconds)
                states = {mode: engine(places) for mode, places in ours.items()}
            peers[0].wait(60)
        finally:
            for peer in peers:
                peer.kill()
                peer.wait()
        xruns = count_xruns(log) - xruns
        same = {"burn": burn, "seconds": seconds, "settled_s": settle_s, "xruns": xruns}
        reference: object = None
        for mode, places in ours.items():
            running.stop(places)
            dues, samples = notes_of(places, "d1")
            onsets = onsets_of(folder / f"{mode}.wav")
            figures = line_figures(onsets, [(due - dues[0]) / UNITS_PER_SECOND for due in dues], RATE)
            reference = figures.get("p99_samples")  # of the last, which is wall
            more = exact_figures(onsets, samples) if mode == "exact" else {}
            more["late"] = states[mode]["late_lines"]
            row("peers", who=f"marmalade {mode}", **figures | more, **same)
        for who, wav in (("supriya", folder / "supriya.wav"), ("isobar", folder / "isobar.wav")):
            if not wav.exists():
                row("peers", who=who, failed=why or "it recorded nothing", **same)
                continue
            figures = steady_figures(onsets_of(wav), STEP_S)
            p99 = figures.get("p99_samples")
            ratio = round(p99 / reference, 1) if isinstance(p99, float) and isinstance(reference, float) else None
            row("peers", who=who, **figures, ratio=ratio, **same)


def main() -> None:
    """Measure as the arguments say."""
    if sys.argv[1:2] == ["--as-supriya"]:
        play_supriya(sys.argv[2], Path(sys.argv[3]), float(sys.argv[4]), float(sys.argv[5]))
        return
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=130.0, help="length of the recordings")
    parser.add_argument("--settle", type=float, default=60.0, help="seconds before them")
    parser.add_argument("--burn", type=int, choices=(0, 1, 2), action="append", help="busy processes beside it")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="marmalade-bench-") as name:
        python, why = installed_isobar(Path(name))
        for burn in options.burn or (0, 2):
            run(options.seconds, burn, options.settle, python, why)


if __name__ == "__main__":
    main()
