"""`marmalade doctor`."""

import json
from pathlib import Path

import pytest

from marmalade_sc.cli.findings import Finding, find_all
from marmalade_sc.cli.main import run
from marmalade_sc.engine.sound import Card, Probe, Rights, Wishes
from marmalade_sc.settings.load import load
from marmalade_sc.settings.places import Places

_CARD = Card(0, "PCH", "HDA Intel", (0,), ())


def findings(folder: Path, probe: Probe, wishes: Wishes | None = None, **variables: str) -> dict[str, Finding]:
    places = Places.find(folder, {})
    return {each.name: each for each in find_all(places, load(None, variables), probe, wishes or Wishes())}


def test_what_is_missing_comes_with_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    found = findings(tmp_path, Probe())
    for name, package in (
        ("scsynth", "supercollider-server"),
        ("redis-server", "redis-server"),
        ("jackd", "jackd2"),
    ):
        assert found[name].state == "missing"
        assert package in found[name].how


def test_pipewire_without_pw_jack_is_a_loss_that_can_be_mended(tmp_path: Path) -> None:
    found = findings(tmp_path, Probe(pipewire=True, jackd="jackd", cards=(_CARD,)))
    assert found["pw-jack"].state == "weak"
    assert "pipewire-jack" in found["pw-jack"].how


def test_it_says_when_nothing_can_be_heard(tmp_path: Path) -> None:
    assert findings(tmp_path, Probe(jackd="jackd"))["driver"].state == "weak"
    assert "nothing can be heard" in findings(tmp_path, Probe(jackd="jackd"))["driver"].found
    assert findings(tmp_path, Probe(jackd="jackd", cards=(_CARD,)))["driver"].state == "ok"


def test_realtime_rights_are_judged(tmp_path: Path) -> None:
    assert findings(tmp_path, Probe(rights=Rights(fifo=False)))["realtime"].state == "weak"
    assert findings(tmp_path, Probe(rights=Rights(priority=95, memory_kb=-1, fifo=True)))["realtime"].state == "ok"


def test_a_driver_that_is_not_there_is_said_and_not_raised(tmp_path: Path) -> None:
    found = findings(tmp_path, Probe(jackd="jackd"), Wishes(driver="jack"))["driver"]
    assert (found.state, "audio.driver auto" in found.how) == ("missing", True)


def test_a_directory_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert findings(tmp_path / "file" / "player", Probe())["player"].state == "missing"


def test_the_json_has_findings_and_settings_with_origin(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "config.toml").write_text("[tempo]\nbpm = 90\n")
    run(["--dir", str(tmp_path), "--set", "audio.period=64", "doctor", "--json"])
    said = json.loads(capsys.readouterr().out)
    assert said["settings"]["tempo.bpm"] == {"value": 90.0, "origin": "config.toml line 2"}
    assert said["settings"]["audio.period"]["origin"] == "option --set"
    assert {"scsynth", "redis-server", "driver", "realtime", "disk", "player"} <= {f["name"] for f in said["findings"]}
    assert all(finding["how"] for finding in said["findings"] if finding["state"] != "ok")


def test_the_text_shows_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(["--dir", str(tmp_path), "doctor"])
    said = capsys.readouterr().out
    for word in ("programs", "sound", "scsynth", "realtime", "settings", "tempo.bpm", "default"):
        assert word in said


def test_a_broken_config_is_told_beside_everything_else(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Who asks the doctor has trouble: one mistake must not hide the others."""
    (tmp_path / "config.toml").write_text('[audio]\nrte = 1\ndriver = "jakc"\n')
    assert run(["--dir", str(tmp_path), "doctor"]) == 1
    shown = capsys.readouterr().out
    assert "There is no setting 'audio.rte'" in shown and "line 2" in shown and "audio.rate" in shown
    assert "jakc" in shown and "redis-server" in shown and "scsynth" in shown and "driver" in shown
    (tmp_path / "config.toml").write_text("[audio\n")
    assert run(["--dir", str(tmp_path), "doctor", "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert "is not TOML" in found["findings"][0]["found"] and len(found["findings"]) > 5
    assert found["settings"]["audio.driver"]["origin"] == "default"


def test_a_setting_that_does_not_exist_is_told_by_every_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`jam list` reads no settings, and took any."""
    for arguments in (["--set", "audio.rte=1", "jam", "list"], ["jam", "list", "--set", "audio.rte=1"]):
        assert run(["--dir", str(tmp_path), *arguments]) == 2
        shown = capsys.readouterr().err
        assert "There is no setting 'audio.rte'" in shown and "audio.rate" in shown
    assert run(["--dir", str(tmp_path), "jam", "list", "--set", "audio.rate=loud"]) == 2
