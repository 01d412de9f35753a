"""`marmalade generator watch`: a folder is edited as editors do it, and what was saved plays."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live.players import LivePlayer
from tests.player.deadline import eventually

pytestmark = pytest.mark.live

HEAD = """#!/usr/bin/env python3
from marmalade_sc.sdk.jam import Jam
from marmalade_sc.sdk.language import s
jam = Jam()
"""
SYNTHDEF = '''"""A tone."""
from supriya.ugens import SinOsc
from marmalade_sc.synthdefs import control, percussive, synthdef
@synthdef(freq=control(440, "Hz", 20, 20000, "pitch"))
def ping(freq):
    return SinOsc.ar(frequency=freq * {times}) * percussive(0.001, 0.1)
'''


class Watch:
    """The command in a process of its own, and what it says."""

    def __init__(self, player: LivePlayer, folder: Path) -> None:
        command = [sys.executable, "-P", "-m", "marmalade_sc", "--dir", str(player.places.root)]
        self.process = subprocess.Popen(
            [*command, "generator", "watch", str(folder), "--track", folder.name],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
            text=True,
        )
        self.lines: list[str] = []
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))

    def heard(self, words: str, after: int = 0) -> int:
        """The count of lines up to the first with these words, once it is there."""

        def ask() -> int:
            return next((n for n, line in enumerate(self.lines, 1) if n > after and words in line), 0)

        try:
            return eventually(ask, 40)
        except AssertionError:
            raise AssertionError(f"{words!r} is not in {self.lines}") from None

    def end(self) -> None:
        self.process.terminate()
        self.process.wait(20)
        self._thread.join(20)
        assert self.process.stdout is not None
        self.process.stdout.close()


def work(folder: Path, program: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "generator.toml").write_text(f'name = "{folder.name}"\n')
    (folder / "play").write_text(program)
    (folder / "play").chmod(0o755)


@pytest.fixture
def stage(player: LivePlayer) -> Iterator[LivePlayer]:
    """The shared player; no instance outlives a test."""
    yield player
    player.ask("stop")
    eventually(lambda: not [row for row in player.ask("instances")["instances"] if row["state"] != "ended"], 30)


@pytest.fixture
def watches() -> Iterator[list[Watch]]:
    started: list[Watch] = []
    yield started
    for each in started:
        each.end()


def test_what_is_saved_plays(stage: LivePlayer, tmp_path: Path, watches: list[Watch]) -> None:
    folder = tmp_path / "edited"
    work(folder, HEAD + 'jam.a >> s("bd*4")\njam.run()\n')
    watch = Watch(stage, folder)
    watches.append(watch)
    said = watch.heard("plays as")
    stage.wait_for_notes("edited", 8, 40)
    # As editors that truncate do it: for a while nothing is there. Only what is whole in the end counts.
    whole = HEAD + 'jam.a >> s("hh*16")\njam.run()\n'
    with (folder / "play").open("w") as file:
        file.flush()
        os.fsync(file.fileno())
        threading.Event().wait(0.2)
        file.write(whole)
    said = watch.heard("another version plays from bar", said)
    # As those that write aside and rename.
    aside = folder / ".play.part"
    aside.write_text(HEAD + 'jam.a >> s("bd*4")\njam.run(\n')
    aside.chmod(0o755)
    aside.replace(folder / "play")
    said = watch.heard("play, line 6: SyntaxError: '(' was never closed. The version before plays on.", said)
    work(folder, HEAD + 'jam.a >> s("bd*4")\nnonsense\njam.run()\n')
    said = watch.heard("play, line 6: NameError", said)
    (known,) = [each for each in stage.ask("generators")["generators"] if each["id"].endswith(":edited")]
    assert known["sha256"] == stage.ask("instance", name="edited")["sha256"], "the newest is the one that plays"
    stage.wait_for_notes("edited", 16, 40)
    work(folder, HEAD + '@jam.every(bars=1)\ndef turn():\n    1 / 0\njam.a >> s("bd*2")\njam.run()\n')
    said = watch.heard("another version plays from bar", said)
    watch.heard("ZeroDivisionError", said)
    assert not [line for line in watch.lines if "empty" in line or "no executable" in line]
    (row,) = [each for each in stage.ask("instances")["instances"] if each["state"] == "playing"]
    assert (row["track"], row["starts"]) == ("edited", 3)


def test_its_synthdefs_are_built_and_heard_while_it_plays(
    stage: LivePlayer, tmp_path: Path, watches: list[Watch]
) -> None:
    folder = tmp_path / "pinging"
    (folder / "synthdefs").mkdir(parents=True)
    (folder / "synthdefs" / "ping.py").write_text(SYNTHDEF.format(times=1))
    work(folder, HEAD + 'jam.a >> s("ping*8").set(freq=440)\njam.run()\n')
    watch = Watch(stage, folder)
    watches.append(watch)
    said = watch.heard("plays as")
    stage.wait_for_notes("pinging", 8, 40)
    before = stage.ask("instance", name="pinging")
    (folder / "synthdefs" / "ping.py").write_text(SYNTHDEF.format(times=2))
    said = watch.heard("its sounds are changed", said)
    stage.wait_for_notes("pinging", 16, 40)
    (folder / "synthdefs" / "ping.py").write_text(SYNTHDEF.format(times="nonsense"))
    watch.heard("ping.py, line 6", said)
    stage.wait_for_notes("pinging", 8, 40)
    found = stage.ask("instance", name="pinging")
    assert (found["pid"], found["starts"], found["denials"]) == (before["pid"], 1, [])
    assert eventually(lambda: stage.peak_db("pinging") > -40)
