"""What the dispatcher allows, and what it counts."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from marmalade_sc.clock.timetag import UNITS_PER_SECOND

__all__ = ["Counts", "Limits"]

_MS: Final = UNITS_PER_SECOND // 1000


@dataclass(frozen=True, slots=True)
class Limits:
    """What the dispatcher allows; times in timetag units.

    Attributes:
        handover: how long before it is due a bundle goes to scsynth at the earliest. What is still here can be
            replaced, so a change evaluated 100 ms before the bar lands on it.
        pending: bundles that scsynth may hold; it loses those beyond 2,048 without a word.
        tolerance: a bundle this late still plays (and is counted); later notes are dropped.
        exact_margin: how long before it is due an exact voice is created; it waits the rest itself.
        held: notes that may wait here.
        packet: bytes of one bundle; UDP refuses more than 65,507.
        horizon: a note further ahead than this is refused.
        voices: notes that may sound at once; the oldest is ended for one more.
    """

    handover: int = 80 * _MS
    pending: int = 1500
    tolerance: int = 5 * _MS
    exact_margin: int = 20 * _MS
    held: int = 200_000
    packet: int = 60_000
    horizon: int = 3600 * UNITS_PER_SECOND
    voices: int = 2000


@dataclass(slots=True)
class Counts:
    """What happened since the start. A late note is an outcome, not an exception.

    Attributes:
        lead_ms: how many notes left how many whole milliseconds before they were due.
    """

    frames: int = 0
    accepted: int = 0
    sent: int = 0
    packets: int = 0
    late_played: int = 0
    late_dropped: int = 0
    stale: int = 0
    refused: int = 0
    repeated: int = 0
    stolen: int = 0
    full: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    lead_ms: Counter[int] = field(default_factory=Counter)

    def drop(self, notes: int, is_late: bool) -> None:
        """So many are too late to be heard; or, as there was no server then, never could have been."""
        if is_late:
            self.late_dropped += notes
        else:
            self.stale += notes
