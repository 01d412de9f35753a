"""Bar: onsets in a real-time recording of 10,000 notes, idle and with two busy loops: in mode `exact` 0 samples wrong,
xruns included; in mode `wall` p99 <= 1.0 sample after 60 s where the run had no xrun.

One-sample impulses at uneven times are recorded from behind the master. In mode `exact` the event log says on which
sample of the server's clock each note was placed: the index in the recording less that sample must be one constant. In
mode `wall` the onsets are held against a straight line fitted to the notes' jam times.
"""

import argparse
import contextlib
import json
import os
import random
import signal
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy
import soundfile
from common import burning, engine, row, until
from numpy.typing import NDArray

from marmalade_sc.clock.timetag import UNITS_PER_SECOND
from marmalade_sc.engine.eventlog import read_event_log
from marmalade_sc.player.control.protocol import request
from marmalade_sc.player.supervision import running
from marmalade_sc.sdk.frames import Bundles
from marmalade_sc.settings.places import Places

__all__ = [
    "TICK",
    "Found",
    "count_xruns",
    "exact_figures",
    "line_figures",
    "map_figures",
    "matched",
    "notes_of",
    "onsets_of",
    "recorded",
    "tick_player",
    "ticking",
]

TICK = '''
"""One sample of sound, on the sample of the note."""
from supriya.ugens import Impulse, Line
from marmalade_sc.synthdefs import synthdef, until

@synthdef(tail=0.2)
def tick(amp):
    until(Line.kr(start=0, stop=1, duration=0.02))
    return Impulse.ar(frequency=0) * amp
'''
#: About 80 notes a second at awkward times; one in ten is left out by chance, so that no shift looks like another.
SET = 'clock.bpm = 119.3\nd1.at("now") >> tick("0*87?0.1 0*91?0.1").set(amp=.5)\n'
SETTLE_S = {"exact": 3.0, "wall": 60.0}
_READ_FRAMES = 1 << 20
_NEAR = 60
"""Samples within which a note's onset is looked for in mode `wall`; where none is, an xrun has moved the clock."""
_JUMP = 4000
"""Samples by which an xrun may move it."""

Numbers = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Found:
    """Notes and the onsets that belong to them.

    Attributes:
        pairs: (index of the onset, index of the note).
        lost: notes within the recording that have no onset.
        strange: onsets without a note.
    """

    pairs: list[tuple[int, int]]
    lost: int
    strange: int


def onsets_of(path: Path, channel: int = 0, share: float = 0.3) -> list[int]:
    """Frames of the local maxima of |x| above `share` of what is usual in a tenth of a second; reads in blocks.

    Not of the loudest: where an xrun lets some notes fall on one sample, all others would be too soft.
    """
    with soundfile.SoundFile(path) as file:
        tenth = file.samplerate // 10
        peaks = [
            float(abs(block[start : start + tenth, channel]).max())
            for block in _blocks(file)
            for start in range(0, len(block), tenth)
        ]
        usual = float(numpy.median([each for each in peaks if each > 0.0] or [0.0]))
        if not usual:
            return []
        file.seek(0)
        found: list[int] = []
        at = 0
        rest = numpy.zeros(1)
        for block in _blocks(file):
            samples = numpy.concatenate([rest, abs(block[:, channel])])
            inside = samples[1:-1]
            onsets = (inside > share * usual) & (inside > samples[:-2]) & (inside >= samples[2:])
            found += [int(each) + at + 1 - len(rest) for each in numpy.flatnonzero(onsets)]
            rest = samples[-2:]
            at += len(block)
    return found


def _blocks(file: Any) -> Iterator[Numbers]:
    return iter(file.blocks(_READ_FRAMES, dtype="float32", always_2d=True))


def notes_of(places: Places, track: str, jam: str = "home") -> tuple[list[int], list[int]]:
    """Jam times of a track's notes in the event log, and samples of the server's clock, in order of time."""
    notes = sorted(
        (section.first, section.epoch)
        for section in read_event_log(places.jam(jam).history)
        if isinstance(section, Bundles) and section.track == track
    )
    return [due for due, _ in notes], [sample for _, sample in notes]


def matched(onsets: Sequence[int], expected: Sequence[float], near: float) -> Found:
    """Onsets and notes that belong together, `expected` being sample times on any clock that runs at the rate.

    The shift is the one at which 200 onsets in the middle fit best; from there it is followed in both
    directions, as an xrun moves it. With `near` 0 it is held: what does not fall on its very sample is lost.
    """
    heard, wanted = numpy.asarray(onsets, dtype=float), numpy.asarray(expected, dtype=float)
    if len(heard) < 2 or len(wanted) < 2:
        return Found([], len(wanted), len(heard))
    middle = len(heard) // 2
    some = heard[max(0, middle - 100) : middle + 100]
    shifts = heard[middle] - wanted
    misfits = [float(abs(some - shift - _nearest(wanted, some - shift)[1]).clip(0, 100).mean()) for shift in shifts]
    best = float(shifts[int(numpy.argmin(misfits))])
    if not near:  # the onset in the middle may itself be a wrong one
        distances = numpy.round(some - best - _nearest(wanted, some - best)[1])
        values, counts = numpy.unique(distances, return_counts=True)
        best += float(values[int(numpy.argmax(counts))])
    forward, back = (_followed(heard, wanted, best, order, near) for order in (slice(middle, None), slice(middle)))
    pairs = sorted(forward + back)
    first, last = wanted[pairs[0][1]], wanted[pairs[-1][1]]
    inside = int(((wanted >= first) & (wanted <= last)).sum())
    return Found(pairs, inside - len({note for _, note in pairs}), len(heard) - len({onset for onset, _ in pairs}))


