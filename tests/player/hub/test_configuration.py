"""Settings from the shell: the same checks as on the command line, and when they take effect."""

from pathlib import Path

import pytest

from marmalade_sc.errors import SettingsError
from marmalade_sc.player.hub.configuration import configure, configure_as
from marmalade_sc.settings.load import Settings, load
from marmalade_sc.settings.places import Places
from marmalade_sc.settings.table import SETTINGS


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return Places.find(tmp_path / "p", {})


@pytest.fixture
def running(places: Places) -> Settings:
    return load(places.config)


def test_all_settings_are_shown_with_what_they_may_be(places: Places, running: Settings) -> None:
    answer = configure(places, running, None, None)
    rows = answer["settings"]
    assert isinstance(rows, list)
    assert [row["key"] for row in rows] == list(SETTINGS)
    assert all(row["doc"] and row["allowed"] for row in rows)


def test_a_setting_is_written_and_waits_for_the_next_start(places: Places, running: Settings) -> None:
    answer = configure(places, running, "engine.voices", 500)
    assert "takes effect when the player is started again" in str(answer["value"])
    assert load(places.config).integer("engine.voices") == 500
    assert "(now " in str(configure(places, running, "engine.voices", None)["value"])


def test_a_setting_goes_back_to_its_default(places: Places, running: Settings) -> None:
    configure(places, running, "engine.voices", 500)
    answer = configure_as(places, running, {"key": "engine.voices", "unset": True})
    assert str(answer["value"]).startswith("engine.voices = 2000 (default). It takes effect when")
    assert "voices" not in places.config.read_text()
    with pytest.raises(SettingsError, match=r"engine\.voices") as raised:
        configure(places, running, "engine.voice", unset=True)
    assert "engine.voices" in str(raised.value)
    with pytest.raises(SettingsError, match="set and unset"):
        configure(places, running, "engine.voices", 3, unset=True)


def test_a_tempo_says_how_to_change_it_now(places: Places, running: Settings) -> None:
    assert "clock.bpm" in str(configure(places, running, "tempo.bpm", 130)["value"])


@pytest.mark.parametrize(("key", "value"), [("tempo.bmp", None), ("tempo.bpm", "fast"), ("tempo.bpm", -1), (None, 3)])
def test_what_cannot_be_is_refused_and_nothing_is_written(
    places: Places, running: Settings, key: str | None, value: object
) -> None:
    with pytest.raises(SettingsError):
        configure(places, running, key, value)
    assert not places.config.exists()


def test_what_goes_before_the_file_is_named(places: Places, running: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MARMALADE_TEMPO_BPM", "99")
    assert "MARMALADE_TEMPO_BPM goes before the file" in str(configure(places, running, "tempo.bpm", 130)["value"])
