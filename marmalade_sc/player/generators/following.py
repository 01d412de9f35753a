"""Where the player is in the jam's schedule: followed bar by bar, and written down for whoever asks."""

from collections.abc import Callable, Mapping

from marmalade_sc.errors import JamError, UsageError
from marmalade_sc.jam.history import History
from marmalade_sc.sdk.conditions import Value
from marmalade_sc.sdk.schedule import Position, Schedule, taken

__all__ = ["SCHEDULE", "Following", "latest_value"]

SCHEDULE = "schedule:main"


class Following:
    """See the module. For one thread; may block.

    Args:
        history: of the jam's state.
        now_ms: jam time in ms.
    """

    def __init__(self, history: History, now_ms: Callable[[], int]) -> None:
        self._history = history
        self._now_ms = now_ms
        self._at_ms = -1
        self._fields: Mapping[str, object] = {}
        self._schedule: Schedule | None = None
        self._position: Position | None = None
        self._seed = 0
        self._told: tuple[object, ...] = ()

    def look(self, bar: int) -> dict[str, object] | None:
        """Go on to a bar: a record of `state:schedule` where something has changed. Raises JamError."""
        found = self._history.at(SCHEDULE, self._now_ms())
        if found is None:
            return None
        if found != (self._at_ms, self._fields):
            self._at_ms, self._fields = found
            try:
                self._schedule, self._position, self._seed = taken(self._fields, self._schedule, self._position, bar)
            except UsageError:
                return None  # what is no schedule changes nothing
        if self._schedule is None or self._position is None:
            return None
        self._position = self._schedule.at(
            self._position, bar, self._values(self._schedule, self._position), self._seed
        )
        told = (self._at_ms, self._position)
        if told == self._told:
            return None
        self._told = told
        node = self._schedule.nodes[self._position.context]
        return {
            "context": self._position.context,
            "since": self._position.since,
            "count": self._position.count,
            "bars": node.bars,
            "next": [way.to for way in node.ways],
            "tags": dict(self._schedule.tags(self._position)),
            "schedule": self._schedule.to_json(),
        }

    def _values(self, schedule: Schedule, position: Position) -> dict[str, Value]:
        """What the conditions at the next fork look at, as it is now."""
        names = {name for way in schedule.following(position) if way.condition for name in way.condition.names}
        return {name: latest_value(self._history, name, self._now_ms()) for name in names}


def latest_value(history: History, name: str, now_ms: int) -> Value:
    """The value by which a condition knows a name: of a tag, `players`, or a field such as `engine:main.cpu`."""
    if name == "players":
        row = history.at("state:players", now_ms)
        return _value(row[1].get("count")) if row is not None else 1
    try:
        if "." in name:
            key, _, part = name.rpartition(".")
            row = history.at(f"state:{key}", now_ms)
            return _value(row[1].get(part)) if row is not None else None
        keys = [f"tags:{name}"] if ":" in name else history.keys(f"tags:*:{name}")
        rows = [(row[0], key, row[1]) for key in keys[:500] if (row := history.at(key, now_ms)) is not None]
    except JamError:
        return None
    for _, _, fields in sorted(rows, key=lambda each: each[:2], reverse=True):
        until = fields.get("until")
        if not (isinstance(until, int | float) and until <= now_ms):
            return _value(fields.get("value"))
    return None


def _value(found: object) -> Value:
    return found if isinstance(found, str | int | float | bool) else None
