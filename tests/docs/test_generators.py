"""The commands of docs/generators.md, run as they stand there, in a player that runs."""

import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.fences import DOCS, fences
from tests.live.players import LivePlayer
from tests.player.deadline import eventually

pytestmark = pytest.mark.live

COMMANDS = [
    line
    for each in fences(DOCS / "generators.md", "sh")
    for line in each.text.splitlines()
    if line.startswith("marmalade ") and " watch " not in line
]


@pytest.fixture
def stage(player: LivePlayer) -> Iterator[LivePlayer]:
    """The shared player; no instance outlives a test."""
    yield player
    player.ask("stop")
    eventually(lambda: not [row for row in player.ask("instances")["instances"] if row["state"] != "ended"], 30)


def test_the_commands_of_the_page_work_in_their_order(stage: LivePlayer, tmp_path: Path) -> None:
    """What an author copies, line by line; `watch`, which ends by Ctrl-C, has tests of its own."""
    assert [line.split()[2] for line in COMMANDS] == ["new", "check", "pack", "run", "log", "stop", "check"]
    for line in COMMANDS:
        words = shlex.split(line)
        command = [sys.executable, "-P", "-m", "marmalade_sc", "--dir", str(stage.places.root), *words[1:]]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
        if words[2] == "run":
            stage.wait_for_notes("g1", 8, 40)
        if words[2] == "log":
            assert "playing" in done.stdout
    assert eventually(lambda: stage.ask("instance", name="rain")["state"] == "ended", 40)
