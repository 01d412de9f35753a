"""Generators: how soon one plays, what its gateway costs, and whether forty at once make anything late.

    python bench/generators.py [start] [gateway] [forty] [crash]

`start` is from the request to the first entry of the instance's stream; `gateway` is a command through it against the
same one straight to Redis, in one run; `forty` runs forty instances for half a minute beside a pattern of ours.
`crash` kills a process of the player, or the generator's, twenty times while it plays, and says how long it was
silent, and whether two ever ran.
"""

import asyncio
import contextlib
import os
import random
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.common import engine, percentile, player, row, until
from marmalade_sc.errors import MarmaladeError
from marmalade_sc.generators.archive import File, Tree
from marmalade_sc.generators.gateway.policy import Bounds, Scope
from marmalade_sc.generators.gateway.resp import packed
from marmalade_sc.generators.gateway.server import Gateway
from marmalade_sc.identity.keys import identity_at
from marmalade_sc.jam.history import History
from marmalade_sc.jam.segments import Segments, series_folder
from marmalade_sc.jam.servers import events_server, find_redis, redis_version, state_server
from marmalade_sc.jam.streams import StateLog, connect
from marmalade_sc.player.base.processes import children_of
from marmalade_sc.player.control.protocol import request
from marmalade_sc.player.generators.shelves import shelf_of
from marmalade_sc.player.supervision import running
from marmalade_sc.settings.load import load
from marmalade_sc.settings.places import Places

SH = """#!/bin/sh
set -- $(redis-cli -s "$MARMALADE_SOCKET" TIME)
redis-cli -s "$MARMALADE_SOCKET" XADD "$MARMALADE_EVENTS" '*' synth kick at "$(($1 * 1000 + 900))" >/dev/null
exec sleep 60
"""
PYTHON = r"""#!/usr/bin/env python3
import os, socket, time
jam = socket.socket(socket.AF_UNIX)
jam.connect(os.environ["MARMALADE_SOCKET"])
def ask(*words):
    parts = [str(word).encode() for word in words]
    jam.sendall(b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(p), p) for p in parts))
    return jam.recv(4096)
def now():
    lines = ask("TIME").split(b"\r\n")
    return int(lines[2]) * 1000 + int(lines[4]) // 1000
while True:
    begin = now() + 200
    for step in range(STEPS):
        ask("XADD", os.environ["MARMALADE_EVENTS"], "*", "synth", "hihat", "at", begin + step * 500 / STEPS, "amp", .05)
    time.sleep(.5)
"""
SDK = PYTHON.replace(
    "import os, socket, time", "import os, socket, time\nimport marmalade_sc.sdk.frames, marmalade_sc.sdk.osc"
)

JAM = """#!/usr/bin/env python3
from marmalade_sc.sdk.jam import Jam
from marmalade_sc.sdk.language import s

jam = Jam()
jam.kick >> s("bd*80")
jam.run()
"""


def add(places: Places, name: str, program: str) -> None:
    """Pack a program as a generator."""
    tree = Tree.of({"generator.toml": File(f'name = "{name}"\n'.encode()), "play": File(program.encode(), True)})
    shelf_of(places, load(places.config)).add(tree, identity_at(places.key))


def ask(places: Places, do: str, **fields: Any) -> dict[str, Any]:
    """A command of the control protocol; ends the bench where it fails."""
    answer = request(places.control_socket, do, **fields)
    if answer.get("error"):
        sys.exit(str(answer["error"]))
    return answer


