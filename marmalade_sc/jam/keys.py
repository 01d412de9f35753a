"""Every key of a jam's Redis, built here and nowhere else."""

from typing import Final

from marmalade_sc.ids import check_name

__all__ = [
    "BARS",
    "CLOCK",
    "CONTROL",
    "ENGINE",
    "EVALUATIONS",
    "LEVELS",
    "NEWS",
    "PLAYERS",
    "PLAYS",
    "REMOTE",
    "SCHEDULE_PLACE",
    "SCOPE",
    "STOPS",
    "VOTES",
    "controls",
    "denials",
    "ending",
    "events",
    "levels",
    "network",
    "register",
    "tag",
    "timeline",
]

CLOCK: Final = "state:clock"
"""Stream: the constant of jam time, wall clock offset, sample map."""
ENGINE: Final = "state:engine:main"
"""Stream: device, rate, load, xruns, lateness, drops of the local engine."""
PLAYERS: Final = "state:players"
"""Stream: how many players there are, and their IDs."""
BARS: Final = "state:bars"
"""Stream: each bar a little before it begins: its number, begin and end, for programs that only follow."""
SCHEDULE_PLACE: Final = "state:schedule"
"""Stream: which context of the schedule this player is in, since when, and what may follow."""
EVALUATIONS: Final = "log:evaluations"
"""Stream: code that was evaluated, by whom and when."""
PLAYS: Final = "log:plays"
STOPS: Final = "log:stops"
REMOTE: Final = "log:remote"
"""Stream: what other players asked for, with when they meant it and when it was heard, both in our jam time."""
VOTES: Final = "log:votes"
"""Stream: what players have decided by a vote, and what had been said by then."""

CONTROL: Final = "control"
"""Stream on the events server: orders to the engine that must not wait for a source (panic, recording)."""
LEVELS: Final = "levels"
"""Stream on the events server: peaks of all tracks and the master, while somebody watches."""
SCOPE: Final = "scope"
"""Stream on the events server: samples of the master, while somebody watches."""
NEWS: Final = "news"
"""Stream on the events server: what sources must know of the engine (a new incarnation, synthdefs loaded)."""


def events(player: str, generator: str, instance: str) -> str:
    """Stream of frames of one generator instance.

    Raises:
        IdError: a part is not a valid name.
    """
    return f"events:{_path(player, generator, instance)}"


def controls(path: str) -> str:
    """Stream of the controls of an instance, by its path `<player>:<generator>:<instance>`."""
    return f"state:controls:{path}"


def denials(path: str) -> str:
    """Stream of what was refused to an instance: by whom, what, how often."""
    return f"state:denials:{path}"


def ending(path: str) -> str:
    """Stream that tells an instance how many bars it has left."""
    return f"state:ending:{path}"


def tag(player: str, generator: str, instance: str, name: str) -> str:
    """Stream of the values of one tag. Raises IdError like `events`."""
    return f"tags:{_path(player, generator, instance)}:{check_name(name, 'tag')}"


def timeline(channel: str = "main") -> str:
    """Stream of the revisions of a channel's timeline."""
    return f"state:timeline:{check_name(channel, 'channel')}"


def levels(track: str) -> str:
    """Stream of a track's peak levels in dBFS, left and right."""
    return f"state:levels:{check_name(track, 'track')}"


def network(player: str) -> str:
    """Stream of the way to a player: round trip, offset and its uncertainty, load, lateness, when it was last seen."""
    return f"state:network:{player}"


def register(name: str) -> str:
    """Stream of what a register that players share held: value, who wrote it, by which clock."""
    return f"state:registers:{check_name(name, 'register')}"


def _path(player: str, generator: str, instance: str) -> str:
    # A player's ID may start with "_" or hold "+", other names may not.
    return f"{player}:{check_name(generator, 'generator')}:{check_name(instance, 'instance')}"
