"""A jam that ends, or that the player leaves: what runs in it is told, finishes, and is gone before the next begins."""

from pathlib import Path
from typing import Any

import pytest

from marmalade_sc.errors import PlayerError
from marmalade_sc.jam import keys
from marmalade_sc.jam.history import History
from marmalade_sc.jam.segments import Segments
from marmalade_sc.player.base.processes import children_of
from tests.live.players import OPTIONS, LivePlayer, playing
from tests.live.test_generators import CLIENT, add, row, run
from tests.player.deadline import eventually

pytestmark = pytest.mark.live

PATIENT = (
    CLIENT
    + """
import signal
signal.signal(signal.SIGTERM, lambda *_: (ask("XADD", TAGS + "Last", "*", "value", "term"), sys.exit(0)))
found = ask("XREAD", "BLOCK", 9000, "STREAMS", "state:ending:" + PATH, "0")
while not found:
    found = ask("XREAD", "BLOCK", 9000, "STREAMS", "state:ending:" + PATH, "0")
fields = found[0][1][0][1]
told = dict(zip(fields[::2], fields[1::2]))
ask("XADD", TAGS + "Told", "*", "value", told[b"bars"], "doc", told[b"why"])
time.sleep(600)
"""
)


def asked(player: LivePlayer, do: str) -> dict[str, Any]:
    """The answer to a command; none while the player goes from one jam to the other."""
    try:
        return player.ask(do)
    except PlayerError:
        return {}


def sandboxes(player: LivePlayer) -> list[int]:
    return [
        pid
        for pid in children_of(player.pid("generators"))
        if b"bwrap" in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[0]
    ]


def test_a_jam_that_is_left_lets_its_generators_finish(tmp_path: Path) -> None:
    """Told why, with bars; then TERM; and in the other jam nothing of it runs."""
    with playing(tmp_path / "spieler", OPTIONS) as player:
        add(player, "patient", PATIENT)
        path = run(player, "patient", instance="one")["instance"]
        add(player, "stubborn", "#!/bin/sh\ntrap '' TERM\nwhile :; do sleep 1; done\n")
        run(player, "stubborn", instance="one")
        eventually(lambda: len(sandboxes(player)) == 2)
        history = History(str(player.places.state_socket), Segments(tmp_path / "none"))
        told = f"tags:{path}:Told"
        begun = row(player, path)
        answer = player.ask("evaluate", code='jam.start("second", bars=1)')
        assert not answer.get("error") and "1 bars" in answer["value"]
        found = eventually(lambda: history.at(told, 1 << 60))
        assert found[1] == {"value": 1, "doc": "the player goes to the jam second"}
        eventually(lambda: asked(player, "status").get("jam") == "second", 60)
        assert eventually(lambda: asked(player, "instances").get("instances") == [] and "none", 30)
        assert not sandboxes(player)
        history.close()
        stops = player.places.jam("home").redis
        assert stops.is_dir() and begun["state"] == "playing"


def test_one_that_was_told_to_end_is_not_started_again(tmp_path: Path) -> None:
    """The jam's own end is no failure: after the next start nothing of it is resumed."""
    with playing(tmp_path / "spieler", OPTIONS) as player:
        add(player, "steady", CLIENT + "\nwhile True:\n    time.sleep(1)\n")
        path = run(player, "steady", instance="one", restart="failure")["instance"]
        eventually(lambda: row(player, path)["state"] == "playing")
        player.stop()
        player.start()
        assert eventually(lambda: asked(player, "instances").get("instances") == [] and "none", 30)
        history = History(str(player.places.state_socket), Segments(tmp_path / "none"))
        stops = history.between(keys.STOPS)
        history.close()
        assert [(fields["path"], fields["why"]) for _, fields in stops] == [(path, "the jam has ended")]
