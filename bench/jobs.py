"""Bars of jobs: kills, speed-up, the live player beside them, one piece in parts.

`kills`: 200 jobs on 4 workers, a random worker killed with -9 every 2 s: each is done exactly once, none is lost.
`speed`: the same jobs on 1 worker and on 2. `late`: a live player while 8 jobs run. `parts`: a piece in parts has the
samples of one worker.
"""

import contextlib
import hashlib
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from common import engine, player, row
from load import SET

from marmalade_sc.jobs.record import Record
from marmalade_sc.player.base.processes import children_of, end
from marmalade_sc.player.control.protocol import request
from marmalade_sc.settings.places import Places
from marmalade_sc.worker.desk import Desk, desk
from marmalade_sc.worker.keeper import holder
from marmalade_sc.worker.surroundings import Surroundings

_PITCHES = ("c", "d", "e", "f", "g", "a", "b")


def score(number: int, bars: int = 1) -> bytes:
    """A score of its own for each number: what was done before for one is of no use for another."""
    line = " ".join(f"o{2 + number // 7**n % 5} {_PITCHES[number // 3**n % 7]}8" for n in range(8))
    return f"piano: (tempo {90 + number}) {' '.join([line] * bars)}\nviolin: {' '.join(['o4 c2 g2'] * bars)}\n".encode()


@contextlib.contextmanager
def jobs(workers: int, folder: Path, **options: str) -> Iterator[Desk]:
    """A desk, and so many workers of ours beside a job Redis of our own."""
    around = Surroundings(
        Places.find(folder), {"jobs.workers": str(workers), **{k.replace("__", "."): v for k, v in options.items()}}
    )
    try:
        with desk(around) as found:
            yield found
    finally:
        if (process := holder(around.places)) is not None:
            end(process, 30.0)


def workers_of(found: Desk) -> list[int]:
    """Pids of the workers that live, which the keeper's nursery has forked."""
    process = holder(found.around.places)
    nurseries = children_of(process.pid) if process is not None else []
    return [pid for nursery in nurseries for pid in children_of(nursery)]


def submitted(found: Desk, count: int, bars: int = 1, first: int = 0) -> list[str]:
    ids = [f"job-{first + number}" for number in range(count)]
    for number, id in enumerate(ids):
        found.submit("score", "bench.alda", score(first + number, bars), {"tail": 0.1}, id)
    return ids


def waited(found: Desk, ids: list[str], timeout_s: float) -> list[Record]:
    until = time.monotonic() + timeout_s
    while time.monotonic() < until and any(found.ledger.is_open(id) for id in ids):
        time.sleep(0.25)
    return [record for id in ids if (record := found.ledger.get(id)) is not None]


def kills(folder: Path, count: int, every_s: float) -> None:
    dice = random.Random(1)
    with jobs(4, folder) as found:
        begin = time.monotonic()
        ids = submitted(found, count)
        killed = 0
        next_kill = time.monotonic() + every_s
        while any(found.ledger.is_open(id) for id in ids) and time.monotonic() - begin < 1800:
            time.sleep(0.1)
            if time.monotonic() >= next_kill:
                next_kill += every_s
                alive = workers_of(found)
                if alive:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(dice.choice(alive), signal.SIGKILL)
                        killed += 1
        took = time.monotonic() - begin
        records = waited(found, ids, 1.0)
        done = sum(record.state == "done" for record in records)
        once = sum(record.endings == 1 for record in records)
        files = sum(found.depot.has(str(row_["file"]["blob"])) for id in ids for row_ in found.look(id).files)  # type: ignore[index]
        again = sum(sum(record.tries.values()) - len(record.tries) for record in records)
        row(
            "jobs_kills",
            jobs=count,
            killed=killed,
            done=done,
            ended_once=once,
            files=files,
            steps_begun_again=again,
            seconds=round(took, 1),
            met=done == once == files == count,
        )


