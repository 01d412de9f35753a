"""A note that sounds: what a part played, when, how long and how loud."""

from typing import NamedTuple

from marmalade_sc.scores.keys import SEMITONES
from marmalade_sc.scores.parts import Part
from marmalade_sc.scores.tree import Note

__all__ = ["Sounding", "midi_note"]


class Sounding(NamedTuple):
    """A note that sounds. Times are milliseconds; volumes and panning are 0 to 1; `channel` -1 is none."""

    part: int
    offset_ms: float
    duration_ms: float
    audible_ms: float
    midi: float
    """A whole number in Alda; with extensions it may lie between two."""
    volume: float
    track_volume: float
    panning: float
    channel: int
    reference_pitch: float
    """Hz of a4."""


def midi_note(note: Note, part: Part) -> float:
    """The MIDI note of a part's note, wrapped to 32 bits as Alda's is."""
    base: float
    if note.letter is None:
        base = note.midi or 0
    else:
        accidentals = part.key.get(note.letter, 0) if note.accidentals is None else note.accidentals
        base = (part.octave + 1) * 12 + SEMITONES[note.letter] + accidentals
    midi = base + part.transposition
    return midi if isinstance(midi, float) else (midi + 2**31) % 2**32 - 2**31