def _followed(heard: Numbers, wanted: Numbers, shift: float, order: slice, near: float) -> list[tuple[int, int]]:
    """Pairs from one end of `order` on: the lower one, or the upper one when it begins with the first onset."""
    indexes = numpy.arange(len(heard))[order]
    if order.start is None:
        indexes = indexes[::-1]
    pairs: list[tuple[int, int]] = []
    for place, index in enumerate(indexes):
        note, value = _nearest(wanted, heard[index : index + 1] - shift)
        distance = heard[index] - shift - value[0]
        if near and abs(distance) > near:
            some = heard[indexes[place : place + 30]]
            shifts = heard[index] - wanted[abs(wanted - value[0]) < _JUMP]
            misfits = [
                float(abs(some - each - _nearest(wanted, some - each)[1]).clip(0, 100).mean()) for each in shifts
            ]
            if min(misfits) < 5:
                shift = float(shifts[int(numpy.argmin(misfits))])
                note, value = _nearest(wanted, heard[index : index + 1] - shift)
                distance = heard[index] - shift - value[0]
        if abs(distance) <= near:
            pairs.append((int(index), int(note[0])))
            shift += distance
    return pairs


def _nearest(values: Numbers, wanted: Numbers) -> tuple[Numbers, Numbers]:
    places = numpy.clip(numpy.searchsorted(values, wanted), 1, len(values) - 1)
    places -= (wanted - values[places - 1]) < (values[places] - wanted)
    return places, values[places]


def exact_figures(onsets: Sequence[int], samples: Sequence[int]) -> dict[str, object]:
    """How many notes do not lie on the sample on which they were placed."""
    placed = numpy.unwrap(numpy.asarray(samples, dtype=float), period=float(1 << 32))
    # Sorted: where an xrun has set the map back, two notes may have changed places.
    found = matched(onsets, list(numpy.sort(placed)), 0)
    return {"notes": len(found.pairs) + found.lost, "wrong": found.lost, "strange": found.strange}


def line_figures(onsets: Sequence[int], times: Sequence[float], rate: int) -> dict[str, object]:
    """Residuals in samples against a straight line from the notes' times (seconds) to the onsets."""
    found = matched(onsets, [time_s * rate for time_s in times], _NEAR)
    if len(found.pairs) < 10:
        return {"notes": len(found.pairs), "lost": found.lost, "strange": found.strange}
    at = numpy.asarray([times[note] for _, note in found.pairs])
    at -= at[0]
    heard = numpy.asarray([onsets[onset] for onset, _ in found.pairs], dtype=float)
    slope, base = numpy.polyfit(at, heard, 1)
    residuals = numpy.sort(abs(heard - (slope * at + base)))
    steps = numpy.sort(abs(numpy.diff(heard) - rate * numpy.diff(at)))
    return {
        "notes": len(found.pairs),
        "lost": found.lost,
        "strange": found.strange,
        **{f"{name}_samples": round(float(value), 2) for name, value in _percentiles(residuals)},
        "neighbours_p99_samples": round(float(steps[int(0.99 * len(steps))]), 2),
        "ppm": round((float(slope) / rate - 1) * 1e6, 1),
    }


def map_figures(onsets: Sequence[int], samples: Sequence[int]) -> dict[str, object]:
    """How far notes lie from the samples on which they were to begin; unlike a line this follows the steps of xruns."""
    placed = numpy.sort(numpy.unwrap(numpy.asarray(samples, dtype=float), period=float(1 << 32)))
    found = matched(onsets, list(placed), _NEAR)
    apart = numpy.asarray([onsets[onset] - placed[note] for onset, note in found.pairs])
    if len(apart) < 10:
        return {}
    residuals = numpy.sort(abs(apart - numpy.median(apart)))
    return {
        **{f"map_{name}_samples": round(float(value), 2) for name, value in _percentiles(residuals)},
        "within_1": round(float((residuals <= 1).mean()), 4),
    }


