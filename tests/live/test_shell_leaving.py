"""What a shell survives, and how it is left: keys that end it, a terminal that is gone, a hub that is killed."""

import os
import re
import signal
import sys
from fractions import Fraction
from pathlib import Path

import pytest

from marmalade_sc.player.supervision import running
from tests.live.players import LivePlayer, playing
from tests.live.shells import full, shell
from tests.live.terminal import Terminal
from tests.player.deadline import eventually

pytestmark = pytest.mark.live


@pytest.mark.parametrize("mode", ["plain", "full"])
def test_ctrl_c_and_ctrl_d(player: LivePlayer, mode: str) -> None:
    with shell(player) if mode == "plain" else full(player) as terminal:
        terminal.write("abc")
        terminal.press("left", "c-d")
        terminal.wait_for(lambda: any(re.search(r"\bab$", line) for line in terminal.lines))
        terminal.press("c-c", "c-c")
        if mode == "plain":
            terminal.wait_for(lambda: "♪" in terminal.lines)
        else:
            terminal.press("backspace", "backspace", "backspace")
        os.kill(terminal.process.pid, signal.SIGINT)
        terminal.wait_until_quiet()
        assert terminal.process.poll() is None
        terminal.press("c-d")
        assert terminal.wait_for_end() == 0
        assert "The player plays on" in terminal.text


@pytest.mark.parametrize("mode", ["plain", "full"])
def test_ctrl_c_and_ctrl_d_end_a_search_and_nothing_else(player: LivePlayer, mode: str) -> None:
    """Ctrl-C left the search open over an empty line, and Ctrl-D left the shell."""
    with shell(player) if mode == "plain" else full(player) as terminal:
        if mode == "full":
            terminal.write("abc = 1\nxyz = 2")
        else:  # its value says that no evaluation runs, which is what Ctrl-C would end first
            terminal.write("abc = 1; abc + 41\r")
            terminal.wait_for("\n42")
        for key in ("c-c", "c-d"):
            terminal.press("c-r")
            terminal.wait_for("I-search")
            terminal.write("abc")
            terminal.wait_for("abc = 1")
            terminal.press(key)
            terminal.wait_for(lambda: "I-search" not in terminal.text)
        assert terminal.process.poll() is None
        assert "abc = 1" in terminal.text
        terminal.press("c-c", "c-q")
        assert terminal.wait_for_end() == 0


def test_a_terminal_that_is_killed_leaves_the_music_and_a_new_shell_finds_it(tmp_path: Path) -> None:
    """The shell that started the player loses its window: nobody at the front hears anything."""
    player = LivePlayer(tmp_path / "p")
    command = [sys.executable, "-m", "marmalade_sc", "--dir", str(player.places.root), "--set", "audio.driver=dummy"]
    first = Terminal([*command, "--set", "shell.starter=never"])
    try:
        first.wait_for("Type a line", 60.0)
        first.wait_for("bar -", 60.0)  # nothing counts bars that the first pattern begins
        first.write('d1 >> s("bd*4")\r')
        first.wait_for("d1 at bar 0", 60.0)
        first.wait_for("bar 0:", 20.0)
        first.hang_up()
        first.process.wait(20)
        second = Terminal(command)
        try:
            second.wait_for(" d1")
            before = len(player.notes("d1"))
            eventually(lambda: len(player.notes("d1")) > before)
            second.press("c-d")
            second.wait_for_end()
            assert "The player plays on" in second.text
        finally:
            second.close()
        assert running.status(player.places) is not None
    finally:
        first.close()
        player.stop()


def test_a_set_that_a_player_is_started_with_is_heard_from_its_first_beat(tmp_path: Path) -> None:
    """The prompt is there before the engine; what the set plays before that would be lost."""
    player = LivePlayer(tmp_path / "p")
    (tmp_path / "set.py").write_text('d1 >> s("bd hh*3")\n')
    command = [sys.executable, "-m", "marmalade_sc", "--dir", str(player.places.root), "--set", "audio.driver=dummy"]
    terminal = Terminal([*command, "shell", str(tmp_path / "set.py")])
    try:
        terminal.wait_for("d1 at bar 0", 60.0)
        notes = player.wait_for_notes("d1", 8, 30.0)
        timeline = player.timeline()
        places = [timeline.cycle(due).limit_denominator(100) for due in notes[:4]]
        assert places == [Fraction(0), Fraction(1, 2), Fraction(2, 3), Fraction(5, 6)]
        assert player.engine()["late_dropped"] == player.engine()["stale"] == 0
        terminal.press("c-d")
        terminal.wait_for_end(60.0)
        assert "The player has ended" in terminal.text
    finally:
        terminal.close()
        if running.status(player.places) is not None:
            player.stop()


def test_a_move_to_another_jam_is_said(tmp_path: Path) -> None:
    """Only the status bar changed, and what had played was gone without a word."""
    with playing(tmp_path / "p") as player, shell(player) as terminal:
        terminal.write('jam.start("second")\r')
        terminal.wait_for("now in the jam second", 60.0)
        terminal.write("1 + 41\r")
        terminal.wait_for("\n42", 60.0)


def test_a_hub_that_is_killed_is_joined_again_and_what_was_typed_is_still_there(player: LivePlayer) -> None:
    with shell(player) as terminal, full(player) as other:
        terminal.write("half a line")
        terminal.wait_for("half a line")
        before = player.kill("hub")
        eventually(lambda: player.is_back("hub", before), 30.0)
        assert "half a line" in terminal.text
        terminal.press("c-c")

        def told() -> bool:
            terminal.write("print('told to', 'both')\r")
            terminal.wait_until_quiet()
            other.wait_until_quiet()
            return "told to both" in terminal.lines and "told to both" in other.lines

        eventually(told, 30.0)
