"""What the shell knows of the player: fed by answers and events, read by the status bar and the views. No I/O."""

import contextlib
import math
from array import array
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Final

from marmalade_sc.clock.timeline import Timeline
from marmalade_sc.clock.timetag import UNITS_PER_SECOND
from marmalade_sc.errors import TimelineError

__all__ = ["Board", "Place", "Scope", "Step", "sounding"]

_KEPT: Final = 20 * UNITS_PER_SECOND
"""Steps older than this are in no view."""
_MOST_STEPS: Final = 20_000
_LONGEST_SHOWN: Final = 8 * UNITS_PER_SECOND
"""A step of a drone is lit no longer than this: further back nobody looks for steps that sound."""
_SHORTEST_SHOWN: Final = UNITS_PER_SECOND // 8
"""A hi-hat is over before an eye has seen it."""
_MOST_SAMPLES: Final = 1 << 14


@dataclass(frozen=True, slots=True)
class Place:
    """Characters of an evaluated block, lines and columns from 1."""

    source: str
    line: int
    column: int
    chars: int


@dataclass(frozen=True, slots=True)
class Step:
    """A note on its way to the ear.

    Attributes:
        due, length: in jam-time units.
        midi: its pitch as a note number, 60 is middle C; None for one without.
        places: the characters that made it.
    """

    due: int
    track: str
    length: int
    midi: float | None
    places: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class Scope:
    """The latest samples of the master, -1 to 1, at `rate` a second."""

    rate: float = 48000.0
    left: "array[float]" = field(default_factory=lambda: array("d"))
    right: "array[float]" = field(default_factory=lambda: array("d"))


@dataclass(slots=True)
class Board:
    """See the module. Whatever a player says that does not fit leaves the board as it was.

    Attributes:
        players, plays: who is there, this player first, and what each of the others plays.
        origin: jam time less the monotonic clock, in units.
        levels: peaks in dBFS, left and right, by track; "master" is what is heard.
        steps: notes made lately, in the order in which they were made.
        told: how many steps were ever heard of.
        latency: units between a note's time and the ear, as far as the player knows.
        evaluating: how many evaluations of this shell are not finished.
        recording_s: seconds since the recording began, None without one.
        hosted: strips into which generators play.
    """

    jam: str = ""
    origin: int = 0
    timeline: Timeline | None = None
    engine: Mapping[str, object] = field(default_factory=dict)
    failed: tuple[str, ...] = ()
    tracks: Mapping[str, object] = field(default_factory=dict)
    players: tuple[str, ...] = ()
    plays: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    levels: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    steps: deque[Step] = field(default_factory=lambda: deque(maxlen=_MOST_STEPS))
    told: int = 0
    scope: Scope = field(default_factory=Scope)
    latency: int = 0
    recording_s: float | None = None
    hosted: tuple[str, ...] = ()
    evaluating: int = 0
    is_gone: bool = False

    def hear(self, event: Mapping[str, object]) -> None:
        """Take in an event of the control protocol (docs/control.md); a status without `event` too."""
        kind = event.get("event", "status")
        if kind == "status":
            self._hear_status(event)
        elif kind == "steps":
            self._hear_steps(event.get("steps"))
        elif kind == "levels":
            self._hear_levels(event.get("levels"))
        elif kind == "scope":
            left, right = _samples(event.get("left")), _samples(event.get("right"))
            rate = _number(event.get("rate"), 48000.0)
            if left and rate > 0:
                self.scope = Scope(rate, left, right or left)

    def track_names(self) -> list[str]:
        """The tracks in the order in which they are shown and counted."""
        return sorted(self.tracks)

    def _hear_status(self, status: Mapping[str, object]) -> None:
        self.jam = str(status.get("jam", self.jam))
        origin, timeline, engine = status.get("origin"), status.get("timeline"), status.get("engine")
        if isinstance(origin, int):
            self.origin = origin
        if isinstance(timeline, Mapping):
            try:
                if self.timeline is None or timeline.get("revision") != self.timeline.revision:
                    self.timeline = Timeline.from_json(timeline)
            except TimelineError:
                self.timeline = None
        if isinstance(engine, Mapping):
            self.engine = engine
            latency_s = _number(engine.get("latency_ms"), 0.0) / 1000
            self.latency = round(min(max(latency_s, 0.0), 2.0) * UNITS_PER_SECOND)
        processes = status.get("processes")
        if isinstance(processes, list):
            rows = [each for each in processes if isinstance(each, Mapping)]
            self.failed = tuple(str(p.get("name")) for p in rows if p.get("state") not in ("running", "starting"))
        players = status.get("players")
        if isinstance(players, list):
            rows = [each if isinstance(each, Mapping) else {"id": each} for each in players]
            here = [each for each in rows if each.get("is_own") or each.get("state", "here") in ("here", "doubted")]
            self.players = tuple(str(each.get("name", each.get("id", "?"))) for each in here)
            self.plays = {
                name: tuple(map(str, names))
                for name, each in zip(self.players, here, strict=True)
                if isinstance(names := each.get("plays"), list) and names and not each.get("is_own")
            }
        hosted = status.get("hosted")
        if isinstance(hosted, list):
            self.hosted = tuple(map(str, hosted))
        if "recording_s" in status:
            seconds = status["recording_s"]
            self.recording_s = _number(seconds, 0.0) if seconds is not None else None

    def _hear_steps(self, rows: object) -> None:
        for row in rows if isinstance(rows, list) else ():
            step = _step(row)
            if step is not None:
                self.steps.append(step)
                self.told += 1
        if self.steps:
            oldest = self.steps[-1].due - _KEPT
            while self.steps[0].due < oldest:
                self.steps.popleft()

    def _hear_levels(self, levels: object) -> None:
        if isinstance(levels, Mapping):
            self.levels = {
                str(name): (_number(pair[0], -120.0), _number(pair[1], -120.0))
                for name, pair in levels.items()
                if isinstance(pair, Sequence) and len(pair) == 2 and not isinstance(pair, str)
            }

    def lately(self, since: int) -> Iterator[Step]:
        """Steps that are due after `since`, the newest first. A lookahead of disorder is allowed for."""
        return takewhile(lambda step: step.due > since - UNITS_PER_SECOND, reversed(self.steps))


