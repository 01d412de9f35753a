"""The bars that players share: tempo and phase of one of them, and what another must change to fall in with it. Pure.

Players agree on tempo and on where bars begin, not on their numbers: each counts from where its own session began.
"""

import json
import math
import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from marmalade_sc.clock.offsets import Offset
from marmalade_sc.clock.timeline import Timeline
from marmalade_sc.clock.timetag import units_to_seconds
from marmalade_sc.peers.refusals import refused

__all__ = ["TIMELINE", "Correction", "SharedGrid", "correction", "grid_of", "read_grid"]

TIMELINE: Final = "timeline"
"""The register's name."""
_BEATS: Final = re.compile(r"[0-9]{1,4}(/[1-9][0-9]{0,3})?")
_WORTH_S: Final = 0.0003
"""Less than this is not worth a change: two hands on one table differ by ten times as much."""
_LARGEST_NUDGE_S: Final = 0.5


@dataclass(frozen=True, slots=True)
class SharedGrid:
    """A law of bars from the moment `at` on, where one begins.

    Attributes:
        at: jam time of who wrote it, in units of 2**-32 s.
        bpm: beats per minute.
        beats: in a bar.
    """

    at: int
    bpm: float
    beats: Fraction

    @property
    def bar_s(self) -> float:
        """Length of a bar in seconds."""
        return float(self.beats) * 60 / self.bpm

    def to_bytes(self) -> bytes:
        """As a register's value."""
        return json.dumps({"at": self.at, "beats": str(self.beats), "bpm": self.bpm}, sort_keys=True).encode()


def read_grid(data: bytes) -> SharedGrid:
    """The grid that a register holds. Raises PeerError for what is none."""
    try:
        found = json.loads(data)
        at, bpm, text = found["at"], found["bpm"], found["beats"]
        if not isinstance(at, int) or isinstance(bpm, bool) or not isinstance(bpm, int | float):
            raise ValueError
        if not isinstance(text, str) or not _BEATS.fullmatch(text):  # a Fraction reads 1e999999999, and never ends
            raise ValueError
        beats = Fraction(text)
        if not (0 <= at < 1 << 64 and 1 <= bpm <= 1000 and Fraction(1, 4) <= beats <= 64):
            raise ValueError
    except (ValueError, KeyError, TypeError, ZeroDivisionError, RecursionError):
        raise refused("malformed", "a timeline that cannot be") from None
    return SharedGrid(at, float(bpm), beats)


def grid_of(timeline: Timeline, now: int) -> SharedGrid:
    """The law that a timeline follows in the end: its last change, though that may be a bar ahead."""
    cycle = math.floor(max(timeline.cycle(now), timeline.segments[-1].cycle)) + 1
    bar = Fraction(cycle)
    return SharedGrid(timeline.timetag(bar), timeline.bpm(bar), timeline.beats_per_cycle(bar))


@dataclass(frozen=True, slots=True)
class Correction:
    """What to do: another tempo, or everything later by `nudge_s` (negative: earlier). Neither where all is well."""

    bpm: float | None = None
    nudge_s: float = 0.0


def correction(grid: SharedGrid, offset: Offset | None, since: int, timeline: Timeline, now: int) -> Correction:
    """What a player must change to fall in with a grid.

    Args:
        offset: of the grid's writer: its clock minus ours, in seconds since jam time `since`; None where that is not
            known: then only its tempo is taken.
    """
    own = grid_of(timeline, now)
    if not math.isclose(own.bpm, grid.bpm, rel_tol=1e-9):
        return Correction(bpm=grid.bpm)
    if offset is None or now < timeline.timetag(timeline.segments[-1].cycle):
        return Correction()  # a tempo that is still to come is waited for
    theirs = units_to_seconds(grid.at - since)
    begins = offset.ours(theirs)
    period = grid.bar_s if own.beats == grid.beats else 60 / grid.bpm
    off = (begins - units_to_seconds(own.at - since)) % period
    off = off - period if off > period / 2 else off
    if abs(off) <= max(_WORTH_S, offset.uncertainty_s / 2):
        return Correction()
    return Correction(nudge_s=max(-_LARGEST_NUDGE_S, min(_LARGEST_NUDGE_S, off)))
