"""The bars of a session that was killed, gone on with by the next one. Pure, but for `boot`.

Other players' bars went on meanwhile. Who begins bars of its own is up to half a bar beside them until their clocks are
known again, and where the jam's tempo was this player's, all would follow its setting. The monotonic clock goes on as
long as the machine runs, so between two sessions of one boot nothing has to be asked.
"""

from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Final

from marmalade_sc.clock.timeline import Timeline
from marmalade_sc.errors import TimelineError

__all__ = ["boot", "resumed"]

_BOOT: Final = Path("/proc/sys/kernel/random/boot_id")


def boot() -> str:
    """What tells this boot of the machine from others; "" where the system does not say."""
    try:
        return _BOOT.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return ""


def resumed(row: Mapping[str, object], this_boot: str, origin: int, now: int) -> Timeline | None:
    """Bars in the phase, tempo and meter of those that a record of the state has; bar 0 is the one that runs.

    Args:
        row: `timeline`, `origin` and `boot` as an earlier session wrote them; it wrote no boot when it ended in order.
        origin: the constant of jam time now.
        now: jam time in units.

    Returns:
        None where it cannot go on: another boot, bars that nobody had counted or that stood still, no such record.
    """
    try:
        if not this_boot or row.get("boot") != this_boot or not isinstance(row["timeline"], Mapping):
            return None
        before, shift = Timeline.from_json(row["timeline"]), origin - int(str(row["origin"]))
    except (TimelineError, KeyError, TypeError, ValueError):
        return None
    then = now - shift
    if not before.counts or not before.is_playing(then) or before.stops_at() is not None:
        return None
    last = before.segments[-1].cycle
    first = Fraction(-(-last.numerator // last.denominator))
    period_s, beats = before.period_s(first), before.beats_per_cycle(first)
    begin = before.timetag(first)
    bars = (then - begin) // max(1, before.timetag(first + 1) - begin)
    # Behind the last change each bar is where it has it, to the unit; before it the same law is drawn backwards.
    at = before.timetag(first + bars) if bars >= 0 else begin + bars * (before.timetag(first + 1) - begin)
    return Timeline.steady(Fraction(60) / period_s, at + shift, beats).counted()
