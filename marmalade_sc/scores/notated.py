"""A score as it would be written on staves: beginnings and lengths in beats, on a grid, without articulation."""

import math
from fractions import Fraction
from typing import Final

from marmalade_sc.scores.midi import TickMap
from marmalade_sc.scores.midiread import MidiNote, MidiPart, MidiScore
from marmalade_sc.scores.playing import track_names
from marmalade_sc.scores.score import Score

__all__ = ["notated"]

_BAR: Final = Fraction(4)
_SHORTEST: Final = Fraction(1, 8)
_PLACES: Final = (*(Fraction(n, 8) for n in range(9)), *(Fraction(n, 6) for n in (1, 2, 4, 5)))


def notated(score: Score) -> MidiScore:
    """The notes of a score with the lengths that are written. What lies between two keys is the nearer one."""
    ticks = TickMap(score.tempos)
    names = track_names(score)
    parts = []
    for part in score.parts:
        notes = []
        for note in score.notes:
            if note.part == part.number:
                begin, end = _grid(ticks.beat(note.offset_ms)), _grid(ticks.beat(note.offset_ms + note.duration_ms))
                key = min(127, max(0, round(note.midi)))
                length = max(_SHORTEST, end - begin)
                notes.append(MidiNote(max(Fraction(0), begin), length, key, round(note.volume * 127), 100, 64))
        if notes:
            program = None if part.instrument.is_percussion else part.instrument.program or 0
            parts.append(MidiPart(program, names[part.number], notes))
    tempos = {_grid(ticks.beat(at_ms)): round(60e6 / bpm) for at_ms, bpm in sorted(score.tempos.items()) if bpm > 0}
    markers = tuple((_grid(ticks.beat(at_ms)), name) for name, at_ms in score.markers.items())
    return MidiScore(tuple(parts), {Fraction(0): 500_000, **tempos}, tuple(sorted(markers)), _BAR)


def _grid(beats: float) -> Fraction:
    """The nearest 32nd, or third or sixth of a beat: what lies elsewhere nobody could read."""
    whole = math.floor(beats)
    return whole + min(_PLACES, key=lambda place: abs(float(place) - (beats - whole)))
