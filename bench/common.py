"""What the bars share: running things in private places, figures of distributions, one way to print a row."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from marmalade_sc.player.control.protocol import request
from marmalade_sc.player.supervision import running
from marmalade_sc.settings.places import Places

__all__ = ["burning", "content", "end_when_asked", "evaluate", "median_us", "percentile", "player", "row", "until"]


def row(name: str, **figures: object) -> None:
    """Print one result as a line of JSON."""
    print(json.dumps({"bar": name, **figures, "load": [round(each, 2) for each in os.getloadavg()[:2]]}), flush=True)


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` (0 to 1) of all lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")


def end_when_asked() -> None:
    """Let SIGTERM end this process by way of every `finally`: players, namespaces and folders go with it. Once."""

    def end(number: int, frame: object) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        raise SystemExit(128 + number)

    signal.signal(signal.SIGTERM, end)


def median_us(work: Callable[[], object], count: int, rounds: int = 7) -> float:
    """Microseconds of one call, the median of several rounds."""
    times = []
    for _ in range(rounds):
        begin = time.perf_counter()
        for _ in range(count):
            work()
        times.append((time.perf_counter() - begin) / count * 1e6)
    return sorted(times)[rounds // 2]


def until(condition: Callable[[], bool], timeout_s: float, step_s: float = 0.02) -> bool:
    """Wait until `condition()`; whether it came true in time."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(step_s)
    return False


@contextlib.contextmanager
def burning(count: int) -> Iterator[None]:
    """`count` processes that use all the CPU they get, as a browser or a compiler beside the music would."""
    processes = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()


@contextlib.contextmanager
def player(**settings: str) -> Iterator[Places]:
    """A whole player of its own in a folder of its own, on the driver that is found."""
    with tempfile.TemporaryDirectory(prefix="marmalade-bench-") as folder:
        places = Places.find(folder)
        running.start(places, {key.replace("__", "."): value for key, value in settings.items()})
        try:
            yield places
        finally:
            running.stop(places)


def evaluate(places: Places, code: str) -> None:
    """Let the player play something: a bar that is measured while nothing plays says nothing."""
    answer = request(places.control_socket, "evaluate", code=code, source="bench")
    if answer.get("error"):
        raise SystemExit(f"{code!r} does not play: {answer['error']}")


def engine(places: Places) -> dict[str, object]:
    """The engine's latest state."""
    state = request(places.control_socket, "status")["engine"]
    assert isinstance(state, dict)
    return state


@contextlib.contextmanager
def content() -> Iterator[Path]:
    """A folder with catalogue, banks and compiled synthdefs, built there."""
    from marmalade_sc.player.rendering.offline import orchestra_for
    from marmalade_sc.settings.load import load

    with tempfile.TemporaryDirectory(prefix="marmalade-bench-") as folder:
        places = Places.find(folder)
        orchestra_for(places, load(places.config))
        yield places.root / "cache" / "synthdefs"