def start(places: Places, count: int = 25) -> None:
    """From the request to the first entry that was accepted, by kind of program."""
    events = connect(str(places.events_socket))
    for name, program in (("sh", SH), ("python", PYTHON), ("sdk", SDK), ("jam", JAM)):
        add(places, name, program.replace("STEPS", "1"))
        times = []
        for number in range(count + 3):
            instance = f"{name}{number}"
            begin = time.perf_counter()
            path = ask(places, "run", generator=name, instance=instance)["instance"]
            asked = time.perf_counter() - begin
            key = f"events:{path}"
            if not until(lambda key=key: bool(events.exists(key)), 10.0, 0.0005):  # type: ignore[misc]
                sys.exit(f"{path} has played nothing: {ask(places, 'instance', name=path)}")
            times.append((time.perf_counter() - begin, asked))
            ask(places, "stop", name=path)
            until(lambda path=path: ask(places, "instance", name=path)["state"] == "ended", 10.0)  # type: ignore[misc]
        warm, asked_s = [each for each, _ in times[3:]], [each for _, each in times[3:]]
        row(
            "start",
            program=name,
            met=percentile(warm, 0.5) <= 0.2,
            p50_ms=round(percentile(warm, 0.5) * 1000, 1),
            p90_ms=round(percentile(warm, 0.9) * 1000, 1),
            answered_p50_ms=round(percentile(asked_s, 0.5) * 1000, 1),
        )


@contextlib.contextmanager
def servers() -> Iterator[Path]:
    """Two Redis servers in a folder of their own."""
    import subprocess

    program = find_redis("")
    version = redis_version(program)
    with tempfile.TemporaryDirectory(prefix="marmalade-bench-") as name:
        folder = Path(name)
        both = (
            state_server(program, version, socket=folder / "state.sock", folder=folder, memory_mb=64),
            events_server(program, version, socket=folder / "events.sock", folder=folder, memory_mb=64),
        )
        running = [subprocess.Popen(each.argv, stdout=subprocess.DEVNULL) for each in both]
        try:
            until(lambda: all(each.socket.exists() for each in both), 5.0)
            yield folder
        finally:
            for each in running:
                each.terminate()
                each.wait()


def gateway(count: int = 4000) -> None:
    """One command at a time, through the gateway and straight, in turn."""

    async def measure(folder: Path) -> None:
        bounds = Bounds(commands=1e9, data=1e12)
        door = Gateway(
            folder,
            folder / "state.sock",
            folder / "events.sock",
            Scope("abcdefgh:bench:one"),
            now_ms=lambda: int(time.time() * 1000),
            now=time.monotonic,
            bounds=bounds,
        )
        await door.open()
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, __file__, "client", os.fspath(folder), str(count)),
            stdout=asyncio.subprocess.PIPE,
        )
        out, _ = await process.communicate()
        print(out.decode(), end="", flush=True)
        await door.close()

    with servers() as folder:
        asyncio.run(measure(folder))


