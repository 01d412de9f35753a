"""Where a pattern that has a beginning lands, and at which place in itself it goes on. Pure."""

from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction

from marmalade_sc.clock.timeline import Timeline
from marmalade_sc.clock.timetag import UNITS_PER_SECOND
from marmalade_sc.live.book import Version
from marmalade_sc.live.lane import Lane, Placed
from marmalade_sc.live.operations import Grid
from marmalade_sc.live.track import Track
from marmalade_sc.patterns.piece import END

__all__ = ["landing_cycle", "places_of", "put_back", "resumed", "settle"]


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


def places_of(versions: Mapping[str, Version]) -> dict[str, list[str]]:
    """Where the pieces that play had their beginning, as plain data by track; for `put_back` after a crash."""
    found = {}
    for track, version in versions.items():
        lane = version.lane
        if lane is not None and lane.placed is not None:
            began = str(lane.began()) if lane.is_in_seconds else ""
            found[track] = [str(lane.placed.origin), str(lane.placed.gone), began]
    return found


def put_back(versions: Mapping[str, Version], places: object, timeline: Callable[[], Timeline]) -> None:
    """Let pieces that were made anew go on as if they had never stopped. What is no such data changes nothing."""
    for track, place in places.items() if isinstance(places, Mapping) else ():
        version = versions.get(str(track))
        lane = version.lane if version is not None else None
        if lane is None or lane.pattern.piece is None:
            continue
        try:
            origin, gone, began = (str(each) for each in place)
            lane.place_back(Placed(Fraction(origin), Fraction(gone), timeline), int(began) if began else None)
        except (ValueError, TypeError, ZeroDivisionError):
            continue


def resumed(lanes: Iterable[Lane], before: Timeline, after: Timeline) -> None:
    """Tell pieces that count seconds that time stood still, where it goes on with `after`."""
    if before.stops_at() is None or after.stops_at() is not None:
        return
    stood = round((after.segments[-1].time_s - before.segments[-1].time_s) * UNITS_PER_SECOND)
    for lane in set(lanes):
        lane.postpone(stood)


def _within(lane: Lane, place: Placed, cycle: Fraction, timeline: Timeline) -> Fraction:
    """Units of the piece from its beginning to a cycle."""
    if lane.is_in_seconds:
        return Fraction(timeline.timetag(cycle) - lane.began(), UNITS_PER_SECOND)
    return cycle - place.origin + place.gone


def _cycle(lane: Lane, place: Placed, gone: Fraction, timeline: Timeline) -> Fraction:
    if lane.is_in_seconds:
        return timeline.cycle(lane.began() + round(gone * UNITS_PER_SECOND))
    return place.origin - place.gone + gone