def sounding(board: Board, now: int, source: str) -> list[tuple[int, int, int]]:
    """The characters of a block that are heard at jam time `now`: (line, column, chars), without repeats, in order."""
    heard = now - board.latency
    found: set[tuple[int, int, int]] = set()
    for step in board.lately(heard - _LONGEST_SHOWN):
        if step.due <= heard < step.due + min(max(step.length, _SHORTEST_SHOWN), _LONGEST_SHOWN):
            found.update((each.line, each.column, each.chars) for each in step.places if each.source == source)
    return sorted(found)


def _step(row: object) -> Step | None:
    if not isinstance(row, Sequence) or isinstance(row, str) or len(row) != 5:
        return None
    due, track, length, midi, places = row
    if not isinstance(due, int) or not isinstance(length, int) or not isinstance(places, Sequence):
        return None
    return Step(
        due,
        str(track),
        max(0, length),
        float(midi) if isinstance(midi, int | float) else None,
        tuple(place for each in places if (place := _place(each)) is not None),
    )


def _place(row: object) -> Place | None:
    if not isinstance(row, Sequence) or isinstance(row, str) or len(row) != 4:
        return None
    source, line, column, chars = row
    if not all(isinstance(each, int) and each > 0 for each in (line, column, chars)):
        return None
    return Place(str(source), line, column, chars)


def _samples(values: object) -> "array[float]":
    if not isinstance(values, list):
        return array("d")
    with contextlib.suppress(TypeError):
        samples = array("d", values[:_MOST_SAMPLES])
        if not samples or (math.isfinite(sum(samples)) and min(samples) >= -1.0 and max(samples) <= 1.0):
            return samples
    return array("d", [min(max(_number(each, 0.0), -1.0), 1.0) for each in values[:_MOST_SAMPLES]])


def _number(value: object, otherwise: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:  # NaN is no number to show
        return otherwise
    return float(value)
