"""Bar of robustness: 10,000 random edits, evaluations, mutes and undos at the real shell on a real player.

No exception of ours, no stuck node, memory that does not grow without bound, and the sound's lateness as without it.
`--actions 1000 --seed 3` does less, and another thing; `--set KEY=VALUE` is for player and shell.
"""

import argparse
import sys
import time
from pathlib import Path

from common import engine, evaluate, player, row, until

from marmalade_sc.player.control.protocol import request

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from tests.live.monkey import Monkey, memory_kb  # noqa: E402  the tests' own, which are in no package
from tests.live.terminal import Terminal  # noqa: E402

GROWTH_KB = 48 * 1024
"""What the shell may grow from a fifth of the run to its end: the log and the history are kept, up to their limits."""
CHECK_EACH = 250


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--actions", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    given = parser.parse_args()
    with player(**dict(each.split("=", 1) for each in given.set)) as places:
        path = places.control_socket
        evaluate(places, 'z1 >> s("hh*16").set(amp=.05)')
        before = engine(places)
        begin = time.monotonic()
        sets = [word for each in given.set for word in ("--set", each)]
        terminal = Terminal([sys.executable, "-m", "marmalade_sc", "--dir", str(places.root), *sets, "shell"])
        terminal.wait_for("♪", 30.0)
        monkey = Monkey(terminal, given.seed)
        vi = "shell.vi=true" in given.set
        memory: list[int] = []
        answered = True
        for number in range(given.actions):
            monkey.act()
            if terminal.process.poll() is not None:
                break
            if number % CHECK_EACH == CHECK_EACH - 1:
                answered = answered and monkey.is_answered(vi)
                memory.append(memory_kb(terminal.process.pid))
        alive = terminal.process.poll() is None
        seconds = time.monotonic() - begin
        log = places.logs / "shell.log"
        faults = log.read_text().count("Traceback") if log.exists() else 0
        after = engine(places)
        terminal.close()
        request(path, "interrupt")
        request(path, "evaluate", code="hush()")
        until(lambda: engine(places).get("synths") == _idle(places), 15.0)
        stuck = int(str(engine(places).get("synths", 0))) - _idle(places)
        growth = memory[-1] - memory[len(memory) // 5] if len(memory) > 4 else 0
        late = {name: _count(after, name) - _count(before, name) for name in ("late_played", "late_dropped", "xruns")}
        row(
            "monkey",
            actions=len(monkey.done),
            seconds=round(seconds),
            alive=alive,
            answered=answered,
            faults=faults,
            stuck_nodes=stuck,
            growth_mb=round(growth / 1024, 1),
            memory_each_mb=[round(each / 1024) for each in memory[:: max(1, len(memory) // 10)]],
            memory_mb=round(memory[-1] / 1024, 1) if memory else None,
            **late,
            met=alive and answered and not faults and stuck <= 0 and growth <= GROWTH_KB and not late["late_dropped"],
        )
        if faults:
            print(log.read_text()[-6000:], file=sys.stderr)
        if not alive:
            print("\n".join(monkey.done[-30:]), file=sys.stderr)
            print(terminal.text, file=sys.stderr)


def _count(state: dict[str, object], name: str) -> int:
    return int(str(state.get(name, 0)))


def _idle(places: object) -> int:
    """Synths of silence: those of the strips, of which each track that ever was has its own."""
    from marmalade_sc.settings.places import Places

    assert isinstance(places, Places)
    tracks = request(places.control_socket, "tracks").get("tracks")
    return 10_000 if not isinstance(tracks, dict) else _STRIP * len(tracks) + _MASTER


_STRIP = 1
_MASTER = 2


if __name__ == "__main__":
    main()
