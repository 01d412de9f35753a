"""Bar: two hours of a busy set on a fast clock: no growth of memory, nodes, buses, Redis or files beyond stated caps.

Thirty tracks at 600 bpm; each second patterns are replaced, tracks hushed and started again, mixes, inserts, sends and
the tempo changed; mistakes are typed, loops interrupted, synthdefs saved (good and bad ones), panic pressed. Growth is
the mean of the last fifth less the mean of the first fifth after the warm-up; `CAPS` says how much each may grow, and
`MOST` how large some may be at any time.
"""

import argparse
import collections
import itertools
import json
import random
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import redis
from common import engine, row

from marmalade_sc.player.base.processes import children_of
from marmalade_sc.player.control.protocol import request
from marmalade_sc.player.supervision import running
from marmalade_sc.settings.places import Places

TRACKS = 30
VOICE = '''
"""A short blip, version {version}."""
from supriya.ugens import Line, SinOsc
from marmalade_sc.synthdefs import control, synthdef, until

@synthdef(freq=control({freq}, "Hz", 20, 20000), tail=0.2)
def blip(freq):
    until(Line.kr(start=0, stop=1, duration=0.05))
    return SinOsc.ar(frequency=freq) * 0.05
'''
#: How much each may grow between the first and the last fifth. Memory in MiB. What grows to a stated bound (streams of
#: the state server, remembered notes) may do so; nodes are those of the notes that sound at the time.
CAPS = {
    "anonymous live generation": 12.0,
    "anonymous redis-state": 48.0,
    "anonymous redis-events": 12.0,
    "anonymous": 4.0,  # every other process
    "fds": 4,
    "threads": 2,
    "synths": 40,
    "definitions": 60,
    "redis state MiB": 48.0,
    "redis events MiB": 12.0,
    "evaluation ms": 30.0,
    "supervised files": 40,
}
#: How much there may be at any time: a minute of replaced synthdefs, 1,000 builds and a hundred new ones of two files
#: each, 16 event logs of 64 MiB, 4 logs of 1 MiB for each process.
MOST = {
    "history MiB": 16 * 64 + 1,
    "logs MiB": 9 * 4 + 1,
    "redis files MiB": 200,  # Redis writes its log anew when it has doubled and is beyond 64 MiB
    "definitions": 260,
    "cache files": 2300,
}
STEP_S = 1.0
MIB = 1 << 20


