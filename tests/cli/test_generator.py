"""`marmalade generator` and `marmalade key`, without a player that runs."""

import json
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from marmalade_sc.cli.controls import controls_of, with_controls
from marmalade_sc.cli.main import run
from marmalade_sc.errors import UsageError


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MARMALADE_DIR", str(tmp_path / "spieler"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", "")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def said(capsys: pytest.CaptureFixture[str], *arguments: str, status: int = 0) -> str:
    assert run(arguments) == status
    captured = capsys.readouterr()
    return captured.out + captured.err


def test_where_nothing_is_there_that_is_said(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "There is no generator" in said(capsys, "generator", "list")
    assert said(capsys, "generator", "list", "--json") == "[]\n"
    assert "No generator asks" in said(capsys, "generator", "grants")


def test_from_a_template_to_a_signed_archive(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said(capsys, "generator", "new", "rain", "--template", "sh")
    assert "begins with play" in said(capsys, "generator", "verify", "rain")
    packed = said(capsys, "generator", "pack", "rain")
    player = packed.partition(":")[0]
    assert f"player       {player}" in said(capsys, "key", "show")
    assert f"{player}:rain" in said(capsys, "generator", "list")
    assert '"why_not": ""' in said(capsys, "generator", "list", "--json")
    found = said(capsys, "generator", "inspect", "rain")
    assert "signed         by its author" in found and "control        level 0 to 1, 0.8" in found
    (archive,) = (here / "spieler" / "generators").glob("*.tgz")
    assert "rain" in said(capsys, "generator", "verify", str(archive))
    row = json.loads(said(capsys, "generator", "verify", "rain", "--json"))
    assert (row["name"], row["program"], row["files"]) == ("rain", "play", 2)
    known = json.loads(said(capsys, "generator", "inspect", "rain", "--json"))
    assert known["id"] == f"{player}:rain" and known["sha256"] == row["sha256"] == known["kept"][0]["sha256"]
    assert known["controls"]["level"]["default"] == 0.8 and known["why_not"] == ""


def test_what_cannot_work_is_found_without_running_it(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said(capsys, "generator", "new", "rain")
    (here / "rain" / "play").write_text("#!/usr/bin/env python3\nprint('unbalanced'\n")
    assert "play, line 2: SyntaxError" in said(capsys, "generator", "verify", "rain", status=2)
    assert "play, line 2: SyntaxError" in said(capsys, "generator", "pack", "rain", status=2)
    (here / "rain" / "play").write_text("")
    assert "play is empty" in said(capsys, "generator", "verify", "rain", status=2)
    assert not (here / "spieler" / "generators").exists()


def test_its_synthdefs_are_compiled_when_it_is_packed(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Never by a command that may be about a stranger's folder, unless it is said."""
    said(capsys, "generator", "new", "rain", "--template", "sh")
    source = here / "rain" / "synthdefs" / "ping.py"
    source.parent.mkdir()
    source.write_text(
        "from supriya.ugens import SinOsc\nfrom marmalade_sc.synthdefs import percussive, synthdef\n"
        "@synthdef()\ndef ping():\n    return SinOsc.ar(frequency=440) * percussive(0.001, 0.1)\n"
    )
    assert "not compiled yet: ping.py" in said(capsys, "generator", "verify", "rain")
    assert "--build" in said(capsys, "generator", "check", "rain", status=2)
    assert not source.with_suffix(".scsyndef").exists()
    said(capsys, "generator", "pack", "rain")
    assert json.loads(said(capsys, "generator", "verify", "rain", "--json"))["synthdefs"] == ["ping"]
    source.write_text(source.read_text().replace("SinOsc.ar(", "SinOsk.ar("))
    assert "ping.py, line 5" in said(capsys, "generator", "pack", "rain", status=2)


def test_trust_is_said_and_kept(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said(capsys, "generator", "new", "rain")
    said(capsys, "generator", "pack", "rain")
    folder = here / "spieler" / "generators"
    (archive,) = folder.glob("*.tgz")
    archive.rename(folder / "aaaaaaaa:rain.tgz")
    assert "does not run" in said(capsys, "generator", "list")
    assert "not signed" in said(capsys, "generator", "inspect", "rain")
    said(capsys, "generator", "accept", "rain")
    assert "runs           yes" in said(capsys, "generator", "inspect", "rain")
    said(capsys, "generator", "trust", "aaaaaaaa", "block", "--grant", "schedule:main")
    assert 'trust = "block"' in (here / "spieler" / "players" / "aaaaaaaa.toml").read_text()
    assert "blocked" in said(capsys, "generator", "inspect", "rain")


def test_mistakes_are_told(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "Did you mean 'drums'" in said(capsys, "generator", "new", "x", "--template", "drmus", status=2)
    assert "There is no generator" in said(capsys, "generator", "inspect", "x", status=2)
    assert "No player answers" in said(capsys, "generator", "run", "x", status=1)
    assert "sets nothing" in said(capsys, "generator", "run", "x", "--control", "a", status=2)
    assert "Nothing is named" in said(capsys, "generator", "stop", status=2)
    assert "already" in said(capsys, "key", "new", status=2)


def test_controls_stand_behind_the_name_or_in_an_option() -> None:
    """`generator run rain density=.5` is what everybody types first."""

    @click.command()
    @click.argument("name")
    @with_controls
    def play(name: str, controls: tuple[str, ...]) -> None:
        click.echo(f"{name} {controls_of(controls)}")

    for arguments in (["rain", "density=.5"], ["rain", "--control", "density=.5"]):
        assert CliRunner().invoke(play, arguments).output == "rain {'density': 0.5}\n"
    assert "'<.2 .8>'" in CliRunner().invoke(play, ["rain", "density=<.2 .8>"]).output
    wrong = CliRunner().invoke(play, ["rain", "density"]).exception
    assert isinstance(wrong, UsageError) and "'density' sets nothing" in wrong.message
