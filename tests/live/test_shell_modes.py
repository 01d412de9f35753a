"""The mode is seen in the cursor: Vi's insert, normal and replace, and that nothing of it stays behind."""

import pytest

from tests.live.players import LivePlayer
from tests.live.shells import QUIET, shell

pytestmark = pytest.mark.live

OWN, BLOCK, BELOW, BAR = 0, 2, 4, 6


@pytest.mark.parametrize("mode", ["plain", "full"])
def test_the_cursor_shows_vis_mode_and_is_given_back(player: LivePlayer, mode: str) -> None:
    """Who cannot see the mode types commands into the music."""
    arguments, ready = (["--full"], "scratch.py") if mode == "full" else ([], "♪")
    with shell(player, *arguments, settings={**QUIET, "shell.vi": "true"}, ready=ready) as terminal:
        terminal.wait_for(lambda: terminal.cursor_shape == BAR)
        terminal.write("hush")
        terminal.wait_for("hush")
        assert terminal.cursor_shape == BAR
        terminal.press("escape")
        terminal.wait_for(lambda: terminal.cursor_shape == BLOCK)
        terminal.write("R")
        terminal.wait_for(lambda: terminal.cursor_shape == BELOW)
        terminal.press("escape")
        terminal.wait_for(lambda: terminal.cursor_shape == BLOCK)
        terminal.write("a()")
        terminal.wait_for(lambda: terminal.cursor_shape == BAR)
        if mode == "plain":
            terminal.press("escape")
            terminal.wait_for(lambda: terminal.cursor_shape == BLOCK)
            terminal.press("enter")  # a fresh prompt is typed into at once
            terminal.wait_for(lambda: terminal.cursor_shape == BAR)
        terminal.press("c-q")
        assert terminal.wait_for_end() == 0
        assert terminal.cursor_shape == OWN


def test_without_vis_keys_the_cursor_is_the_terminals_own(player: LivePlayer) -> None:
    with shell(player) as terminal:
        terminal.write("40 + 2")
        terminal.press("escape", "enter")
        terminal.wait_for("\n42")
        assert terminal.cursor_shape in (None, OWN)
