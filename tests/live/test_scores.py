"""Scores by a real scsynth: rendered with every onset on its sample, and played beside what plays already."""

import os
import subprocess
import sys
from fractions import Fraction
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


TONE = '''
"""Half of full scale for as long as it is held: where it begins and ends can be seen."""
from supriya.ugens import DC
from marmalade_sc.synthdefs import held, synthdef
@synthdef()
def tone(sustain):
    return DC.ar(source=0.5) * held(sustain, 0, 0.001)
'''
PURE = '''
"""A sine."""
from supriya.ugens import SinOsc
from marmalade_sc.synthdefs import control, held, synthdef
@synthdef(freq=control(220.0, "Hz", 20, 20000, "pitch"))
def pure(freq, sustain):
    return SinOsc.ar(frequency=freq) * 0.5 * held(sustain, 0.01, 0.01)
'''


def test_notes_begin_and_end_on_their_samples_at_the_pitch_that_is_written(tmp_path: Path) -> None:
    """A length is a control of the voice: a gate would end it with a block of 64 samples."""
    (tmp_path / "defs").mkdir()
    (tmp_path / "defs" / "tick.py").write_text(TICK)
    (tmp_path / "defs" / "tone.py").write_text(TONE)
    (tmp_path / "defs" / "pure.py").write_text(PURE)
    source = (
        "# marmalade: extended\n(tempo! 133.7)\n"
        "tick: (pan 0) (vol 100) r3 [c8 d12 e5 f16. {g a b}4]*20\n"
        "tone: (pan 0) (vol 100) (quant 61.7) [c8 d12 e5 f16. {g a b}4]*8\n"
        "pure: (quant 100) (reference-pitch 442) o4 a1 (cents 50) a (cents 0) (tuning 'just 'a) > c+\n"
    )
    (tmp_path / "score.alda").write_text(source)
    stems, rate = tmp_path / "stems", 44100
    marmalade(
        *("render", tmp_path / "score.alda", "-o", tmp_path / "out.wav", "--stems", stems, "--rate", rate),
        *("--synthdefs", tmp_path / "defs", "--dir", tmp_path / "player"),
    )
    notes = read_score(source, synthdefs=frozenset({"tick", "tone", "pure"})).notes
    ticks = numpy.abs(soundfile.read(stems / "tick.wav", always_2d=True)[0]).max(axis=1)
    placed = [sample_of(round(note.offset_ms * UNITS_PER_SECOND / 1000), rate) for note in notes if note.part == 1]
    assert numpy.nonzero(ticks > 1e-4)[0].tolist() == placed
    tone = numpy.abs(soundfile.read(stems / "tone.wav", always_2d=True)[0]).max(axis=1)
    for note in (note for note in notes if note.part == 2):
        begin = sample_of(round(note.offset_ms * UNITS_PER_SECOND / 1000), rate)
        level = tone[begin + 2]
        end = int(numpy.argmax(tone[begin + 2 :] < level * 0.999)) + 2
        assert abs(end - note.audible_ms / 1000 * rate) <= 1
    pure = soundfile.read(stems / "pure.wav", always_2d=True)[0].sum(axis=1)
    for note, hertz in zip(
        [note for note in notes if note.part == 3], (442, 442 * 2 ** (1 / 24), 442 * 5 / 4), strict=True
    ):
        begin, length = int((note.offset_ms / 1000 + 0.1) * rate), rate
        crossings = numpy.nonzero((pure[begin : begin + length - 1] < 0) & (pure[begin + 1 : begin + length] >= 0))[0]
        found = (len(crossings) - 1) * rate / (crossings[-1] - crossings[0])
        assert abs(found - hertz) < 0.5


def test_parts_get_tracks_and_lines_are_heard(shared_player: LivePlayer) -> None:
    shared_player.evaluate('song = score("marimba \\"mb\\": o5 [c8 d]*4 flute \\"fl\\": o4 [e4 f]*2")\nsong.play()')
    steps = {"mb": 8, "fl": 4}
    for track, count in steps.items():
        notes = shared_player.wait_for_notes(track, 8)
        timeline = shared_player.timeline()
        assert all(
            (timeline.cycle(when) * count) % 1 < 1e-6 or (timeline.cycle(when) * count) % 1 > 1 - 1e-6 for when in notes
        )
    shared_player.evaluate("song.stop()")
    shared_player.evaluate('alda("xylophone \\"xy\\": o5 c8 d e f")')
    first = shared_player.wait_for_notes("xy", 4)
    shared_player.evaluate('alda("g16 a")')
    notes = shared_player.wait_for_notes("xy", 2)
    bar = shared_player.timeline().cycle_s(shared_player.timeline().cycle(notes[-1]))
    gaps = [
        round((later - before) / UNITS_PER_SECOND / bar * 16) for before, later in zip(notes, notes[1:], strict=False)
    ]
    assert gaps[:3] == [2, 2, 2]
    assert gaps[-1] == 1
    assert len(notes) == len(first) + 2


@pytest.mark.parametrize("name", ["generation", "live"])
def test_a_score_goes_on_where_it_was_after_a_crash(player: LivePlayer, name: str) -> None:
    """It sounds in the first of its four bars only: after a crash still in the same ones."""
    track = player.track()
    player.evaluate(f'{track} >> score("marimba: [c8 d]*4 | r1 | r | r")')
    player.wait_for_notes(track, 4)
    player.kill(name)
    player.wait_for_notes(track, 12, 40)
    timeline = player.timeline()
    bars = {int(timeline.cycle(when) + Fraction(1, 1000)) % 4 for when in player.notes(track)}
    assert len(bars) == 1
