"""Bars of the shell, in a real terminal on a real player with 50 tracks.

Key to screen at 120x40: p99 <= 30 ms. Evaluation to acceptance: p50 <= 20 ms. Prompt ready with a player that runs:
<= 0.7 s. Share of a core while nothing is typed but music plays: <= 2 % at 80x24, <= 10 % at 250x80.

The views (steps, piano roll, wave, spectrum on the whole screen) have rows of their own.

`--cpu-seconds 30` measures the shares longer; `--only cpu` nothing else;
`--set KEY=VALUE` is handed to the player (`--set audio.driver=dummy`).
"""

import argparse
import os
import random
import sys
import time
from pathlib import Path

from common import evaluate, percentile, player, row

from marmalade_sc.settings.places import Places

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from tests.live.terminal import Terminal  # noqa: E402  the tests' terminal, which is in no package

TRACKS = 50
VIEWS = {
    "steps": ("f7",),
    "roll": ("escape", "g", "r"),
    "scope": ("escape", "g", "o"),
    "spectrum": ("escape", "g", "f"),
}
"""The views and their keys."""
MARK = "ż"
"""A letter that is in no status bar."""


def played(number: int) -> str:
    """What the track of that number plays: eight notes a bar, every fifth of them with a pitch, for the piano roll."""
    return 's("hh*8").set(amp=.02)' if number % 5 else f'bass("{number % 7} 3 5 7 2 4 6 8", scale="minor", amp=.02)'


def open_shell(places: Places, size: tuple[int, int], *arguments: str) -> Terminal:
    """A shell on the player, in a terminal of (columns, rows), with an empty page."""
    (places.sets / "scratch.py").unlink(missing_ok=True)
    command = [sys.executable, "-m", "marmalade_sc", "--dir", str(places.root), "shell", *arguments]
    return Terminal(command, *size)


def until(terminal: Terminal, wanted: bytes, timeout_s: float = 20.0) -> float:
    """Seconds until `wanted` comes from the shell."""
    begin = time.perf_counter()
    seen = b""
    while wanted not in seen:
        seen = seen[-len(wanted) :] + terminal.read(0.05)
        if time.perf_counter() - begin > timeout_s:
            raise TimeoutError(f"{wanted!r} did not come: {seen!r}")
    return time.perf_counter() - begin


def settle(terminal: Terminal, seconds: float) -> None:
    """Read what comes for so long."""
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        terminal.read(0.01)


def keys_ms(terminal: Terminal, count: int, dice: random.Random) -> list[float]:
    """Milliseconds from a key to its letter on the screen."""
    times = []
    for number in range(count):
        settle(terminal, dice.uniform(0.02, 0.12))
        terminal.write(MARK)
        times.append(until(terminal, MARK.encode()) * 1000)
        if number % 40 == 39:
            terminal.press("c-u")
            settle(terminal, 0.1)
    terminal.press("c-u")
    return times


def evaluations_ms(terminal: Terminal, count: int) -> list[float]:
    """Milliseconds from Enter to the answer on the screen."""
    times = []
    for number in range(count):
        settle(terminal, 0.15)
        terminal.write(f"{70_000 + number}+10000")
        settle(terminal, 0.1)
        terminal.press("enter")
        times.append(until(terminal, str(80_000 + number).encode()) * 1000)
    return times


