"""`marmalade send`: answers and mistakes as a script sees them."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from marmalade_sc.cli.main import run
from tests.live.players import LivePlayer


def send(root: Path, *arguments: str, stdin: str | None = None) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-P", "-m", "marmalade_sc", "--dir", str(root), "send", *arguments]
    return subprocess.run(command, input=stdin or "", capture_output=True, text=True, timeout=30, check=False)


def test_without_a_player_it_says_how_to_start_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--dir", str(tmp_path), "send", "1"]) == 1
    said = capsys.readouterr().err
    assert "Start one with `marmalade`" in said
    assert "Traceback" not in said


@pytest.mark.parametrize("fields", ["{bad", "[1]", "3", '{"do": "shutdown"}'])
def test_fields_that_are_no_object_are_refused(tmp_path: Path, fields: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--dir", str(tmp_path), "send", "--do", "tempo", fields]) == 2
    assert "JSON object" in capsys.readouterr().err


@pytest.mark.live
def test_code_and_commands_are_answered(player: LivePlayer) -> None:
    root = player.places.root
    done = send(root, "1 + 1")
    assert (done.returncode, done.stdout) == (0, "2\n")
    done = send(root, "print('né', 3)\n1 + 1")
    assert (done.returncode, done.stdout) == (0, "né 3\n2\n")
    answer = json.loads(send(root, "--json", "print('a')\nprint('b')\n1 / 0").stdout)
    assert (answer["ok"], answer["output"]) == (False, "a\nb\n")
    done = send(root, stdin='s9 >> s("bd")\n')
    assert done.returncode == 0
    assert done.stdout.startswith("s9 at bar ")
    done = send(root, 's9 >> s("bd [sn")', "--source", "größe.py")
    assert done.returncode == 1
    assert "größe.py, line 1" in done.stderr
    assert "^" in done.stderr
    done = send(root, "--do", "status", "--json")
    assert json.loads(done.stdout)["jam"] == "home"
    done = send(root, "--do", "sing")
    assert done.returncode == 1
    assert "There is no command 'sing'" in done.stderr


@pytest.mark.live
def test_a_dash_reads_the_fields_from_standard_input(player: LivePlayer) -> None:
    """An editor sends a whole file for a completion; a command line has an end."""
    fields = {"code": "# " + "x" * 200_000 + "\nhus", "position": 200_006}
    done = send(player.places.root, "--json", "--do", "complete", "-", stdin=json.dumps(fields))
    answer = json.loads(done.stdout)
    assert answer["completions"][0]["text"] == "hush"
    assert answer["start"] == 200_003
