"""Scales by name: their degrees in semitones above the root."""

from functools import lru_cache

__all__ = ["SCALES", "scale_degrees", "scale_table"]

# One line per scale: its names and the semitones of its degrees within one octave; names as in Tidal's table.
SCALES = """
major ionian : 0 2 4 5 7 9 11
minor aeolian naturalMinor : 0 2 3 5 7 8 10
dorian : 0 2 3 5 7 9 10
phrygian : 0 1 3 5 7 8 10
lydian : 0 2 4 6 7 9 11
mixolydian : 0 2 4 5 7 9 10
locrian : 0 1 3 5 6 8 10
harmonicMinor : 0 2 3 5 7 8 11
harmonicMajor : 0 2 4 5 7 8 11
melodicMinor : 0 2 3 5 7 9 11
melodicMinorDesc : 0 2 3 5 7 8 10
melodicMajor bartok hindu : 0 2 4 5 7 8 10
minPent minorPentatonic yu : 0 3 5 7 10
majPent majorPentatonic gong : 0 2 4 7 9
ritusen zhi : 0 2 5 7 9
egyptian shang : 0 2 5 7 10
jiao : 0 3 5 8 10
kumai : 0 2 3 7 9
hirajoshi : 0 2 3 7 8
iwato : 0 1 5 6 10
chinese : 0 4 6 7 11
indian : 0 4 5 7 10
pelog : 0 1 3 7 8
prometheus : 0 2 4 6 11
scriabin : 0 1 4 7 9
blues minorBlues : 0 3 5 6 7 10
majorBlues : 0 2 3 4 7 9
whole wholetone messiaen1 : 0 2 4 6 8 10
augmented : 0 3 4 7 8 11
augmented2 : 0 1 4 5 8 9
hexMajor7 : 0 2 4 7 9 11
hexDorian : 0 2 3 5 7 10
hexPhrygian : 0 1 3 5 8 10
hexSus : 0 2 5 7 9 10
hexMajor6 : 0 2 4 5 7 9
hexAeolian : 0 3 5 7 8 10
todi : 0 1 3 6 7 8 11
purvi : 0 1 4 6 7 8 11
marva : 0 1 4 6 7 9 11
bhairav doubleHarmonic : 0 1 4 5 7 8 11
ahirbhairav : 0 1 4 5 7 9 10
superLocrian altered : 0 1 3 4 6 8 10
romanianMinor : 0 2 3 6 7 9 10
hungarianMinor : 0 2 3 6 7 8 11
neapolitanMinor : 0 1 3 5 7 8 11
neapolitanMajor : 0 1 3 5 7 9 11
enigmatic : 0 1 4 6 8 10 11
spanish phrygianDominant : 0 1 4 5 7 8 10
leadingWhole : 0 2 4 6 8 10 11
lydianMinor : 0 2 4 6 7 8 10
lydianDominant : 0 2 4 6 7 9 10
locrianMajor : 0 2 4 5 6 8 10
bebop : 0 2 4 5 7 9 10 11
diminished octatonic messiaen2 : 0 1 3 4 6 7 9 10
diminished2 octatonic2 : 0 2 3 5 6 8 9 11
messiaen3 : 0 2 3 4 6 7 8 10 11
messiaen4 : 0 1 2 5 6 7 8 11
messiaen5 : 0 1 5 6 7 11
messiaen6 : 0 2 4 5 6 8 10 11
messiaen7 : 0 1 2 3 5 6 7 8 9 11
bayati : 0 1.5 3 5 7 8 10
hijaz : 0 1 4 5 7 8.5 10
sikah : 0 1.5 3.5 5.5 7 8.5 10.5
rast : 0 2 3.5 5 7 9 10.5
iraq : 0 1.5 3.5 5 6.5 8.5 10.5
saba : 0 1.5 3 4 6 8 10
chromatic : 0 1 2 3 4 5 6 7 8 9 10 11
"""


@lru_cache(maxsize=1)
def scale_table() -> dict[str, tuple[float, ...]]:
    """Every name of every scale with the semitones of its degrees."""
    table = {}
    for line in SCALES.strip().splitlines():
        names, degrees = line.split(" : ")
        for name in names.split():
            table[name] = tuple(float(degree) for degree in degrees.split())
    return table


def scale_degrees(name: str) -> tuple[float, ...] | None:
    """The semitones of a scale's degrees, or None when the name is unknown."""
    return scale_table().get(name)