class Set:
    """The busy performer: `step` does what a second holds."""

    def __init__(self, places: Places, synthdefs: Path) -> None:
        self.places = places
        self.synthdefs = synthdefs
        self.dice = random.Random(7)
        self.version = 0
        self.evaluations_ms: list[float] = []
        self.failed: collections.Counter[str] = collections.Counter()

    def save(self, text: str | None = None) -> None:
        """Save the synthdef, anew or broken."""
        self.version += 1
        text = text or VOICE.format(version=self.version, freq=200 + self.version % 800)
        (self.synthdefs / "blip.py").write_text(text)

    def evaluate(self, code: str, is_good: bool = True) -> None:
        """Evaluate, and note how long that took."""
        begin = time.monotonic()
        answer = request(self.places.control_socket, "evaluate", code=code)
        self.evaluations_ms.append((time.monotonic() - begin) * 1000)
        if bool(answer.get("ok")) is not is_good:
            self.failed[str(answer.get("error"))[:200]] += 1

    def pattern(self, number: int) -> str:
        """A pattern that is new nearly each time."""
        dice = self.dice
        steps = " ".join(str(dice.randrange(12)) for _ in range(dice.randrange(2, 5)))
        change = dice.choice(["", ".every(3, fast(2))", ".sometimes(.3, rev)", ".off(1/8, add(7))", ".degrade(.2)"])
        return f'd{number} >> blip("{steps}", amp="{dice.random():.3f} .1", pan={dice.uniform(-1, 1):.3f}){change}\n'

    def begin(self) -> None:
        """All tracks."""
        self.evaluate("clock.bpm = 600\n" + "".join(self.pattern(number) for number in range(TRACKS)))

    def panic(self) -> None:
        """Press panic, and begin again."""
        request(self.places.control_socket, "panic")
        time.sleep(0.2)
        self.begin()

    def step(self, count: int) -> None:
        """One second of it."""
        dice, track = self.dice, f"d{self.dice.randrange(TRACKS)}"
        self.evaluate("".join(self.pattern(dice.randrange(TRACKS)) for _ in range(3)))
        sometimes: list[tuple[int, Callable[[], object]]] = [
            (2, lambda: self.evaluate(f"{track}.gain({dice.uniform(-20, 0):.2f})\n{track}.pan({dice.uniform(-1, 1)})")),
            (3, lambda: self.evaluate(f"hush({track})\n" + self.pattern(int(track[1:])))),
            (4, lambda: self.evaluate(f'{track} >> blip("0 {dice.random()} [', is_good=False)),
            (5, lambda: self.evaluate(f"nothing_{dice.random():.9f}".replace(".", "_"), is_good=False)),
            (6, lambda: self.evaluate(f"{track}.fx = lpf({dice.uniform(200, 9000):.1f}) | drive(.2)")),
            (7, self.save),
            (9, lambda: self.evaluate(f"{track}.fx = None")),
            (10, lambda: request(self.places.control_socket, "mute", track=track)),
            (11, lambda: request(self.places.control_socket, "unmute", track=track)),
            (13, lambda: self.evaluate(f"clock.bpm = {dice.uniform(500, 700):.3f}")),
            (17, lambda: self.save(f"this is no synthdef {dice.random()}")),
            (
                19,
                lambda: self.evaluate(f"def helper(): return {dice.random()}\nlisted = [helper() for _ in range(999)]"),
            ),
            (23, lambda: request(self.places.control_socket, "status")),
            (61, self.panic),
        ]
        for each, act in sometimes:
            if count % each == each - 1:
                act()


class Sampler:
    """Everything that could grow, by name, each time it is asked."""

    def __init__(self, places: Places) -> None:
        self.places = places
        self.clients = {
            "state": redis.Redis(unix_socket_path=str(places.state_socket)),
            "events": redis.Redis(unix_socket_path=str(places.events_socket)),
        }
        self.samples: dict[str, list[float]] = {}
        self.times: list[float] = []

    def sample(self, **more: float) -> None:
        """Look once."""
        found: dict[str, float] = dict(more)
        descriptors = threads = 0
        for name, pid in self._processes():
            found[f"anonymous {name}"] = found.get(f"anonymous {name}", 0.0) + _anonymous(pid)
            descriptors += _count(Path(f"/proc/{pid}/fd"))
            threads += _count(Path(f"/proc/{pid}/task"))
        found |= {"fds": descriptors, "threads": threads}
        state = engine(self.places)
        found |= {name: float(str(state.get(name, 0))) for name in ("synths", "definitions", "held", "pending")}
        for name, client in self.clients.items():
            found[f"redis {name} MiB"] = int(client.info("memory")["used_memory"]) / MIB
        for name, folder in (
            ("history", self.places.jam("home").history),
            ("redis files", self.places.jam("home").redis),
            ("logs", self.places.logs),
        ):
            found[f"{name} MiB"] = sum(path.stat().st_size for path in _files(folder)) / MIB
        found["cache files"] = len(_files(self.places.root / "cache"))
        found["supervised files"] = len(_files(self.places.runtime)) + len(_files(self.places.logs))
        self.times.append(time.monotonic())
        for name, value in found.items():
            self.samples.setdefault(name, []).append(value)

    def _processes(self) -> list[tuple[str, int]]:
        """Names and pids of the player's processes and of what they started."""
        status = running.status(self.places)
        if status is None:
            return []
        found = [("supervisor", status.supervisor.pid)]
        for entry in status.processes:
            if isinstance(pid := entry.get("pid"), int):
                name = str(entry["name"])
                found.append((name, pid))
                for child in children_of(pid):
                    found.append((f"{name} generation" if name == "live" else f"{name} child", child))
        return found


