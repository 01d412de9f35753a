"""What operations on time make of a timeline, and when they land. Pure."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from marmalade_sc.clock.timeline import Timeline
from marmalade_sc.clock.timetag import UNITS_PER_SECOND
from marmalade_sc.live.operations import Count, Meter, Nudge, Ramp, Tempo, Transport

__all__ = ["MS", "Landing", "Timing", "begun", "changed"]

MS: Final = UNITS_PER_SECOND // 1000


@dataclass(frozen=True, slots=True)
class Timing:
    """How far ahead things are done, in timetag units.

    Attributes:
        lookahead: between now and the begin of the frame that is made.
        frame: length of a frame.
        settled: what is due sooner than this may have been handed to scsynth; changes land behind it.
    """

    lookahead: int = 100 * MS
    frame: int = 25 * MS
    settled: int = 85 * MS


@dataclass(frozen=True, slots=True)
class Landing:
    """When an operation takes effect: "d1 at bar 17"."""

    what: str
    cycle: Fraction


def begun(timeline: Timeline, now: int, within: int) -> Timeline:
    """A timeline whose cycle 0 begins `within` from now, at the tempo that was asked for.

    Itself where it stands (it begins when time goes on), and where others count its bars already: generators of this
    player and other players would be thrown out of theirs.
    """
    if timeline.counts or not timeline.is_playing(now) or timeline.stops_at() is not None:
        return timeline
    last = timeline.segments[-1]  # a tempo that was asked for and has not come yet is the one to begin with
    cycle = max(timeline.cycle(now), last.cycle, Fraction(0))
    steady = Timeline.steady(Fraction(60) / timeline.period_s(cycle), now + within, timeline.beats_per_cycle(cycle))
    return Timeline(steady.segments, timeline.revision + 1, counts=True)


def changed(
    timeline: Timeline,
    operation: Tempo | Ramp | Meter | Nudge | Transport | Count,
    earliest: Fraction,
    now: int,
    settled: int,
    cursor: Fraction,
) -> tuple[Timeline, Landing]:
    """The timeline after an operation, and where that begins.

    Args:
        earliest: cycle before which nothing lands.
        settled: see `Timing`; `cursor`: cycle up to which notes were made.
    """
    if isinstance(operation, Tempo):
        at = operation.grid.next(earliest)
        return timeline.with_tempo(operation.bpm, at), Landing(f"{operation.bpm:g} bpm", at)
    if isinstance(operation, Ramp):
        at = operation.grid.next(earliest)
        ramped = timeline.with_ramp(operation.bpm, at, operation.cycles)
        return ramped, Landing(f"ramp to {operation.bpm:g} bpm", at)
    if isinstance(operation, Meter):
        at = Fraction(-(-earliest.numerator // earliest.denominator))
        return timeline.with_meter(operation.beats, at), Landing(f"{operation.beats} beats per bar", at)
    if isinstance(operation, Count):
        return timeline.counted(), Landing("bars count", timeline.cycle(now))
    if isinstance(operation, Nudge):
        # Where it pulls forward it begins so much later, and what is due in between is crowded, not lost.
        forward = round(max(0.0, -operation.seconds_s) * UNITS_PER_SECOND)
        at = timeline.cycle(now + forward + settled)
        return timeline.nudged(operation.seconds_s, at), Landing(f"nudge by {operation.seconds_s:+g} s", at)
    then = now + settled
    if operation.playing:
        moved = timeline.started(then)
    elif operation.at is not None and operation.at > cursor:
        then = timeline.timetag(operation.at)
        moved = timeline.stopped(then)
    else:  # behind what was made already (one unit, for rounding), so that nothing has to be called back
        then = max(then, timeline.timetag(cursor) + 1)
        moved = timeline.stopped(then)
    return moved, Landing("play" if operation.playing else "pause", moved.cycle(then))
