"""Where a generation stands, as plain data: what the next one needs to play on without a gap or a double hit.

The next one is a copy from before: it has every lane, for new ones come with evaluations and those are its own. So a
lane travels as its number, the book as what keys have asked since, and of tracks those that have changed.
"""

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from marmalade_sc.clock.timeline import Timeline
from marmalade_sc.live import operations
from marmalade_sc.live.lane import Lane
from marmalade_sc.live.operations import Remembered
from marmalade_sc.live.scheduler import Scheduler
from marmalade_sc.live.track import Track

__all__ = ["Mark", "adopt", "mark_of", "position_of"]

_KINDS: Final = ("Hush", "SetMix", "Only", "Undo", "Redo", "SaveScene", "DropScene", "Recall", "NextScene")

_State = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Mark:
    """What a scheduler was when a copy of it was made: what has not changed since need not travel to the copy."""

    timeline: Timeline
    tracks: Mapping[str, _State]


def mark_of(scheduler: Scheduler) -> Mark:
    """Remember what it is now. 0.1 ms with 50 tracks, where their whole position takes 1.3."""
    return Mark(scheduler.timeline, {name: _state(track) for name, track in scheduler.tracks.items()})


def position_of(scheduler: Scheduler, mark: Mark | None = None) -> dict[str, object]:
    """The scheduler's place in the music, between two frames.

    Args:
        mark: from when the copy that is to adopt it was made; only for that one.
    """
    now = {name: _state(track) for name, track in scheduler.tracks.items()}
    before = mark.tracks if mark is not None else {}
    is_same = mark is not None and mark.timeline is scheduler.timeline
    return {
        "cursor": str(scheduler.cursor),
        "seq": scheduler.seq,
        "nodes": scheduler.nodes,
        "lanes": scheduler.lanes,
        "timeline": None if is_same else scheduler.timeline.to_json(),
        # Pieces that count seconds are moved where time goes on, and only there.
        "began": [] if is_same else [[each.number, each.fixed] for each in _lanes(scheduler) if each.fixed is not None],
        "deed": scheduler.book.deed,
        "journal": [_written(*each) for each in scheduler.book.journal],
        "faults": scheduler.faults.to_json(),
        "tracks": {
            name: {
                "epoch": track.epoch,
                "playing": track.playing,
                "announced": track.announced,
                "lane": _number(track.lane),
                "last_good": _number(track.last_good),
                "coming": [[str(at), epoch, _number(lane)] for at, epoch, lane in track.coming],
                "mix": track.mix,
                "failed": list(track.failed),
                "is_stopped": track.is_stopped,
            }
            for name, track in scheduler.tracks.items()
            if now[name] != before.get(name)
        },
    }


def _state(track: Track) -> _State:
    """All of a track that a position tells."""
    coming = tuple((at, epoch, _number(lane)) for at, epoch, lane in track.coming)
    lanes = (_number(track.lane), _number(track.last_good))
    numbers = (track.epoch, track.playing, track.announced, track.failed, track.is_stopped)
    return (numbers, lanes, coming, dict(track.mix))


def adopt(scheduler: Scheduler, position: Mapping[str, object]) -> None:
    """Bring a scheduler, a copy from before some frames were made, to the position of the one that made them.

    Raises:
        KeyError, TypeError, ValueError, TimelineError: `position` is not what `position_of` gives.
    """
    timeline, tracks, journal, faults, began = (
        position[name] for name in ("timeline", "tracks", "journal", "faults", "began")
    )
    assert isinstance(tracks, dict)
    assert isinstance(journal, list)
    assert isinstance(faults, dict)
    assert isinstance(began, list)
    scheduler.forget_unsent()
    if timeline is not None:
        assert isinstance(timeline, dict)
        scheduler.timeline = Timeline.from_json(timeline)
    scheduler.cursor = Fraction(str(position["cursor"]))
    scheduler.seq = int(str(position["seq"]))
    scheduler.nodes = int(str(position["nodes"]))
    scheduler.lanes = int(str(position["lanes"]))
    known: dict[int, Lane] = {}
    if tracks or began:
        known = {lane.number: lane for lane in _lanes(scheduler)}
    for number, units in began:
        if number in known:
            known[number].fix(int(units))
    for name, there in tracks.items():
        track = scheduler.track(name)
        track.epoch, track.playing, track.announced = there["epoch"], there["playing"], there["announced"]
        track.lane, track.last_good = known.get(there["lane"]), known.get(there["last_good"])
        track.coming = [(Fraction(at), epoch, known.get(lane)) for at, epoch, lane in there["coming"]]
        track.mix = dict(there["mix"])
        track.failed, track.is_stopped = tuple(there["failed"]), there["is_stopped"]
    scheduler.book.catch_up([_read(row) for row in journal], int(str(position["deed"])))
    scheduler.faults.adopt(faults)


def _lanes(scheduler: Scheduler) -> list[Lane]:
    """All that can be named by their numbers: what plays and will, and what the book goes back to."""
    return [*scheduler.book.lanes().values(), *(lane for track in scheduler.tracks.values() for lane in track.lanes())]


def _number(lane: Lane | None) -> int:
    return lane.number if lane is not None else 0


def _written(deed: int, operation: Remembered) -> list[object]:
    """A deed's operation as plain data, without its grid: the book does not ask when."""
    fields = {each.name: getattr(operation, each.name) for each in dataclasses.fields(operation) if each.name != "grid"}
    return [deed, type(operation).__name__, {name: _plain(value) for name, value in fields.items()}]


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    return list(value) if isinstance(value, tuple) else value


def _read(row: Iterable[object]) -> tuple[int, Remembered]:
    deed, kind, fields = row
    if kind not in _KINDS or not isinstance(fields, dict):
        raise ValueError(f"{kind!r} is no operation of a journal")
    values = {name: tuple(value) if isinstance(value, list) else value for name, value in fields.items()}
    return int(str(deed)), getattr(operations, str(kind))(**values)
