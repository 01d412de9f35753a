"""`marmalade play`: a set live without a terminal, recorded, and nothing left when it fails."""

import subprocess
import sys
from pathlib import Path

import pytest
import soundfile

from tests.live.players import LivePlayer
from tests.player.deadline import eventually

pytestmark = pytest.mark.live


def play(player: LivePlayer, file: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-P", "-m", "marmalade_sc", "--dir", str(player.places.root), "play", str(file)]
    return subprocess.run([*command, *arguments], capture_output=True, text=True, timeout=60, check=False)


def test_a_set_is_played_in_the_player_that_runs_and_recorded(player: LivePlayer, tmp_path: Path) -> None:
    file, record = tmp_path / "sét.py", tmp_path / "aufnahme.wav"
    file.write_text('p1 >> s("bd*8")\nprint("hello")\n', encoding="utf-8")
    done = play(player, file, "--seconds", "2", "--record", str(record))
    assert done.returncode == 0, done.stderr
    assert "hello" in done.stderr
    samples, rate = soundfile.read(record)
    assert 1.5 < len(samples) / rate < 6
    assert abs(samples).max() > 0.05
    assert player.is_up(), "it was there before and goes on"
    tracks = player.ask("tracks")["tracks"]
    assert not tracks["p1"]["plays"]


def test_a_set_that_fails_says_where_and_leaves_no_recording(player: LivePlayer, tmp_path: Path) -> None:
    file = tmp_path / "set.py"
    file.write_text('p2 >> s("bd [sn")\n', encoding="utf-8")
    done = play(player, file, "--seconds", "2", "--record", str(tmp_path / "x.wav"))
    assert done.returncode == 2
    assert "set.py, line 1" in done.stderr
    assert "Traceback" not in done.stderr
    eventually(lambda: player.engine().get("recording") == "")


def test_a_place_that_cannot_be_written_is_said_before_anything_sounds(player: LivePlayer, tmp_path: Path) -> None:
    file = tmp_path / "set.py"
    file.write_text('p3 >> s("bd")\n', encoding="utf-8")
    done = play(player, file, "--record", str(tmp_path / "no" / "x.wav"))
    assert done.returncode == 2
    assert "cannot be written" in done.stderr
    assert "p3" not in player.ask("tracks")["tracks"]
