"""Bar: the wall clock stepped by an hour under a playing set, forward and back, in both modes: at most one handover
window (80 ms) of notes is lost or bursts, and later notes are right within 1 s.

The machine's clock is not touched: scsynth runs under libfaketime, whose offset is a file that is rewritten while it
plays, and the engine's Python adds the same offset; the monotonic clock and jackd stay true. "Right" is the very sample
in mode `exact`, and within 20 ms in mode `wall`, until scsynth's own clock has settled, which takes it half a minute.
"""

import argparse
import contextlib
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy
from common import engine, row, until
from onsets import TICK, notes_of, onsets_of, recorded, ticking

from marmalade_sc.clock.timetag import UNITS_PER_SECOND
from marmalade_sc.player.supervision import running
from marmalade_sc.settings.places import Places

__all__ = ["RIGHT_MS", "Around", "around", "faked", "measured"]

Wait = Callable[[Places, float], None]

REPO = Path(__file__).resolve().parent.parent
FAKETIME = "usr/lib/*/faketime/libfaketimeMT.so.1"
#: Runs in each Python of the player before anything else, and gives the engine's the same wall clock as scsynth has.
#: (libfaketime 0.9.10 cannot do it: under it Python's sleep fails.)
CUSTOMIZE = """
import os, sys, time
if any(word.startswith("marmalade_sc.player.engine") for word in sys.orig_argv):
    def moved(path=os.environ["FAKETIME_TIMESTAMP_FILE"], true=time.time_ns):
        with open(path) as file:
            return true() + int(file.read()) * 10**9
    time.time_ns, time.time = moved, lambda: moved() / 1e9
"""
SET = 'clock.bpm = 119.3\nd1.at("now") >> tick("0*14?0.2 0*15?0.2").set(amp=.5)\n'
RIGHT_MS = {"exact": 0.0, "wall": 20.0}
NEAR_S = 0.025
"""A note has its onset within this time of where it belongs, or it is lost; onsets that belong nowhere are a burst."""


@dataclass(frozen=True, slots=True)
class Around:
    """What happened around one step.

    Attributes:
        lost: notes without an onset.
        strange: onsets without a note.
        last_ms: how long after the step the last of both was.
        span_ms: time from the first to the last of both.
        worst_ms: deviation of the worst note that is later than 1 s behind the step.
    """

    lost: int
    strange: int
    last_ms: float
    span_ms: float
    worst_ms: float


def _swept() -> None:
    """Take away the shared memory that libfaketime leaves behind for a process that was killed."""
    for path in Path("/dev/shm").glob("*faketime_*_*"):
        if not Path("/proc", path.name.rpartition("_")[2]).exists():
            path.unlink(missing_ok=True)


