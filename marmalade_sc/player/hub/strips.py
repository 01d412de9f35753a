"""What the strips of generators and a recording are in answers of the control protocol. Pure."""

from collections.abc import Iterable, Mapping

from marmalade_sc.clock.timetag import UNITS_PER_SECOND
from marmalade_sc.player.control.protocol import Message

__all__ = ["recording_s", "with_hosted"]


def with_hosted(answer: Message, hosted: Iterable[str]) -> Message:
    """An answer about tracks with those into which generators play, which the user's code has no names for."""
    tracks = answer.get("tracks")
    if not isinstance(tracks, Mapping):
        return answer
    found = dict(tracks)
    for name in hosted:
        row = found.get(name)
        mix = row.get("mix") if isinstance(row, Mapping) else None
        found[name] = {"plays": True, "mix": mix if isinstance(mix, Mapping) else {}}
    return {**answer, "tracks": found}


def recording_s(engine: Mapping[str, object], now: int) -> float | None:
    """How long the recording runs, or None. `engine`: its state; `now`: jam time in units."""
    since = engine.get("recording_since")
    if not engine.get("recording") or not since:
        return None
    return round((now - int(str(since))) / UNITS_PER_SECOND, 1)