def cpu_share(terminal: Terminal, seconds: float, keys_per_s: float = 0.0) -> float:
    """Share of a core, in percent, that the shell's process uses."""
    ticks = os.sysconf("SC_CLK_TCK")

    def used() -> float:
        fields = Path(f"/proc/{terminal.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / ticks

    settle(terminal, 2.0)
    before, begin = used(), time.perf_counter()
    while time.perf_counter() - begin < seconds:
        if keys_per_s:
            terminal.write("x")
            settle(terminal, 1 / keys_per_s)
        else:
            settle(terminal, 0.2)
    return (used() - before) / (time.perf_counter() - begin) * 100


def measure_starts(places: Places) -> None:
    """From the command to the prompt."""
    starts = []
    for _ in range(5):
        begin = time.perf_counter()
        terminal = open_shell(places, (120, 40))
        until(terminal, "♪".encode())
        starts.append(time.perf_counter() - begin)
        terminal.close()
    row("shell_ready", seconds=round(sorted(starts)[2], 3), worst_s=round(max(starts), 3), met=sorted(starts)[2] <= 0.7)


def measure_typing(places: Places, keys_count: int, evaluations_count: int) -> None:
    """Keys, and lines that are evaluated; of the slowest keys also which they were, from 0."""
    terminal = open_shell(places, (120, 40))
    until(terminal, "♪".encode())
    settle(terminal, 3.0)
    keys = keys_ms(terminal, keys_count, random.Random(1))
    slowest = sorted(range(len(keys)), key=lambda at: -keys[at])[:3]
    row(
        "shell_keys",
        p50_ms=round(percentile(keys, 0.5), 1),
        p99_ms=round(percentile(keys, 0.99), 1),
        worst_ms=round(max(keys), 1),
        slowest={at: round(keys[at], 1) for at in slowest},
        count=len(keys),
        met=percentile(keys, 0.99) <= 30,
    )
    answers = evaluations_ms(terminal, evaluations_count)
    row(
        "shell_evaluation",
        p50_ms=round(percentile(answers, 0.5), 1),
        p99_ms=round(percentile(answers, 0.99), 1),
        count=len(answers),
        met=percentile(answers, 0.5) <= 20,
    )
    terminal.close()


def show(terminal: Terminal, mode: str) -> None:
    """Bring a shell into a mode: all of the full screen's code lit, or a view on the whole screen."""
    if mode == "full":
        settle(terminal, 1.0)
        terminal.paste("\n".join(f"d{n} >> {played(n)}" for n in range(1, TRACKS + 1)) + "\n")
        settle(terminal, 0.5)
        terminal.press("f6")
    elif mode in VIEWS:
        title = f"── {mode} "
        terminal.press(*VIEWS[mode])  # a panel
        terminal.wait_for(title)
        terminal.press(*VIEWS[mode])  # the whole screen
        terminal.wait_for(lambda: title not in terminal.text)


def measure_cpu(places: Places, seconds: float) -> None:
    """Of a core, at two sizes; where a view is all that is seen, nothing is typed."""
    for size, limit in (((80, 24), 2.0), ((250, 80), 10.0)):
        for mode in ("plain", "full", *VIEWS):
            terminal = open_shell(places, size, *(["--full"] if mode != "plain" else []))
            until(terminal, b"bpm")
            show(terminal, mode)
            idle = cpu_share(terminal, seconds)
            typing = {} if mode in VIEWS else {"typing_percent": round(cpu_share(terminal, seconds, 5.0), 2)}
            terminal.close()
            row(
                "shell_cpu",
                size=f"{size[0]}x{size[1]}",
                mode=mode,
                percent=round(idle, 2),
                **typing,
                met=idle <= limit,
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keys", type=int, default=400)
    parser.add_argument("--evaluations", type=int, default=40)
    parser.add_argument("--cpu-seconds", type=float, default=10.0)
    parser.add_argument("--only", choices=("start", "typing", "cpu"))
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    given = parser.parse_args()
    settings = dict(each.split("=", 1) for each in given.set)
    with player(**settings) as places:
        for number in range(1, TRACKS + 1):
            evaluate(places, f"d{number} >> {played(number)}")
        if given.only in (None, "start"):
            measure_starts(places)
        if given.only in (None, "typing"):
            measure_typing(places, given.keys, given.evaluations)
        if given.only in (None, "cpu"):
            measure_cpu(places, given.cpu_seconds)


if __name__ == "__main__":
    main()