def _anonymous(pid: int) -> float:
    """Anonymous memory in MiB, also what is shared with the process that it was forked from: a share of that would grow
    with each page that either writes to."""
    try:
        return int(Path(f"/proc/{pid}/smaps_rollup").read_text().partition("Anonymous:")[2].split()[0]) / 1024
    except (OSError, IndexError):
        return 0.0


def _count(folder: Path) -> int:
    try:
        return sum(1 for _ in folder.iterdir())
    except OSError:
        return 0


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def judge(samples: dict[str, list[float]], hours: float) -> tuple[dict[str, object], list[str]]:
    """Growth of each, and the names of those beyond their caps."""
    table: dict[str, object] = {}
    broken = []
    for name, values in sorted(samples.items()):
        fifth = max(1, len(values) // 5)
        first, last = sum(values[:fifth]) / fifth, sum(values[-fifth:]) / fifth
        grown = last - first
        table[name] = {
            "first": round(first, 2),
            "last": round(last, 2),
            "most": round(max(values), 2),
            "per_hour": round(grown / (0.8 * hours), 1),
        }
        cap = CAPS.get(name, CAPS["anonymous"] if name.startswith("anonymous ") else None)
        if (cap is not None and grown > cap) or max(values) > MOST.get(name, float("inf")):
            broken.append(name)
    return table, broken


def run(seconds: float, warm_s: float, keep: Path | None) -> None:
    """The set, and a row."""
    with tempfile.TemporaryDirectory(prefix="marmalade-bench-") as name:
        folder = Path(name)
        (folder / "defs").mkdir()
        places = Places.find(folder / "player")
        performer = Set(places, folder / "defs")
        performer.save()
        running.start(places, {"synthdefs.folder": str(folder / "defs"), "audio.driver": "dummy"})
        sampler = Sampler(places)
        try:
            performer.begin()
            begin = time.monotonic()
            for count in itertools.count():
                now = time.monotonic() - begin
                if now > seconds:
                    break
                performer.step(count)
                if now > warm_s and count % 2 == 0:
                    recent = sorted(performer.evaluations_ms[-20:])
                    sampler.sample(**{"evaluation ms": recent[len(recent) // 2]})
                time.sleep(max(0.0, STEP_S - (time.monotonic() - begin - now)))
            state = engine(places)
            status = running.status(places)
            restarts = {str(each["name"]): each["restarts"] for each in (status.processes if status else ())}
        finally:
            running.stop(places)
            if keep is not None:
                keep.write_text(json.dumps({"times": sampler.times, **sampler.samples}))
                for log in places.logs.iterdir():
                    keep.with_name(f"{keep.name}.{log.name}").write_bytes(log.read_bytes())
    table, broken = judge(sampler.samples, (sampler.times[-1] - sampler.times[0]) / 3600)
    row(
        "soak",
        seconds=seconds,
        warm_s=warm_s,
        notes=state.get("sent"),
        evaluations=len(performer.evaluations_ms),
        saves=performer.version,
        late_dropped=state.get("late_dropped"),
        late_played=state.get("late_played"),
        full=state.get("full"),
        stolen=state.get("stolen"),
        reasons=state.get("reasons"),
        xruns=state.get("xruns"),
        unexpected=dict(performer.failed.most_common(5)),
        restarts={name: count for name, count in restarts.items() if count},
        growth=table,
        beyond=broken,
        met=not broken and not any(restarts.values()),
    )


def main() -> None:
    """Measure as the arguments say."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=7200.0)
    parser.add_argument("--warm", type=float, help="seconds before the first sample; 300, or a third of a short run")
    parser.add_argument("--keep", type=Path, help="write all samples there, as JSON")
    options = parser.parse_args()
    warm_s = options.warm if options.warm is not None else min(300.0, options.seconds / 3)
    run(options.seconds, warm_s, options.keep)


if __name__ == "__main__":
    main()
