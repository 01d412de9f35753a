"""Chords by name: their notes above the root in semitones, and what can be done to them."""

from dataclasses import dataclass
from functools import lru_cache

__all__ = ["CHORDS", "Modifier", "chord_notes", "chord_table", "modified"]

# One line per chord: its names (the first is the one we print) and its notes in semitones above the root.
# Names and notes are those of Tidal's table, so sets can be carried over; dom9, dom11 and dom13 are ours with
# their seventh, and so are the symbols of lead sheets ("^7", "-7", "o7").
CHORDS = """
major maj M : 0 4 7
minor min m - : 0 3 7
aug plus sharp5 + : 0 4 8
diminished dim o : 0 3 6
one 1 : 0
five 5 : 0 7
sus2 : 0 2 7
sus4 sus : 0 5 7
six 6 maj6 : 0 4 7 9
sixNine six9 sixby9 6by9 69 : 0 4 7 9 14
major7 maj7 M7 ^7 ^ : 0 4 7 11
major9 maj9 M9 ^9 : 0 4 7 11 14
major11 maj11 M11 : 0 4 7 11 14 17
major13 maj13 M13 ^13 : 0 4 7 11 14 21
add9 add2 : 0 4 7 14
add11 : 0 4 7 17
add13 : 0 4 7 21
dom7 7 seven : 0 4 7 10
dom9 : 0 4 7 10 14
dom11 : 0 4 7 10 14 17
dom13 : 0 4 7 10 14 21
nine 9 : 0 4 7 10 14
eleven 11 : 0 4 7 10 14 17
thirteen 13 : 0 4 7 10 14 17 21
sevenFlat5 7f5 7b5 : 0 4 6 10
sevenSharp5 7s5 7#5 aug7 : 0 4 8 10
sevenFlat9 7f9 7b9 : 0 4 7 10 13
sevenSharp9 7s9 7#9 : 0 4 7 10 15
sevenFlat10 7f10 : 0 4 7 10 15
sevenFlat13 7b13 7f13 : 0 4 7 10 20
sevenSharp5flat9 7s5f9 7#5b9 : 0 4 8 10 13
sevenSus2 7sus2 : 0 2 7 10
sevenSus4 7sus4 7sus : 0 5 7 10
nineSus4 ninesus4 9sus4 9sus : 0 5 7 10 14
nineSharp5 9sharp5 9s5 : 0 4 8 10 14
elevenSharp 11s 7#11 : 0 4 7 10 14 18
major7sharp11 maj7s11 maj7#11 ^7#11 : 0 4 7 11 18
minorSharp5 msharp5 mS5 : 0 3 8
minor6 min6 m6 -6 : 0 3 7 9
minorSixNine minor69 min69 minSixNine m69 mSixNine m6by9 : 0 3 7 9 14
minor7 min7 m7 -7 : 0 3 7 10
minor9 min9 m9 -9 : 0 3 7 10 14
minor11 min11 m11 -11 : 0 3 7 10 14 17
minor13 min13 m13 -13 : 0 3 7 10 14 17 21
minor7flat5 minor7f5 min7flat5 min7f5 m7flat5 m7f5 m7b5 h7 h : 0 3 6 10
minor7sharp5 minor7s5 min7sharp5 min7s5 m7sharp5 m7s5 : 0 3 8 10
minor7flat9 minor7f9 min7flat9 min7f9 m7flat9 m7f9 m7b9 : 0 3 7 10 13
minor7sharp9 minor7s9 min7sharp9 min7s9 m7sharp9 m7s9 : 0 3 7 10 14
minor7sharp5flat9 m7sharp5flat9 : 0 3 8 10 13
minor9sharp5 minor9s5 min9sharp5 min9s5 m9sharp5 m9s5 : 0 3 8 10 14
minor11sharp m11sharp m11s : 0 3 7 10 14 18
minorMajor7 minMaj7 mmaj7 mM7 -^7 : 0 3 7 11
minorAdd9 madd9 : 0 3 7 14
diminished7 dim7 o7 : 0 3 6 9
"""

OCTAVE = 12


@dataclass(frozen=True, slots=True)
class Modifier:
    """One thing done to a chord: "range" (count notes), "invert" (count times), "open", "drop" (count-th from top)."""

    action: str
    count: int = 1


@lru_cache(maxsize=1)
def chord_table() -> dict[str, tuple[int, ...]]:
    """Every name of every chord with its notes."""
    table = {}
    for line in CHORDS.strip().splitlines():
        names, notes = line.split(" : ")
        for name in names.split():
            table[name] = tuple(int(note) for note in notes.split())
    return table


def chord_notes(name: str) -> tuple[int, ...] | None:
    """The notes of a chord above its root, or None when the name is unknown."""
    return chord_table().get(name)


def modified(notes: tuple[float, ...], modifier: Modifier) -> tuple[float, ...]:
    """The notes after one modifier, as Tidal does it."""
    match modifier.action:
        case "range":
            return tuple(notes[i % len(notes)] + OCTAVE * (i // len(notes)) for i in range(modifier.count) if notes)
        case "invert":
            for _ in range(modifier.count):
                notes = notes[1:] + (notes[0] + OCTAVE,)
            return notes
        case "open" if len(notes) > 2:
            for _ in range(modifier.count):
                notes = (notes[0] - OCTAVE, notes[2] - OCTAVE, notes[1], *notes[3:])
            return notes
        case "drop" if 1 <= modifier.count <= len(notes):
            at = len(notes) - modifier.count
            return (notes[at] - OCTAVE, *notes[:at], *notes[at + 1 :])
    return notes
