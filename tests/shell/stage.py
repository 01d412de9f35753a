"""A board as a player would fill it, for the tests of what the shell shows."""

from typing import Any

from marmalade_sc.clock.timeline import Timeline
from marmalade_sc.clock.timetag import UNITS_PER_SECOND
from marmalade_sc.shell.board import Board

START = 1000 * UNITS_PER_SECOND
ENGINE = {"cpu": 12.4, "xruns": 0, "late_dropped": 0, "late_played": 0, "refused": 0, "audible": True}


def at(seconds: float) -> int:
    """Jam time so many seconds behind the begin of bar 0; a bar has two seconds."""
    return START + round(seconds * UNITS_PER_SECOND)


def board(**engine: Any) -> Board:
    """A player at 120 bpm."""
    one = Board()
    one.hear(
        {
            "jam": "home",
            "origin": 5,
            "timeline": Timeline.steady(120, START).counted().to_json(),
            "engine": {**ENGINE, **engine},
            "processes": [{"name": "engine", "state": "running"}],
        }
    )
    return one


def playing(one: Board, *names: str) -> Board:
    """With tracks that play."""
    one.tracks = {name: {"plays": True, "mix": {}} for name in names}
    return one


def step(seconds: float, track: str = "d1", length_s: float = 0.1, midi: float | None = None, *places: Any) -> Any:
    """A row of a `steps` event."""
    return [at(seconds), track, round(length_s * UNITS_PER_SECOND), midi, [list(place) for place in places]]


def text(lines: Any) -> list[str]:
    """What is read."""
    return ["".join(part for _, part in line) for line in lines]