@contextlib.contextmanager
def faked(folder: Path, mode: str) -> Iterator[tuple[Places, Path]]:
    """A player whose engine and scsynth see the wall clock moved by what the file (second value) says."""
    library = next((path for root in (Path("/"), REPO / ".prefix" / "tree") for path in root.glob(FAKETIME)), None)
    assert library, "libfaketime is missing: apt install libfaketime"
    (folder / "defs").mkdir()
    (folder / "defs" / "tick.py").write_text(TICK)
    (folder / "python").mkdir()
    (folder / "python" / "sitecustomize.py").write_text(CUSTOMIZE)
    offset = folder / "offset"
    offset.write_text("+0\n")
    launcher = folder / "scsynth"
    launcher.write_text(f'#!/bin/sh\nLD_PRELOAD={library} exec scsynth "$@"\n')
    launcher.chmod(0o700)
    given = {
        "PYTHONPATH": f"{folder / 'python'}{os.pathsep}{os.environ.get('PYTHONPATH', '')}",
        "FAKETIME_TIMESTAMP_FILE": str(offset),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
    before = {name: os.environ.get(name) for name in given}
    os.environ.update(given)
    places = Places.find(folder / "player")
    try:
        settings = {"synthdefs.folder": str(folder / "defs"), "engine.mode": mode, "audio.driver": "dummy"}
        running.start(places, {**settings, "engine.scsynth": str(launcher)})
        yield places, offset
    finally:
        running.stop(places)
        _swept()
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def step_to(offset: Path, seconds: int) -> None:
    """Move the wall clock of those who look at `offset`."""
    aside = offset.with_suffix(".new")
    aside.write_text(f"{seconds:+d}\n")
    aside.replace(offset)


def around(onsets: Sequence[int], expected: Sequence[float], at: float, rate: int, until_s: float) -> Around:
    """Look at the time from just before a step, at frame `at`, to `until_s` behind it."""
    heard, wanted = numpy.asarray(onsets, dtype=float), numpy.asarray(expected, dtype=float)
    near, low, high = NEAR_S * rate, at - rate, at + until_s * rate
    wrong = [each for each in wanted if low <= each < high and abs(heard - each).min() > near]
    strange = [each for each in heard if low <= each < high and abs(wanted - each).min() > near]
    later = [abs(heard - each).min() for each in wanted if at + rate < each < high and each not in wrong]
    both = [*wrong, *strange]
    return Around(
        len(wrong),
        len(strange),
        round((max(both) - at) / rate * 1000, 1) if both else 0.0,
        round((max(both) - min(both)) / rate * 1000, 1) if both else 0.0,
        round(float(max(later)) / rate * 1000, 3) if later else float("nan"),
    )


def measured(
    folder: Path, mode: str, settle_s: float, after_s: float, steps: Sequence[int], wait: Wait
) -> tuple[list[Around], dict[str, object]]:
    """What happened around each step, and the engine's last state with its log as `log`.

    Args:
        steps: by how many seconds the clock stands away from the true one, one after the other.
        wait: called with the places and seconds; returns when so much was played.
    """
    with faked(folder, mode) as (places, offset):
        path = folder / "ticks.wav"
        ticking(places, SET)
        wait(places, settle_s)
        moments: list[int] = []
        origin = int(str(engine(places)["origin"]))
        with recorded(places, path):
            wait(places, 3.0)
            for seconds in steps:
                moments.append(time.monotonic_ns() * UNITS_PER_SECOND // 10**9 + origin)
                step_to(offset, seconds)
                assert until(lambda: engine(places)["clock_steps"] == len(moments), 5.0), "no step was seen"
                wait(places, after_s)
        state = engine(places)
        rate = int(str(state["rate"]))
        running.stop(places)
        state["log"] = (places.logs / "engine.log").read_text(errors="replace")
        dues, samples = notes_of(places, "d1")
        onsets = onsets_of(path)
    times = numpy.asarray([(due - dues[0]) / UNITS_PER_SECOND for due in dues])
    clock = numpy.asarray(samples, dtype=float) if mode == "exact" else times * rate
    first = (moments[0] - dues[0]) / UNITS_PER_SECOND
    before = [place for place, time_s in enumerate(times) if first - 2.5 < time_s < first - 0.2]
    expected = clock + _shift(onsets, clock[before])
    places_of = [float(numpy.interp((when - dues[0]) / UNITS_PER_SECOND, times, expected)) for when in moments]
    return [around(onsets, list(expected), at, rate, after_s) for at in places_of], state


def run(mode: str, settle_s: float, after_s: float) -> None:
    """A row for each direction."""
    steps = (3600, 0, -3600, 0)
    with tempfile.TemporaryDirectory(prefix="mb-") as name:
        found, state = measured(Path(name), mode, settle_s, after_s, steps, lambda places, time_s: time.sleep(time_s))
    settled = str(state["log"]).count("has settled after the step")
    for step, each in zip(numpy.diff((0, *steps)), found, strict=True):
        row(
            "clock_step",
            mode=mode,
            step_s=int(step),
            lost=each.lost,
            strange=each.strange,
            span_ms=each.span_ms,
            last_wrong_after_ms=each.last_ms,
            worst_later_ms=each.worst_ms,
            settled_again=settled,
            xruns=state["xruns"],
            restarts=state["restarts"],
            met=each.span_ms <= 80 and each.last_ms <= 1000 and each.worst_ms <= RIGHT_MS[mode],
        )


def _shift(onsets: Sequence[int], clock: "numpy.typing.NDArray[numpy.float64]") -> float:
    """What to add to the notes' times so that they meet their onsets: the candidate that leaves the least."""
    heard = numpy.asarray(onsets, dtype=float)
    candidates = heard - clock[0]
    misfits = [abs(clock[:, None] + each - heard[None, :]).min(axis=1).clip(0, 500).mean() for each in candidates]
    best = float(candidates[int(numpy.argmin(misfits))])
    nearest = heard[abs(clock[:, None] + best - heard[None, :]).argmin(axis=1)]
    return float(numpy.median(nearest - clock))


def main() -> None:
    """Measure as the arguments say."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mode", choices=("exact", "wall"), action="append")
    parser.add_argument("--settle", type=float, default=5.0, help="seconds before the recording")
    parser.add_argument("--after", type=float, default=40.0, help="seconds behind each step")
    options = parser.parse_args()
    for mode in options.mode or ("exact", "wall"):
        run(mode, options.settle, options.after)


if __name__ == "__main__":
    main()