def _percentiles(ordered: Numbers) -> list[tuple[str, float]]:
    last = len(ordered) - 1
    return [("p50", ordered[last // 2]), ("p99", ordered[int(0.99 * last)]), ("max", ordered[last])]


@contextlib.contextmanager
def tick_player(**settings: str) -> Iterator[Places]:
    """A player that has the synthdef `tick`. Stop it before its event log is read."""
    with tempfile.TemporaryDirectory(prefix="marmalade-bench-") as name:
        folder = Path(name)
        (folder / "defs").mkdir()
        (folder / "defs" / "tick.py").write_text(TICK)
        places = Places.find(folder / "player")
        options = {"synthdefs.folder": str(folder / "defs"), **{k.replace("__", "."): v for k, v in settings.items()}}
        running.start(places, options)
        try:
            yield places
        finally:
            running.stop(places)


def ticking(places: Places, code: str = SET) -> None:
    """Begin to play."""
    answer = request(places.control_socket, "evaluate", code=code)
    assert answer["ok"], answer


@contextlib.contextmanager
def recorded(places: Places, path: Path) -> Iterator[None]:
    """Record what is heard meanwhile."""
    request(places.control_socket, "record", path=str(path))
    assert until(lambda: engine(places).get("recording") == str(path), 10.0), "no recording began"
    yield
    request(places.control_socket, "stop_recording")
    assert until(path.exists, 10.0), "the recording was not finished"


def count_xruns(log: Path) -> int:
    """Xruns that a jackd has told of, in its log."""
    try:
        return log.read_bytes().count(b"XRun")
    except OSError:
        return 0


@contextlib.contextmanager
def stalling(places: Places, longest_s: float) -> Iterator[list[float]]:
    """Stop the private JACK server now and then for up to `longest_s`: xruns at will; yields their lengths."""
    stalls: list[float] = []
    if not longest_s:
        yield stalls
        return
    processes = json.loads(places.processes.read_text(encoding="utf-8"))["processes"]
    pid = next(each["pid"] for each in processes if each["name"] == "jackd")
    dice, over = random.Random(3), threading.Event()

    def stall() -> None:
        while not over.wait(dice.uniform(2, 5)):
            stalls.append(dice.uniform(0.005, longest_s))
            os.kill(pid, signal.SIGSTOP)
            time.sleep(stalls[-1])
            os.kill(pid, signal.SIGCONT)

    thread = threading.Thread(target=stall)
    thread.start()
    try:
        yield stalls
    finally:
        over.set()
        thread.join()


def run(mode: str, seconds: float, burn: int, settle_s: float, stall_s: float) -> None:
    """One row."""
    with tempfile.TemporaryDirectory(prefix="marmalade-bench-") as name, tick_player(engine__mode=mode) as places:
        path = Path(name) / "ticks.wav"
        ticking(places)
        with burning(burn):
            time.sleep(settle_s)
            before, xruns = engine(places), count_xruns(places.logs / "jackd.log")
            with recorded(places, path), stalling(places, stall_s) as stalls:
                time.sleep(seconds)
            after, xruns = engine(places), count_xruns(places.logs / "jackd.log") - xruns
        running.stop(places)
        dues, samples = notes_of(places, "d1")
        onsets = onsets_of(path)
    times = [(due - dues[0]) / UNITS_PER_SECOND for due in dues]
    if mode == "exact":
        line = line_figures(onsets, times, int(str(after["rate"])))
        # Against a straight line exact notes are as steady as the map, which slews after xruns; for the eye only.
        figures = {**exact_figures(onsets, samples), "line_p99_samples": line.get("p99_samples")}
        met: bool | None = not figures["wrong"] and not figures["strange"]
    else:
        figures = {**line_figures(onsets, times, int(str(after["rate"]))), **map_figures(onsets, samples)}
        p99 = figures.get("p99_samples")
        met = isinstance(p99, float) and p99 <= 1.0 and not figures["lost"] if not xruns else None
    enough = isinstance(figures["notes"], int) and figures["notes"] >= 10_000
    row(
        "onsets",
        mode=mode,
        burn=burn,
        stalls=len(stalls),
        seconds=seconds,
        settled_s=settle_s,
        **figures,
        onsets=len(onsets),
        xruns=xruns,
        slips=int(str(after["slips"])) - int(str(before["slips"])),
        map_changes=int(str(after["map_revision"])) - int(str(before["map_revision"])),
        late_played=after["late_played"],
        late_dropped=after["late_dropped"],
        server_late_lines=after["late_lines"],
        enough_notes=enough,
        met=met,
    )


def main() -> None:
    """Measure as the arguments say."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=130.0, help="length of the recording")
    parser.add_argument("--mode", choices=("exact", "wall"), action="append")
    parser.add_argument("--burn", type=int, choices=(0, 1, 2), action="append", help="busy processes beside it")
    parser.add_argument("--stall", type=float, default=0.0, help="longest stall of the driver, in seconds; 0: none")
    parser.add_argument("--settle", type=float, help="seconds before the recording; 60 in mode wall, else 3")
    options = parser.parse_args()
    for mode in options.mode or ("exact", "wall"):
        for burn in options.burn or (0, 2):
            settle = options.settle if options.settle is not None else SETTLE_S[mode]
            run(mode, options.seconds, burn, settle, options.stall)


if __name__ == "__main__":
    main()
