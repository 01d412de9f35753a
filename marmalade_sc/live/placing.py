"""Where a pattern that has a beginning lands, and at which place in itself it goes on. Pure."""

from collections.abc import Callable
from fractions import Fraction

from marmalade_sc.clock.timeline import Timeline
from marmalade_sc.clock.timetag import UNITS_PER_SECOND
from marmalade_sc.live.lane import Lane, Placed
from marmalade_sc.live.operations import Grid
from marmalade_sc.live.track import Track
from marmalade_sc.patterns.piece import END

__all__ = ["landing_cycle", "settle"]


def landing_cycle(grid: Grid, track: Track, earliest: Fraction, timeline: Timeline) -> Fraction:
    """The first cycle not before `earliest` at which a change may land.

    A grid with a mark waits until what plays comes to it; where nothing that has the mark plays, for the next bar.
    """
    stands = track.standing(earliest)
    if not grid.mark or stands is None or stands.placed is None or stands.pattern.piece is None:
        return grid.next(earliest)
    reached = stands.pattern.piece.next(grid.mark, _within(stands, stands.placed, earliest, timeline))
    return grid.next(earliest) if reached is None else max(earliest, _cycle(stands, stands.placed, reached, timeline))


def settle(lane: Lane, track: Track, at: Fraction, grid: Grid, timeline: Callable[[], Timeline]) -> None:
    """Give a lane that lands on a track at cycle `at` its beginning, where its pattern has one and it has none yet.

    Another version of what plays goes on where that is; one that lands at a mark goes on at its own mark.
    """
    piece, now = lane.pattern.piece, timeline()
    if piece is None or lane.placed is not None:
        return
    stands = track.standing(at)
    gone = Fraction(0)
    if stands is not None and stands.placed is not None and grid.mark != END and not piece.begins_anew:
        before = stands.pattern.piece
        if before is not None and before.key == piece.key:
            gone = before.within(_within(stands, stands.placed, at, now))
            gone = piece.marks.get(grid.mark, gone) if grid.mark else gone
    lane.place(Placed(at, gone, timeline))


def _within(lane: Lane, place: Placed, cycle: Fraction, timeline: Timeline) -> Fraction:
    """Units of the piece from its beginning to a cycle."""
    if lane.is_in_seconds:
        return Fraction(timeline.timetag(cycle) - lane.began(), UNITS_PER_SECOND)
    return cycle - place.origin + place.gone


def _cycle(lane: Lane, place: Placed, gone: Fraction, timeline: Timeline) -> Fraction:
    if lane.is_in_seconds:
        return timeline.cycle(lane.began() + round(gone * UNITS_PER_SECOND))
    return place.origin - place.gone + gone
