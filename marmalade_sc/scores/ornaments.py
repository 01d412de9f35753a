"""Ornaments: one written note as several that sound."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

__all__ = ["MOST", "ORNAMENTS", "Ornament", "ornamented"]

MOST: Final = 256
"""Notes that one ornament makes at most."""
_GRACE_MS: Final = 80.0
_MORDENT_MS: Final = 70.0

ORNAMENTS: Final = ("trill", "mordent", "inverted-mordent", "turn", "grace", "tremolo")


@dataclass(frozen=True, slots=True)
class Ornament:
    """What is to be played around the next note.

    Attributes:
        kind: one of ORNAMENTS.
        beats: how long each of its notes lasts (trill, tremolo).
        steps: semitones from the note: of its neighbour (empty: the next note of the key), or of each grace note.
    """

    kind: str
    beats: float = 0.125
    steps: tuple[float, ...] = ()


def ornamented(
    ornament: Ornament, duration_ms: float, beat_ms: float, above: float, below: float
) -> Iterator[tuple[float, float, float]]:
    """(milliseconds after the note's beginning, milliseconds, semitones from the note), in order, until its end.

    Args:
        above, below: semitones to the neighbours in the key; the second is negative.
    """
    above = ornament.steps[0] if ornament.steps else above
    below = ornament.steps[0] if ornament.steps else below
    if ornament.kind in ("trill", "tremolo"):
        each_ms = max(ornament.beats * beat_ms, duration_ms / MOST)
        count = max(1, round(duration_ms / each_ms))
        each_ms = duration_ms / count
        for index in range(count):
            yield index * each_ms, each_ms, above if ornament.kind == "trill" and index % 2 else 0.0
        return
    pitches: tuple[float, ...]
    if ornament.kind == "grace":
        pitches, each_ms = ornament.steps or (-1.0,), _GRACE_MS
    elif ornament.kind == "turn":
        pitches, each_ms = (above, 0.0, below if not ornament.steps else -above), duration_ms / 4
    else:
        pitches, each_ms = (0.0, below if ornament.kind == "mordent" else above), _MORDENT_MS
    each_ms = min(each_ms, duration_ms / (2 * len(pitches))) if ornament.kind != "turn" else each_ms
    for index, semitones in enumerate(pitches):
        yield index * each_ms, each_ms, semitones
    gone_ms = len(pitches) * each_ms
    yield gone_ms, duration_ms - gone_ms, 0.0
