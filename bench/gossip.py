"""Bars of the network of players, in virtual time: what it costs at rest, how far and fast a play gets, and what holds.

At rest: <= 4 datagrams per player and second. A play with 5 % loss: all, p99 <= 1 s. After a partition of 60 s: whole
again in <= 5 s. Exactly-once start: 0 violations in 10,000 stormy sessions (`--seeds`).
"""

import argparse
import time

from common import percentile, row

from marmalade_sc.testing.network import Link, Network
from marmalade_sc.testing.storm import storm

LOSSY = Link(loss=0.05)


def rest(counts: list[int]) -> None:
    """Datagrams of each player in a second, ten seconds after the last news."""
    for count in counts:
        begin = time.perf_counter()
        network = _whole(1, count)
        network.run(20)
        before = network.carried
        network.run(20)
        row(
            "gossip at rest",
            players=count,
            datagrams_per_second=round((network.carried - before) / 20 / count, 2),
            cpu_s=round(time.perf_counter() - begin, 1),
        )


def reach(counts: list[int], plays: int) -> None:
    """How long a play takes to reach everybody, and how often it does not."""
    for count in counts:
        times, missed = [], 0
        for seed in range(max(1, plays // 20)):
            network = _whole(seed, count)
            for number in range(20):
                path = network.players[(7 * number + seed) % count].play(f"i{number}")
                took = network.run_until(lambda: network.reach(path) == 1, 30, 0.01)  # noqa: B023
                missed += took == float("inf")
                times.append(took)
        row(
            "reach of a play, 5 % loss",
            players=count,
            plays=len(times),
            p50_s=round(percentile(times, 0.5), 3),
            p99_s=round(percentile(times, 0.99), 3),
            missed=missed,
        )


def crowd(count: int, plays: int, rounds: int) -> None:
    """How long plays take of which so many are begun within a second that a datagram has no room for all news."""
    times, missed = [], 0
    for seed in range(rounds):
        network = _whole(seed, count)
        begun: dict[str, float] = {}
        waiting: set[str] = set()
        start = network.time
        while len(begun) < plays or (waiting and network.time - start < 30):
            while len(begun) < plays and network.time - start >= len(begun) / plays:
                path = network.players[(7 * len(begun) + seed) % count].play(f"i{len(begun)}")
                begun[path] = network.time
                waiting.add(path)
            network.run(0.01)
            for path in [each for each in waiting if network.reach(each) == 1]:
                waiting.discard(path)
                times.append(network.time - begun[path])
        missed += len(waiting)
    row(
        "reach of many plays within a second, 5 % loss",
        players=count,
        plays=len(times),
        p50_s=round(percentile(times, 0.5), 3),
        p99_s=round(percentile(times, 0.99), 3),
        missed=missed,
    )


def heal(counts: list[int], rounds: int) -> None:
    """How long two halves that were apart for a minute need to be one."""
    for count in counts:
        times = []
        for seed in range(rounds):
            network = _whole(seed, count)
            half = count // 2
            network.partition([range(half), range(half, count)])
            network.run(60)
            network.heal()
            times.append(network.run_until(network.is_whole, 60))
        row("healed after 60 s apart", players=count, rounds=rounds, worst_s=round(max(times), 2))


def crash(counts: list[int], rounds: int) -> None:
    """How long a crash takes to be known to all."""
    for count in counts:
        times, wrong = [], 0
        for seed in range(rounds):
            network = _whole(seed, count)
            network.run(5)
            network.players[1].crash()
            times.append(network.run_until(lambda: all(1 not in each.present() for each in network.up()), 60))  # noqa: B023
            wrong += sum(1 for each in network.players for turn in each.history if turn[1] != 1 and turn[2] == "gone")
        middle = round(percentile(times, 0.5), 2)
        row("a crash is known", players=count, median_s=middle, worst_s=round(max(times), 2), false_deaths=wrong)


def storms(seeds: int, first: int) -> None:
    """Sessions in which everything goes wrong."""
    begin, plays, bad = time.perf_counter(), 0, []
    healed = []
    for seed in range(first, first + seeds):
        outcome = storm(seed)
        plays += outcome.plays
        healed.append(outcome.healed_s)
        if outcome.problems:
            bad.append((seed, outcome.problems))
    row(
        "stormy sessions",
        seeds=seeds,
        plays=plays,
        violations=len(bad),
        first=bad[:3],
        healed_p99_s=round(percentile(healed, 0.99), 2),
        cpu_s=round(time.perf_counter() - begin),
    )


def _whole(seed: int, count: int) -> Network:
    network = Network(seed, count, LOSSY)
    network.start()
    assert network.run_until(network.is_whole, 60) < 60
    return network


def main() -> None:
    """Run the bars."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=10_000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--only", choices=["rest", "reach", "crowd", "heal", "crash", "storms"])
    options = parser.parse_args()
    works = {
        "rest": lambda: rest([2, 8, 50, 200]),
        "reach": lambda: (reach([2, 8, 50], 200), reach([200], 20), reach([500], 20)),
        "crowd": lambda: (crowd(8, 100, 5), crowd(50, 100, 2)),
        "heal": lambda: heal([2, 8, 50], 10),
        "crash": lambda: crash([2, 5, 10, 50], 10),
        "storms": lambda: storms(options.seeds, options.first),
    }
    for name, work in works.items():
        if options.only in (None, name):
            work()


if __name__ == "__main__":
    main()
