"""Bar: of a million points of one tag, in Redis or on disk, a value at a time, the last change, 100 points: 5 ms.

    python bench/history.py [POINTS]

Each question is asked 500 times at random places, by the player's own reader and by a generator's way, the gateway.
"""

import asyncio
import os
import random
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.common import percentile, row, until
from bench.generators import servers
from marmalade_sc.errors import MarmaladeError
from marmalade_sc.generators.gateway.policy import Bounds, Scope
from marmalade_sc.generators.gateway.server import Gateway
from marmalade_sc.jam.history import History, Retention
from marmalade_sc.jam.segments import Segments
from marmalade_sc.jam.streams import connect
from marmalade_sc.sdk.client import Client

KEY = "tags:abcdefgh:bench:one:x"
ROUNDS = 500


def fill(path: str, count: int) -> None:
    """So many points, 10 ms apart."""
    with connect(path, 30.0) as client:
        for begin in range(0, count, 10_000):
            pipeline = client.pipeline(transaction=False)
            for n in range(begin, begin + 10_000):
                pipeline.execute_command("XADD", KEY, f"{n * 10}-1", "value", n % 1000)  # type: ignore[no-untyped-call]
            pipeline.execute()


def timed(of: str, where: str, ask: Callable[[int], object]) -> None:
    """One kind of question."""
    dice, times = random.Random(1), []
    for _ in range(ROUNDS):
        at = dice.random()
        begin = time.perf_counter()
        ask(round(at * 1_000_000))
        times.append((time.perf_counter() - begin) * 1000)
    row(
        "history",
        of=of,
        where=where,
        met=percentile(times, 0.99) <= 5,
        p50_ms=round(percentile(times, 0.5), 2),
        p99_ms=round(percentile(times, 0.99), 2),
        worst_ms=round(max(times), 2),
    )


def ask_all(folder: Path, segments: Segments, count: int, where: str) -> None:
    """All questions, both ways."""
    history, scale = History(str(folder / "state.sock"), segments), count * 10 // 1_000_000
    timed("value at a time", where, lambda at: history.at(KEY, at * scale))
    timed("last change", where, lambda at: history.at(KEY, 1 << 50))
    timed("range of 100", where, lambda at: history.between(KEY, at * scale - 990, at * scale))
    history.close()
    pid = os.fork()
    if pid == 0:
        serve(folder, segments)
    client = Client(str(folder / "redis.sock"))
    try:
        if not until(lambda: answers(client), 10.0):
            sys.exit("The gateway does not answer")
        timed("value at a time, gateway", where, lambda at: client.call("XREVRANGE", KEY, at * scale, "-", "COUNT", 1))
        timed("last change, gateway", where, lambda at: client.call("XREVRANGE", KEY, "+", "-", "COUNT", 1))
        timed(
            "range of 100, gateway",
            where,
            lambda at: client.call("XRANGE", KEY, at * scale - 990, at * scale, "COUNT", 100),
        )
    finally:
        client.close()
        os.kill(pid, 9)
        os.waitpid(pid, 0)
        (folder / "redis.sock").unlink(missing_ok=True)


def answers(client: Client) -> bool:
    """Whether the gateway is up."""
    try:
        return client.call("PING") == b"PONG"
    except MarmaladeError:
        return False


def serve(folder: Path, segments: Segments) -> None:
    """A gateway in a process of its own, until killed."""

    async def run() -> None:
        door = Gateway(
            folder,
            folder / "state.sock",
            folder / "events.sock",
            Scope("abcdefgh:bench:one"),
            now_ms=lambda: 5_000_000,
            now=time.monotonic,
            bounds=Bounds(commands=1e6, data=1e9),
            older=segments,
        )
        await door.open()
        await asyncio.sleep(3600)

    asyncio.run(run())


def main(arguments: list[str]) -> None:
    """Fill, ask, move, ask again."""
    count = int(arguments[0]) if arguments else 1_000_000
    with servers() as folder:
        segments = Segments(folder / "series")
        path = str(folder / "state.sock")
        fill(path, count)
        ask_all(folder, segments, count, "redis")
        retention, begin = Retention(path, segments), time.perf_counter()
        while retention.look():
            pass
        seconds = time.perf_counter() - begin
        with connect(path) as client:
            left = client.xlen(KEY)
        row(
            "history",
            of="moved",
            points_per_s=round(count / seconds),
            left=left,
            bytes_per_point=round(segments.size(KEY) / count, 1),
        )
        ask_all(folder, segments, count, "disk")


if __name__ == "__main__":
    main(sys.argv[1:])
