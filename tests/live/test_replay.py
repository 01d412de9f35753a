"""`marmalade replay` live: what it says in the terminal, what plays meanwhile, and how it is left."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from marmalade_sc.engine.eventlog import read_event_log
from marmalade_sc.errors import JamError
from marmalade_sc.player.supervision import running
from marmalade_sc.sdk.frames import Bundles
from tests.live.players import LivePlayer
from tests.live.terminal import Terminal
from tests.player.deadline import eventually

pytestmark = pytest.mark.live


@contextmanager
def replaying(player: LivePlayer, *arguments: str) -> Iterator[Terminal]:
    """`marmalade replay` in a terminal."""
    options = [word for key, value in player.options.items() for word in ("--set", f"{key}={value}")]
    command = [sys.executable, "-m", "marmalade_sc", "--dir", str(player.places.root), *options, "replay", *arguments]
    terminal = Terminal(command, 100, 12)
    try:
        yield terminal
    finally:
        terminal.close()


def heard(player: LivePlayer, jam: str, track: str) -> int:
    """How many frames with notes of a track a jam's event log has."""
    try:
        sections = list(read_event_log(player.places.jam(jam).history))
    except JamError:
        return 0
    return sum(1 for each in sections if isinstance(each, Bundles) and each.track == track)


def test_what_cannot_be_replayed_is_said(player: LivePlayer) -> None:
    with replaying(player, "home") as terminal:
        assert terminal.wait_for_end() != 0
        assert "The jam home plays. Switch to another one to hear what it played." in terminal.text
    with replaying(player, "hime") as terminal:
        assert terminal.wait_for_end() != 0
        assert "hime" in terminal.text and "home" in terminal.text
        assert "Traceback" not in terminal.text


def test_a_jam_plays_again_with_a_player_of_its_own_and_beside_what_plays(tmp_path: Path) -> None:
    """Alone, it ends the player that it has started, by Ctrl-C too; joined, it leaves the player as it was."""
    player = LivePlayer(tmp_path / "p")
    try:
        player.start()
        player.evaluate('d1 >> s("bd*8")')
        eventually(lambda: len(player.notes("d1")) > 16, 30.0)
        player.stop()
        with replaying(player, "home", "--evaluations", "--seconds", "300") as alone:
            alone.wait_for("Starting the player ...", 30.0)
            alone.wait_for("The jam home plays again: 5:00. Ctrl-C stops it.", 60.0)
            alone.wait_for("Nobody can hear this: the driver is dummy")
            eventually(lambda: heard(player, "replay-home", "d1") > 2, 30.0)
            with replaying(player, "home") as whole:  # some seconds, which are over before anybody could press a key
                whole.wait_for("The jam home plays again: 0:", 30.0)
                assert whole.wait_for_end(60.0) == 0
            with replaying(player, "home", "--evaluations", "--seconds", "300") as beside:
                beside.wait_for("The jam home plays again: 5:00. Ctrl-C stops it.", 30.0)
                assert "Starting the player" not in beside.text
                beside.press("c-c")
                assert beside.wait_for_end(30.0) == 130
                assert "Interrupted." in beside.text and "Traceback" not in beside.text
            assert player.is_up()
            alone.press("c-c")
            assert alone.wait_for_end(40.0) == 130
        assert running.status(player.places) is None
        assert (player.places.root / "current-jam").read_text().strip() == "home"
    finally:
        player.stop()
