"""Steps as the views show them: when each note is due, how long and high it is, and which characters made it.

Made only while somebody looks. A note comes again in each cycle, so all of a step but its time is written once and
kept with the note; 50 tracks cost the process that plays some 0.1 % of a core.
"""

import json
import math
import struct

from marmalade_sc.clock.timetag import UNITS_PER_SECOND
from marmalade_sc.live.lane import Ready
from marmalade_sc.live.places import stands

__all__ = ["step_words", "steps_line"]


def step_words(note: Ready, track: str) -> str:
    """The step of a note without its time, as JSON behind a comma: track, length, pitch, places.

    Length in units of jam time; the pitch as a MIDI number, null where there is none; a place is [block, line, column,
    characters], lines and columns from 1, in its file as it is now.
    """
    if not note.told:
        index = note.instrument.index
        length_s = (_value(note, index["sustain"]) if "sustain" in index else 0.0) or note.length_s
        frequency = _value(note, index["freq"]) if "freq" in index else 0.0
        midi = round(69 + 12 * math.log2(frequency / 440), 2) if frequency > 0 else None
        found = [stands(place) for place in note.places if place.literal]
        places = [place for place in found if place is not None]
        length = round(min(length_s, 3600.0) * UNITS_PER_SECOND)
        note.told = "," + json.dumps([track, length, midi, places], separators=(",", ":"))[1:]
    return note.told


def steps_line(steps: list[str]) -> bytes:
    """An event of the generation, as a line, of what `step_words` and times gave."""
    return b'{"event":"steps","steps":[' + ",".join(steps).encode() + b"]}\n"


def _value(note: Ready, place: int) -> float:
    return float(struct.unpack_from(">f", note.values, 4 * place)[0])
