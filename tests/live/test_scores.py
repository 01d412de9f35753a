"""Scores by a real scsynth: rendered with every onset on its sample, and played beside what plays already."""

import os
import subprocess
import sys
from pathlib import Path

import numpy
import pytest
import soundfile

from marmalade_sc.clock.timetag import UNITS_PER_SECOND
from marmalade_sc.engine.score import sample_of
from marmalade_sc.scores import read_score
from tests.live.players import LivePlayer

pytestmark = pytest.mark.live

TICK = '''
"""One sample, as loud as it is asked to be."""
from supriya.ugens import Impulse
from marmalade_sc.synthdefs import percussive, synthdef
@synthdef()
def tick():
    return Impulse.ar(frequency=0) * percussive(0, 0.01)
'''


def marmalade(*arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    done = subprocess.run(
        [sys.executable, "-P", "-m", "marmalade_sc", "score", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env=os.environ,
    )
    assert done.returncode == 0, done.stderr
    return done


def test_every_onset_of_a_rendered_score_is_on_its_sample(tmp_path: Path) -> None:
    (tmp_path / "defs").mkdir()
    (tmp_path / "defs" / "tick.py").write_text(TICK)
    source = "(tempo! 133.7) tick: (pan 0) (vol 100) r3 [c8 d12 e5 f16. {g a b}4]*60"
    (tmp_path / "score.alda").write_text(source)
    out, stems = tmp_path / "out.wav", tmp_path / "stems"
    marmalade(
        *("render", tmp_path / "score.alda", "-o", out, "--stems", stems, "--rate", "44100"),
        *("--synthdefs", tmp_path / "defs", "--dir", tmp_path / "player"),
    )
    samples, rate = soundfile.read(stems / "tick.wav", always_2d=True)
    found = numpy.nonzero(numpy.abs(samples).max(axis=1) > 1e-4)[0]
    notes = read_score(source, synthdefs=frozenset({"tick"})).notes
    expected = [sample_of(round(note.offset_ms * UNITS_PER_SECOND / 1000), rate) for note in notes]
    assert found.tolist() == expected


def test_a_score_plays_beside_what_plays(shared_player: LivePlayer, tmp_path: Path) -> None:
    """In the player that runs, which goes on afterwards; twice, for the tracks are the same."""
    file = tmp_path / "score.alda"
    source = "(tempo! 240) marimba: c8 d e f g a b > c"
    file.write_text(source)
    offsets = [round(note.offset_ms) for note in read_score(source).notes]
    for times in (1, 2):
        marmalade("play", file, "--dir", shared_player.places.root)
        notes = shared_player.wait_for_notes("marimba", 0)
        assert len(notes) == times * len(offsets)
        latest = notes[-len(offsets) :]
        assert [round((when - latest[0]) * 1000 / UNITS_PER_SECOND) for when in latest] == offsets
    assert shared_player.is_up()


def test_a_score_is_a_pattern_in_the_shell(shared_player: LivePlayer) -> None:
    """It lands at a bar, on the jam's tempo, and goes on."""
    track = shared_player.track()
    shared_player.evaluate(f'{track} >> score("marimba: o4 [c8 d]*4")')
    notes = shared_player.wait_for_notes(track, 12)
    steps = {round((later - before) * 1000 / UNITS_PER_SECOND) for before, later in zip(notes, notes[1:], strict=False)}
    timeline = shared_player.timeline()
    assert steps == {round(timeline.cycle_s(timeline.cycle(notes[-1])) * 1000 / 8)}
    shared_player.evaluate(f"{track}.stop()")