def client(folder: Path, count: int) -> None:
    """The other process: asks both in turn and compares."""
    import socket

    def opened(path: Path) -> tuple[socket.socket, Any]:
        found = socket.socket(socket.AF_UNIX)
        found.connect(os.fspath(path))
        return found, found.makefile("rb")

    def timed(connection: socket.socket, file: Any, parts: list[bytes]) -> float:
        begin = time.perf_counter()
        connection.sendall(packed(parts))
        head = file.readline()
        if head[:1] == b"$":
            file.read(int(head[1:]) + 2)
        elif head[:1] == b"-":
            sys.exit(head.decode())
        return time.perf_counter() - begin

    straight, door = opened(folder / "state.sock"), opened(folder / "redis.sock")
    key = b"tags:abcdefgh:bench:one:x"
    for name, parts in (
        ("XADD", [b"XADD", key, b"MAXLEN", b"~", b"2000", b"*", b"value", b"0.5"]),
        ("XLEN", [b"XLEN", key]),
    ):
        direct = parts[:5] + [b"*"] + parts[6:] if name == "XADD" else parts
        pairs = [(timed(*straight, direct), timed(*door, parts)) for _ in range(count)]
        one, other = ([pair[place] * 1e6 for pair in pairs[count // 10 :]] for place in (0, 1))
        row(
            "gateway",
            command=name,
            met=percentile(other, 0.5) - percentile(one, 0.5) <= 150,
            direct_p50_us=round(percentile(one, 0.5), 1),
            gateway_p50_us=round(percentile(other, 0.5), 1),
            added_p50_us=round(percentile(other, 0.5) - percentile(one, 0.5), 1),
            added_p99_us=round(percentile(other, 0.99) - percentile(one, 0.99), 1),
        )


def forty(places: Places, count: int = 40, seconds: float = 30.0) -> None:
    """Instances that play eight notes a second each, beside a track of ours: what was late, before and with them."""
    add(places, "many", PYTHON.replace("STEPS", "4"))
    answer = request(places.control_socket, "evaluate", code='d1 >> s("bd*16")')
    if answer.get("error"):
        sys.exit(str(answer["error"]))

    def window(name: str) -> None:
        before = engine(places)
        time.sleep(seconds)
        after = engine(places)
        keys = ("sent", "late_played", "late_dropped", "late_lines", "xruns", "refused", "stolen")
        found = {key: int(str(after[key])) - int(str(before[key])) for key in keys}
        met = not (found["late_played"] or found["late_dropped"])
        row("forty", of=name, met=met, **found, lead_ms=after.get("lead_ms"), cpu=after.get("cpu"))

    window("alone")
    begin = time.perf_counter()
    for number in range(count):
        ask(places, "run", generator="many", instance=f"m{number}", track=f"m{number}")
    rows: Callable[[], list[dict[str, Any]]] = lambda: ask(places, "instances")["instances"]  # noqa: E731
    until(lambda: sum(each["state"] == "playing" for each in rows()) == count, 60.0)
    row("forty", of="starts", instances=count, seconds=round(time.perf_counter() - begin, 2))
    time.sleep(3)
    window(f"{count} instances")
    playing = rows()
    row(
        "forty",
        of="end",
        playing=sum(each["state"] == "playing" for each in playing),
        starts=max(e["starts"] for e in playing),
    )
    ask(places, "stop")


def crash(places: Places, rounds: int = 20) -> None:
    """kill -9 in turn at random points: how long until it plays again, what was lost, what is left over."""
    add(places, "steady", PYTHON.replace("STEPS", "10"))
    path = ask(places, "run", generator="steady", instance="one")["instance"]
    dice = random.Random(1)
    victims = ["generators", "redis-events", "scsynth", "instance", "engine", "redis-state"]
    time.sleep(4)
    seen: dict[str, list[float]] = {}
    most, mounts = 0, _mounts(places)
    with Acknowledged(places) as told:
        for number in range(rounds):
            victim = victims[number % len(victims)]
            time.sleep(8 + dice.random() * 4)  # a process that dies often within a minute is given up
            before = ask(places, "instances")["instances"]
            os.kill(_pid(places, victim, before), signal.SIGKILL)
            gap = _longest_gap(places, 6.0)
            if gap >= 6.0:
                sys.exit(f"It does not play again after {victim} was killed")
            seen.setdefault(victim, []).append(gap)
            cells = _cells(places)
            most = max(most, cells)
            row("crash", victim=victim, silent_s=round(gap, 2), cells=cells, mounts=_mounts(places) - mounts)
    lost, written = told.lost()
    rows = [each for each in ask(places, "instances")["instances"] if each["path"] == path]
    gaps = [gap for each in seen.values() for gap in each]
    row(
        "crash",
        of="all",
        met=max(gaps) <= 3 and most <= 1 and lost == 0 and _mounts(places) == mounts,
        p50_s=round(percentile(gaps, 0.5), 2),
        worst_s={victim: round(max(each), 2) for victim, each in seen.items()},
        instances=len(rows),
        most_cells=most,
        starts=rows[-1]["starts"],
        acknowledged=written,
        lost_older_than_1_s=lost,
        mounts=_mounts(places) - mounts,
    )


def _mounts(places: Places) -> int:
    """Mounts of this player that the machine sees; those of a sandbox go with its namespace."""
    marks = (str(places.root), str(places.runtime))
    lines = Path("/proc/self/mounts").read_text().splitlines()
    return sum(any(mark in line for mark in marks) for line in lines)


class Acknowledged:
    """Sets a tag fifty times a second through all crashes, and remembers which settings were acknowledged."""

    KEY = "tags:bench:crash:one:n"

    def __init__(self, places: Places) -> None:
        self._state = StateLog(str(places.state_socket))
        self._places = places
        self._is_over = threading.Event()
        self._acknowledged: list[int] = []
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> "Acknowledged":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()

    def _run(self) -> None:
        number = 0
        while not self._is_over.wait(0.02):
            number += 1
            if self._state.append(time.time_ns() // 1000 * 4295, [(self.KEY, {"value": number}, 4000)]):
                self._acknowledged.append(number)

    def lost(self) -> tuple[int, int]:
        """How many that were acknowledged are gone, and how many were."""
        history = History(str(self._places.state_socket), Segments(series_folder(self._places.jam("home").history)))
        found = {int(str(fields["value"])) for _, fields in history.between(self.KEY, most=1_000_000)}
        return len(set(self._acknowledged) - found), len(self._acknowledged)


def _longest_gap(places: Places, seconds: float) -> float:
    """The longest time in which no note was handed over, as the engine tells four times a second."""
    begin = latest = time.monotonic()
    sent, gap = _sent(places), 0.0
    while (now := time.monotonic()) < begin + seconds:
        fresh = _sent(places)
        if fresh > sent >= 0:
            gap, latest = max(gap, now - latest), now
        sent = fresh
        time.sleep(0.05)
    return max(gap, now - latest)


def _sent(places: Places) -> int:
    try:
        return int(str(engine(places)["sent"]))
    except (KeyError, MarmaladeError, TypeError):
        return -1


def _pid(places: Places, victim: str, rows: list[dict[str, Any]]) -> int:
    if victim == "instance":
        return int(next(each["pid"] for each in rows if each["state"] == "playing"))
    status = running.status(places)
    assert status is not None
    name = "engine" if victim == "scsynth" else victim
    pid = next(int(str(each["pid"])) for each in status.processes if each["name"] == name)
    if victim != "scsynth":
        return pid
    return next(child for child in children_of(pid) if Path(f"/proc/{child}/comm").read_text().strip() == "scsynth")


def _cells(places: Places) -> int:
    """Sandboxes on this machine whose program is that of this player."""
    mark = os.fsencode(places.root)
    found = 0
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            words = path.read_bytes()
            parent = Path(path.parent / "stat").read_text().rpartition(")")[2].split()[1]
            if b"bwrap" in words.split(b"\0")[0] and mark in words and parent != "1":
                found += b"--json-status-fd" in words and not _is_inner(path.parent)
    return found


def _is_inner(process: Path) -> bool:
    """bubblewrap forks once: the inner one's parent is bubblewrap, too."""
    parent = (process / "stat").read_text().rpartition(")")[2].split()[1]
    return b"bwrap" in Path(f"/proc/{parent}/cmdline").read_bytes().split(b"\0")[0]


def main(arguments: list[str]) -> None:
    """Run what is named, or all."""
    if arguments[:1] == ["client"]:
        client(Path(arguments[1]), int(arguments[2]))
        return
    wanted = arguments or ["start", "gateway", "forty", "crash"]
    if "gateway" in wanted:
        gateway()
    if {"start", "forty", "crash"} & set(wanted):
        with player(audio__driver="dummy") as places:
            time.sleep(2)
            if "start" in wanted:
                start(places)
            if "forty" in wanted:
                forty(places)
            if "crash" in wanted:
                crash(places)


if __name__ == "__main__":
    main(sys.argv[1:])