def speed(folder: Path, count: int, bars: int) -> None:
    times = {}
    for workers in (1, 2):
        with jobs(workers, folder / f"speed{workers}", jobs__nice="0") as found:
            waited(found, submitted(found, 2 * workers, 1, 900), 300)  # all is built, and every worker is warm
            begin = time.monotonic()
            records = waited(found, submitted(found, count, bars), 1800)
            times[workers] = time.monotonic() - begin
            assert all(record.state == "done" for record in records)
    row(
        "jobs_speed",
        jobs=count,
        one_s=round(times[1], 1),
        two_s=round(times[2], 1),
        ratio=round(times[1] / times[2], 2),
    )


def late(folder: Path, seconds: float) -> None:
    with player(engine__mode="exact") as places, jobs(8, folder / "late") as found:
        assert request(places.control_socket, "evaluate", code=SET)["ok"]
        time.sleep(3)
        before = engine(places)
        ids = []
        end_at = time.monotonic() + seconds
        done = 0
        while time.monotonic() < end_at:
            open_ = sum(found.ledger.is_open(id) for id in ids)
            done = len(ids) - open_
            if open_ < 8:
                ids += submitted(found, 8 - open_, 8, len(ids))
            time.sleep(0.2)
        time.sleep(0.5)
        state = engine(places)
        for id in ids:
            found.cancel(id)
        lead = state["lead_ms"]
        row(
            "jobs_late",
            seconds=seconds,
            jobs_at_once=8,
            jobs_done=done,
            notes=int(str(state["sent"])) - int(str(before["sent"])),
            late_played=int(str(state["late_played"])) - int(str(before["late_played"])),
            late_dropped=int(str(state["late_dropped"])) - int(str(before["late_dropped"])),
            lead_ms=lead,
            xruns=state["xruns"],
            met=state["late_played"] == before["late_played"] and state["late_dropped"] == before["late_dropped"],
        )


def parts(folder: Path, cycles: int) -> None:
    source = folder / "set.py"
    source.write_text(SET)
    marks, times = {}, {}
    with jobs(2, folder / "parts") as found:
        waited(found, submitted(found, 2, 1, 900), 300)
        for count in (1, 2):
            id = f"parts-{count}"
            begin = time.monotonic()
            found.submit("render", "set.py", SET.encode(), {"cycles": str(cycles), "parts": count, "seed": 3}, id)
            assert waited(found, [id], 600)[0].state == "done"
            times[count] = time.monotonic() - begin
            (path,) = found.fetch(id, folder / f"{id}.wav")
            marks[count] = hashlib.sha256(path.read_bytes()).hexdigest()
        command = [sys.executable, "-m", "marmalade_sc", "--dir", str(folder / "parts"), "render", str(source)]
        more = ["--cycles", str(cycles), "--seed", "3", "-o", str(folder / "plain.wav"), "--quiet"]
        subprocess.run([*command, *more], check=True)
    plain = hashlib.sha256((folder / "plain.wav").read_bytes()).hexdigest()
    row(
        "jobs_parts",
        cycles=cycles,
        one_s=round(times[1], 2),
        two_s=round(times[2], 2),
        sha256=plain[:12],
        met=marks[1] == marks[2] == plain,
    )


def main() -> None:
    short = "--short" in sys.argv
    chosen = [word for word in sys.argv[1:] if not word.startswith("-")] or ["kills", "speed", "late", "parts"]
    with tempfile.TemporaryDirectory(prefix="marmalade-bench-") as name:
        folder = Path(name)
        if "kills" in chosen:
            kills(folder / "kills", 20 if short else 200, 2.0)
        if "speed" in chosen:
            speed(folder, 8 if short else 40, 8)
        if "late" in chosen:
            late(folder, 15 if short else 60)
        if "parts" in chosen:
            parts(folder, 8 if short else 64)


if __name__ == "__main__":
    main()
