"""The table of settings: what each may be, and its documentation."""

from pathlib import Path

import pytest

from marmalade_sc.errors import SettingsError
from marmalade_sc.settings.table import SETTINGS, Setting, find, reference


def test_docs_settings_is_what_the_table_says() -> None:
    """A musician who looks a setting up must not find yesterday's."""
    page = Path(__file__).parents[2] / "docs" / "settings.md"
    assert page.read_text(encoding="utf-8") == reference(), (
        "python -m marmalade_sc.settings > docs/settings.md writes it"
    )


@pytest.mark.parametrize("setting", SETTINGS.values(), ids=lambda s: s.key)
def test_every_default_is_allowed_and_documented(setting: Setting) -> None:
    assert setting.check(setting.default) == setting.default
    assert setting.doc.endswith(".")
    assert type(setting.check(setting.default)) is type(setting.default)


def test_variables_are_named_after_keys() -> None:
    assert find("engine.frame_ms").env == "MARMALADE_ENGINE_FRAME_MS"
    assert len({setting.env for setting in SETTINGS.values()}) == len(SETTINGS)


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("tempo.bpm", "90", 90.0),
        ("tempo.bpm", " 90.5 ", 90.5),
        ("audio.rate", "44100", 44100),
        ("shell.vi", "Yes", True),
        ("shell.vi", "0", False),
        ("audio.driver", "dummy ", "dummy"),
        ("audio.device", "hw:Ä", "hw:Ä"),
    ],
)
def test_text_becomes_a_value_of_the_settings_kind(key: str, text: str, value: object) -> None:
    parsed = find(key).parse(text)
    assert parsed == value
    assert type(parsed) is type(value)


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("tempo.bpm", "nan"),
        ("tempo.bpm", "inf"),
        ("tempo.bpm", "0"),
        ("tempo.bpm", "fast"),
        ("audio.rate", "44100.5"),
        ("audio.rate", "1"),
        ("engine.lookahead_ms", "49.9"),
        ("engine.lookahead_ms", "1000.1"),
        ("shell.vi", "maybe"),
        ("audio.driver", "dumy"),
        ("audio.device", "a\0b"),
        ("jam.memory_mb", ""),
    ],
)
def test_what_cannot_be_is_refused_with_what_can(key: str, text: str) -> None:
    with pytest.raises(SettingsError) as caught:
        find(key).parse(text)
    assert key in caught.value.message
    assert find(key).allowed in caught.value.hint


def test_true_is_not_a_number() -> None:
    with pytest.raises(SettingsError):
        find("tempo.bpm").check(True)


def test_bounds_themselves_are_allowed() -> None:
    assert find("engine.lookahead_ms").check(50) == 50.0
    assert find("engine.lookahead_ms").check(1000) == 1000.0


@pytest.mark.parametrize(
    ("key", "close"),
    [("audio.drivr", "audio.driver"), ("bpm", "tempo.bpm"), ("engine.bpm", "tempo.bpm"), ("Audio.Rate", "audio.rate")],
)
def test_an_unknown_key_names_the_nearest_one(key: str, close: str) -> None:
    with pytest.raises(SettingsError) as caught:
        find(key)
    assert close in str(caught.value)


def test_a_misspelt_choice_names_the_nearest_one() -> None:
    with pytest.raises(SettingsError, match="'dummy'"):
        find("audio.driver").parse("dumy")
