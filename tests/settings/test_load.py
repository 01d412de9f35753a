"""Settings in force: which place wins, and what is said about a mistake."""

from pathlib import Path

import pytest

from marmalade_sc.errors import SettingsError
from marmalade_sc.settings.load import load
from marmalade_sc.settings.table import SETTINGS


def config(folder: Path, text: str) -> Path:
    path = folder / "config.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_later_places_win_and_each_value_knows_its_origin(tmp_path: Path) -> None:
    path = config(tmp_path, "[audio]\nrate = 44100\nperiod = 64\n\n[tempo]\nbpm = 90\n")
    env = {"MARMALADE_AUDIO_PERIOD": "128", "MARMALADE_TEMPO_BPM": "91", "OTHER": "x"}
    settings = load(path, env, {"tempo.bpm": "92"})
    assert settings["audio.inputs"].origin == "default"
    assert (settings.integer("audio.rate"), settings["audio.rate"].origin) == (44100, "config.toml line 2")
    assert (settings.integer("audio.period"), settings["audio.period"].origin) == (
        128,
        "variable MARMALADE_AUDIO_PERIOD",
    )
    assert (settings.number("tempo.bpm"), settings["tempo.bpm"].origin) == (92.0, "option --set")
    assert {key for key, _ in settings} == set(SETTINGS)


def test_without_any_file_everything_is_default(tmp_path: Path) -> None:
    assert all(found.origin == "default" for _, found in load(tmp_path / "config.toml", {}))


def test_an_unknown_key_in_the_file_names_file_line_and_nearest_key(tmp_path: Path) -> None:
    """The shell must say what to mend, an hour before the set."""
    path = config(tmp_path, "# mine\n[audio]\n  drivr = 'jack'  # typo\n")
    with pytest.raises(SettingsError) as caught:
        load(path, {})
    where = caught.value.where
    assert where is not None
    assert (where.source, where.line, where.column, where.length) == (str(path), 3, 3, 5)
    assert "'audio.driver'" in str(caught.value)
    assert "^^^^^" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("[tempo]\nbpm = 'fast'\n", 2),
        ("tempo.bpm = true\n", 1),
        ("\n[ tempo ] # here\n'bpm' = -1\n", 3),
        ("[tempo]\nbpm = nan\n", 2),
    ],
)
def test_a_wrong_value_names_its_line(tmp_path: Path, text: str, line: int) -> None:
    with pytest.raises(SettingsError) as caught:
        load(config(tmp_path, text), {})
    assert caught.value.where is not None
    assert caught.value.where.line == line


@pytest.mark.parametrize("text", ["speed = 1\n", "[nothing.here]\nx = 1\n", "audio = 3\n", "tempo = {bpn = 3}\n"])
def test_keys_of_any_shape_are_checked(tmp_path: Path, text: str) -> None:
    with pytest.raises(SettingsError, match="no setting"):
        load(config(tmp_path, text), {})


@pytest.mark.parametrize("content", [b"audio = [\n", b"\xff\xfe", b"[audio]\nrate = 1\nrate = 2\n"])
def test_a_file_that_is_not_toml_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes(content)
    with pytest.raises(SettingsError, match=r"config\.toml"):
        load(path, {})


def test_an_unknown_variable_names_the_nearest_one() -> None:
    with pytest.raises(SettingsError, match="MARMALADE_TEMPO_BPM"):
        load(None, {"MARMALADE_TEMPO_BMP": "3"})


def test_a_wrong_variable_is_named() -> None:
    with pytest.raises(SettingsError, match="MARMALADE_TEMPO_BPM"):
        load(None, {"MARMALADE_TEMPO_BPM": "x"})


def test_variables_that_are_no_settings_pass() -> None:
    load(None, {"MARMALADE_DIR": "/somewhere", "MARMALADE_SHARED": "x", "MARMALADE_READY_FD": "3"})


def test_asking_for_another_type_is_a_bug_and_says_so() -> None:
    with pytest.raises(TypeError, match="tempo.bpm"):
        load(None, {}).integer("tempo.bpm")


def test_a_path_may_start_in_the_home_folder(tmp_path: Path) -> None:
    settings = load(None, {"MARMALADE_SAMPLES_FOLDER": "~/drums"})
    assert settings.path("samples.folder", tmp_path) == Path.home() / "drums"
    assert settings.path("synthdefs.folder", tmp_path) == tmp_path
