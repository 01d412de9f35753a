"""kill -9 of parts of the player in turn while a generator plays: the short form of `bench/generators.py crash`."""

import os
import random
import signal
import threading
import time
from pathlib import Path

import pytest

from marmalade_sc.jam.history import History
from marmalade_sc.jam.segments import Segments
from marmalade_sc.jam.streams import StateLog
from marmalade_sc.player.base.processes import children_of
from tests.live.players import OPTIONS, LivePlayer, playing
from tests.live.test_generators import STEADY, add, run
from tests.player.deadline import eventually

pytestmark = pytest.mark.live

KEY = "tags:bench:crash:one:n"
VICTIMS = ("redis-state", "instance", "generators", "scsynth", "redis-events", "engine")


class Writer:
    """Sets a tag again and again, and remembers what was acknowledged."""

    def __init__(self, player: LivePlayer) -> None:
        self._state = StateLog(str(player.places.state_socket))
        self._over = threading.Event()
        self.acknowledged: list[int] = []
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def stop(self) -> None:
        self._over.set()
        self._thread.join()
        self._state.close()

    def _run(self) -> None:
        number = 0
        while not self._over.wait(0.02):
            number += 1
            if self._state.append(number << 32, [(KEY, {"value": number}, 4000)]):
                self.acknowledged.append(number)


def sandboxes(player: LivePlayer) -> int:
    """Sandboxes of the player: bubblewrap's outer processes below the runner, and any that were left alone."""
    mark = os.fsencode(player.places.root)
    found = 0
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes()
            parent = int((path.parent / "stat").read_text().rpartition(")")[2].split()[1])
            is_inner = b"bwrap" in Path(f"/proc/{parent}/cmdline").read_bytes().split(b"\0")[0]
        except OSError:
            continue
        found += b"bwrap" in words.split(b"\0")[0] and mark in words and not is_inner
    return found


def mounts(player: LivePlayer) -> int:
    return Path("/proc/self/mounts").read_text().count(str(player.places.root))


def test_it_is_back_after_each_crash_and_nothing_is_lost_or_left(tmp_path: Path) -> None:
    """No instance twice, no acknowledged tag gone, no process or mount left over."""
    dice = random.Random(7)
    with playing(tmp_path / "spieler", OPTIONS) as player:
        add(player, "steady", STEADY)
        path = run(player, "steady", instance="one", track="g")["instance"]
        player.wait_for_notes("g", 5)
        before = mounts(player)
        writer = Writer(player)
        try:
            for victim in VICTIMS:
                time.sleep(dice.random())  # a random point of its life, nothing is waited for
                if victim == "instance":
                    pid = next(each["pid"] for each in player.ask("instances")["instances"] if each["path"] == path)
                    os.kill(pid, signal.SIGKILL)
                else:
                    player.kill(victim)
                player.wait_for_notes("g", 5, within_s=40)
                eventually(lambda: sandboxes(player) == 1, 20)
        finally:
            writer.stop()
        rows = eventually(lambda: player.ask("instances").get("instances"))
        assert [each["path"] for each in rows if each["state"] != "ended"] == [path]
        series = Segments(player.places.jam("home").history / "series")
        history = History(str(player.places.state_socket), series)
        found = {fields["value"] for _, fields in history.between(KEY, most=100_000)}
        history.close()
        assert writer.acknowledged and set(writer.acknowledged) <= found
        assert mounts(player) == before
        generators = player.pid("generators")
        assert children_of(generators)
    eventually(lambda: sandboxes(player) == 0)
