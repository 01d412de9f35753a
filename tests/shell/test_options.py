"""How a shell looks follows from the settings and the terminal."""

from pathlib import Path

from marmalade_sc.settings.load import load
from marmalade_sc.settings.places import Places
from marmalade_sc.shell.options import ShellOptions


def options(settings: dict[str, str], env: dict[str, str], full: bool = False) -> ShellOptions:
    return ShellOptions.of(load(None, {}, settings), Places.find(Path("/nowhere"), {}), env, full)


def test_a_terminal_that_can_do_nothing_gets_plain_lines() -> None:
    assert options({}, {"TERM": "dumb"}).is_linear
    assert options({}, {}).is_linear
    assert not options({}, {"TERM": "xterm"}).is_linear
    assert options({"shell.screen_reader": "true"}, {"TERM": "xterm"}).is_linear


def test_an_option_of_the_command_wins_over_the_setting() -> None:
    assert options({}, {"TERM": "xterm"}).mode == "plain"
    assert options({}, {"TERM": "xterm"}, full=True).mode == "full"
    assert options({"shell.mode": "full"}, {"TERM": "xterm"}).mode == "full"


def test_no_color_wins_over_the_theme() -> None:
    assert options({"shell.theme": "light"}, {"TERM": "xterm", "NO_COLOR": "1"}).theme == "plain"


def test_keys_come_from_the_settings() -> None:
    found = options({"keys.hush": "f11"}, {"TERM": "xterm"}).keymap
    assert found.chords["hush"] == (("f11",),)
    assert found.words["hush"] == "f11"
