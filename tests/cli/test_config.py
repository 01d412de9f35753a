"""`marmalade config`."""

import json
from pathlib import Path

import pytest

from marmalade_sc.cli.main import run


def test_a_setting_is_set_shown_and_taken_out_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = ["--dir", str(tmp_path / "neu é")]
    assert run([*folder, "config", "set", "tempo.bpm", "90"]) == 0
    assert run([*folder, "config", "get", "tempo.bpm"]) == 0
    assert capsys.readouterr().out.splitlines() == ["tempo.bpm = 90.0", "90.0"]
    assert run([*folder, "config", "show", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["tempo.bpm"] == {"value": 90.0, "origin": "config.toml line 2"}
    assert run([*folder, "config", "unset", "tempo.bpm"]) == 0
    assert run([*folder, "config", "get", "tempo.bpm"]) == 0
    assert capsys.readouterr().out.splitlines() == ["tempo.bpm = 120.0 (default)", "120.0"]


def test_what_somebody_wrote_by_hand_stays(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text("# für die Bühne\n[audio]\nrate = 44100 # card\n")
    path.chmod(0o600)
    assert run(["--dir", str(tmp_path), "config", "set", "audio.period", "64"]) == 0
    assert path.read_text() == "# für die Bühne\n[audio]\nperiod = 64\nrate = 44100 # card\n"
    assert path.stat().st_mode & 0o777 == 0o600


def test_what_is_taken_out_leaves_the_rest_and_its_comment(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text("# für die Bühne\n[audio]\nrate = 44100  # the card's\nperiod = 64\n\n[tempo]\nbpm = 90\n")
    path.chmod(0o600)
    assert run(["--dir", str(tmp_path), "config", "unset", "audio.rate"]) == 0
    assert path.read_text() == "# für die Bühne\n[audio]\n# the card's\nperiod = 64\n\n[tempo]\nbpm = 90\n"
    assert path.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in tmp_path.iterdir() if "config" in each.name] == ["config.toml"]


def test_a_setting_that_is_none_is_told_with_the_nearest(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--dir", str(tmp_path), "config", "unset", "tempo.bmp"]) == 2
    assert "tempo.bpm" in capsys.readouterr().err


def test_what_goes_before_the_default_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MARMALADE_TEMPO_BPM", "99")
    assert run(["--dir", str(tmp_path), "config", "unset", "tempo.bpm"]) == 0
    said = capsys.readouterr()
    assert said.out == "tempo.bpm = 120.0 (default)\n" and "MARMALADE_TEMPO_BPM goes before it" in said.err


@pytest.mark.parametrize("arguments", [["tempo.bpm", "fast"], ["nothing", "1"], ["tempo.bpm"]])
def test_a_wrong_value_changes_nothing(tmp_path: Path, arguments: list[str]) -> None:
    assert run(["--dir", str(tmp_path), "config", "set", *arguments]) == 2
    assert not (tmp_path / "config.toml").exists()


def test_a_file_with_a_mistake_is_not_written_over(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "config.toml").write_text("[audio]\ndrivr = 'x'\n")
    assert run(["--dir", str(tmp_path), "config", "set", "tempo.bpm", "90"]) == 2
    assert (tmp_path / "config.toml").read_text() == "[audio]\ndrivr = 'x'\n"
    assert "line 2" in capsys.readouterr().err


def test_a_switch_and_a_text_are_printed_as_a_script_wants_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(["--dir", str(tmp_path), "config", "get", "shell.vi"])
    run(["--dir", str(tmp_path), "config", "get", "audio.driver"])
    assert capsys.readouterr().out == "false\nauto\n"
