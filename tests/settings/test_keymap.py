"""Keys are read from the settings; a mistake is told at the start and names the setting."""

from pathlib import Path

import pytest

from marmalade_sc.errors import SettingsError
from marmalade_sc.settings.change import change
from marmalade_sc.settings.keymap import expanded, read_keys
from marmalade_sc.settings.keys import ACTIONS
from marmalade_sc.settings.load import load
from marmalade_sc.settings.table import SETTINGS


def test_a_key_that_no_shell_could_open_with_is_not_written(tmp_path: Path) -> None:
    """`config("keys.hush", "f10")` worked, and the next `marmalade` on stage did not open."""
    path = tmp_path / "config.toml"
    change(path, "keys.hush", "f11")
    for text in ("f10", "f33", "x"):
        with pytest.raises(SettingsError, match="hush"):
            change(path, "keys.hush", text)
    assert load(path).text("keys.hush") == "f11"
    change(path, "keys.panic", "")
    change(path, "keys.hush", "f10")
    with pytest.raises(SettingsError, match="panic"):
        change(path, "keys.panic", None)


def test_a_file_with_wrong_keys_can_be_put_right_one_by_one(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text('[keys]\nhush = "f10"\ntap = "f33"\n')
    change(path, "keys.hush", "f11")
    change(path, "keys.tap", None)
    assert load(path).text("keys.hush") == "f11"


def test_the_defaults_are_keys_and_no_two_are_the_same() -> None:
    keymap = read_keys({})
    assert set(keymap.chords) == set(ACTIONS)
    assert all(keymap.chords.values())
    assert keymap.chords["panic"] == (("f10",), ("escape", "p"))
    assert keymap.chords["solo"] == (("escape", "s", "{n}"), ("escape", "s", "0", "{n}", "{n}"))


def test_every_action_is_a_setting_with_its_default() -> None:
    assert {key.removeprefix("keys.") for key in SETTINGS if key.startswith("keys.")} == set(ACTIONS)
    assert all(SETTINGS[f"keys.{name}"].default == action.keys for name, action in ACTIONS.items())


def test_keys_can_be_other_ones_or_none() -> None:
    keymap = read_keys({"hush": "ctrl-x h, F11", "tap": "", "mute": "alt-x {n}", "steps": "alt-period", "later": "f7"})
    assert keymap.chords["hush"] == (("c-x", "h"), ("f11",))
    assert keymap.chords["tap"] == ()
    assert keymap.chords["mute"] == (("escape", "x", "{n}"),)
    assert keymap.chords["steps"] == (("escape", "."),)


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        ({"hush": "f99"}, ["keys.hush", "f99"]),
        ({"hush": "ctl-x"}, ["keys.hush", "ctl-x"]),
        ({"hush": "f10"}, ["keys.hush", "keys.panic"]),
        ({"hush": "h"}, ["keys.hush", "typing"]),
        ({"hush": "enter"}, ["keys.hush", "typing"]),
        ({"hush": "ctrl-m"}, ["keys.hush", "typing"]),
        ({"hush": "alt-g"}, ["keys.hush", "begins"]),
        ({"hush": "alt-5"}, ["keys.hush", "keys.mute"]),
        ({"mute": "alt-x"}, ["keys.mute", "{n}"]),
        ({"mute": "alt-x {n} {n} {n}"}, ["keys.mute", "{n}"]),
        ({"hush": "alt-0 4 2"}, ["keys.hush", "keys.mute"]),
        ({"hush": "alt-0"}, ["keys.mute", "begins", "keys.hush"]),
        ({"hush": "alt-{n}"}, ["keys.hush", "{n}"]),
    ],
)
def test_a_mistake_names_the_setting(keys: dict[str, str], says: list[str]) -> None:
    with pytest.raises(SettingsError) as caught:
        read_keys(keys)
    for words in says:
        assert words in str(caught.value)


def test_two_digits_say_a_number() -> None:
    """With fifty tracks the tenth and those behind it have keys, too."""
    found = {number: keys for keys, number in expanded(("escape", "0", "{n}", "{n}"))}
    assert sorted(found) == [*range(1, 100)]
    assert found[12] == ("escape", "0", "1", "2") and found[7] == ("escape", "0", "0", "7")
    assert expanded(("f9",)) == [(("f9",), 0)]
