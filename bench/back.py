"""A player is killed (`kill -9` of its supervisor) in the middle of a jam, and started again at once: how long until.

Fault F2. Ann and Cleo play on this machine; Ann has shared a pattern and then only listens. Cleo, who plays one of her
own beside it, is killed, started again as by `marmalade shell`, and `restore()` is said as soon as anybody hears it.
Times are seconds since the kill; of notes, when they were due. Both patterns have a note each 125 ms: the figure is
the player's, not their rhythm's. The bar: 3 s until both play, nothing started twice.
"""

import argparse
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from common import end_when_asked, percentile, row, until

from marmalade_sc.clock.timetag import UNITS_PER_SECOND
from marmalade_sc.engine.eventlog import read_event_log
from marmalade_sc.errors import MarmaladeError
from marmalade_sc.player.control.protocol import request
from marmalade_sc.player.supervision import running
from marmalade_sc.sdk.frames import Bundles
from marmalade_sc.settings.places import Places

_LONG_S = 60.0
_LISTEN_S = 6.0
_NOTHING = float("nan")
_PARTS = ("redis-state", "engine", "live", "generators", "peers", "hub")


def free_port() -> int:
    """A port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Seat:
    """One player and how it is started."""

    def __init__(self, root: Path) -> None:
        self.places = Places.find(root)
        self.options = {"audio.driver": "dummy", "peers.listen": "127.0.0.1", "peers.port": str(free_port())}
        self.options["peers.trust"] = "sandbox"

    def command(self, *words: str) -> list[str]:
        """A command line for this player."""
        sets = [word for key, value in self.options.items() for word in ("--set", f"{key}={value}")]
        return [sys.executable, "-m", "marmalade_sc", "--dir", str(self.places.root), *sets, *words]

    def start(self) -> None:
        """For the first time, when all synthdefs are compiled: on a busy machine that takes longer than it waits."""
        command = self.command("player", "start")
        done = any(subprocess.run(command, check=False, stdout=subprocess.DEVNULL).returncode == 0 for _ in range(5))
        assert done, "it does not start"

    def ask(self, do: str, /, **fields: Any) -> Mapping[str, Any]:
        """A command that must work."""
        answer = request(self.places.control_socket, do, timeout_s=60.0, **fields)
        assert not answer.get("error"), (do, answer["error"])
        return answer

    def others(self) -> int:
        """How many players are here whose clock is known."""
        rows = self.ask("players")["players"]
        return sum(each["state"] == "here" and not each.get("is_own") and "offset_ms" in each for each in rows)

    def playing(self) -> list[Mapping[str, Any]]:
        """Instances that play."""
        return [each for each in self.ask("instances")["instances"] if each["state"] == "playing"]

    def first_notes(self, after_s: float) -> dict[str, float]:
        """When the first note of each track was due after a moment, in seconds behind it."""
        origin = int(str(self.ask("status")["engine"]["origin"]))
        found: dict[str, float] = {}
        for section in read_event_log(self.places.jam("home").history):
            if isinstance(section, Bundles):
                due_s = (section.first - origin) / UNITS_PER_SECOND - after_s
                if due_s > 0:
                    found[section.track] = min(due_s, found.get(section.track, due_s))
        return found


def said(seat: Seat, do: str, /, **fields: Any) -> bool:
    """Whether a command was heard and worked."""
    try:
        return not request(seat.places.control_socket, do, timeout_s=10.0, **fields).get("error")
    except (MarmaladeError, OSError):
        return False


def killed(ann: Seat, cleo: Seat) -> dict[str, float]:
    """Kill Cleo's player and start it again; seconds until each thing."""
    older = running.status(cleo.places)
    assert older is not None
    before = {str(each["instance"]) for each in cleo.playing()}
    gone = time.monotonic()
    os.kill(older.supervisor.pid, signal.SIGKILL)
    found: dict[str, float] = {}
    with subprocess.Popen(cleo.command("player", "start"), stdout=subprocess.DEVNULL) as start:
        is_told = False
        deadline = gone + _LONG_S
        while time.monotonic() < deadline:
            status = running.status(cleo.places)
            if status is not None and status.supervisor != older.supervisor:
                found.setdefault("supervisor", time.monotonic() - gone)
                for name in status.ready:
                    found.setdefault(name, time.monotonic() - gone)
                if {"hub", "live"} <= status.ready and not is_told:
                    is_told = said(cleo, "restore")
                    if is_told:
                        found["restored"] = time.monotonic() - gone
                if is_told and status.is_up:
                    break
            time.sleep(0.01)
        start.wait()
    if until(lambda: bool(cleo.others()), _LONG_S):
        found["sees_the_other"] = time.monotonic() - gone
    if until(lambda: before <= {str(each["instance"]) for each in cleo.playing()}, _LONG_S):
        found["shared_runs"] = time.monotonic() - gone
    time.sleep(_LISTEN_S)  # the log is written behind
    notes = cleo.first_notes(gone)
    found["own_note"], found["shared_note"] = notes.get("d1", _NOTHING), notes.get("acid", _NOTHING)
    names = [str(each["instance"]) for each in cleo.playing()]
    found["twice"] = len(names) - len(set(names))
    found["lost"] = len(before - set(names))
    return found


def run(kills: int) -> None:
    """Play, kill, and print what came of it."""
    with tempfile.TemporaryDirectory(prefix="mb-") as name:
        ann, cleo = Seat(Path(name) / "ann"), Seat(Path(name) / "cleo")
        try:
            ann.start()
            invite = str(ann.ask("invite")["value"])
            subprocess.run(cleo.command("join", invite), check=True, stdout=subprocess.DEVNULL)
            cleo.start()
            assert until(lambda: ann.others() == cleo.others() == 1, _LONG_S), "they have not met"
            ann.ask("evaluate", code='b1 >> bass("0*16", scale="minor").set(amp=.4)')
            ann.ask("evaluate", code='jam.share(b1, name="acid")')
            cleo.ask("evaluate", code='d1 >> s("bd*16")')
            assert until(lambda: bool(cleo.playing()), _LONG_S), "what Ann has shared does not play"
            time.sleep(_LISTEN_S)
            rounds = list(_rounds(ann, cleo, kills))
        finally:
            for seat in (ann, cleo):
                running.stop(seat.places)
    keys = list(dict.fromkeys(key for each in rounds for key in each))
    figures = {key: [each.get(key, _NOTHING) for each in rounds] for key in keys}
    worst = max(max(figures["own_note"]), max(figures["shared_note"]))
    row(
        "killed and back",
        kills=kills,
        p50_s={key: round(percentile(values, 0.5), 2) for key, values in figures.items()},
        max_s={key: round(max(values), 2) for key, values in figures.items()},
        met=worst <= 3 and not any(figures["twice"]) and not any(figures["lost"]),
    )


def _rounds(ann: Seat, cleo: Seat, kills: int) -> Iterator[dict[str, float]]:
    for _ in range(kills):
        found = killed(ann, cleo)
        row("killed", **{key: round(value, 2) for key, value in found.items()})
        yield found


def main() -> None:
    """Kill as often as the arguments say."""
    end_when_asked()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=10)
    run(parser.parse_args().kills)


if __name__ == "__main__":
    main()
