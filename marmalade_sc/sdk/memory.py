"""What a generator remembers of the jam's state: entries of streams by time, and how they look at a moment. Pure."""

import json
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from marmalade_sc.sdk.conditions import Value

__all__ = ["Entry", "History", "Memory", "Setting", "View", "decoded"]

_KEPT: Final = 512
_MOST_KEYS: Final = 2000

Stamp = tuple[int, int]
History = Callable[[str, int, int, int], list["Entry"]]
"""(key, first ms, last ms, most) -> entries from before what is remembered, the latest ones, in order."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a stream: when it was set (ms of jam time, a counter), and its fields."""

    stamp: Stamp
    fields: Mapping[str, object]

    @classmethod
    def read(cls, identity: bytes, flat: list[bytes]) -> "Entry":
        """An entry as Redis gives it. Raises ValueError where it is none."""
        milliseconds, _, number = identity.decode().partition("-")
        fields = {
            name.decode(errors="replace"): decoded(value) for name, value in zip(flat[::2], flat[1::2], strict=True)
        }
        return cls((int(milliseconds), int(number or 0)), fields)


@dataclass(frozen=True, slots=True)
class Setting:
    """A value of a tag: since when (ms of jam time), who set it (`<player>:<generator>:<instance>`).

    `kind` is number, text or truth where its tag was declared.
    """

    value: Value
    at_ms: int
    who: str
    unit: str = ""
    doc: str = ""
    kind: str = ""


def decoded(data: bytes) -> object:
    """A field's value: JSON where it is some, else text."""
    text = data.decode(errors="replace")
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


@dataclass(slots=True)
class _Series:
    stamps: list[Stamp] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    is_cut: bool = False


class Memory:
    """The latest entries of each stream that was heard of; at most 512 of one, older ones from `history`.

    Attributes:
        history: asked for what is older; None where nothing is.
        changes: grows with every entry.
    """

    def __init__(self, history: History | None = None) -> None:
        self.history = history
        self.changes = 0
        self._series: dict[str, _Series] = {}
        self._tags: dict[str, list[str]] = {}

    def add(self, key: str, entry: Entry) -> None:
        """Remember an entry; one that comes again counts once."""
        series = self._series.get(key)
        if series is None:
            if len(self._series) >= _MOST_KEYS:
                return
            series = self._series[key] = _Series()
            if key.startswith("tags:"):
                keys = self._tags.setdefault(key.rpartition(":")[2], [])
                keys.append(key)
                keys.sort()
        place = bisect_right(series.stamps, entry.stamp)
        if place and series.stamps[place - 1] == entry.stamp:
            return
        series.stamps.insert(place, entry.stamp)
        series.entries.insert(place, entry)
        self.changes += 1
        if len(series.stamps) > _KEPT:
            series.is_cut = True
            del series.stamps[: _KEPT // 4], series.entries[: _KEPT // 4]

    def keys(self, tag: str) -> list[str]:
        """The streams of a tag's name, of whomever."""
        return self._tags.get(tag, [])

    def tags(self) -> list[str]:
        """Names of all tags."""
        return sorted(self._tags)

    def mark_cut(self, key: str) -> None:
        """Of this stream there is more than is remembered."""
        self._series.setdefault(key, _Series()).is_cut = True

    def before(self, key: str, ms: int) -> Entry | None:
        """The newest entry of a stream at `ms` or before."""
        series = self._series.get(key)
        if series is None:
            return None
        place = bisect_right(series.stamps, (ms, 1 << 62))
        if place:
            return series.entries[place - 1]
        if series.is_cut and self.history is not None:
            found = self.history(key, 0, ms, 1)
            return found[-1] if found else None
        return None

    def between(self, key: str, first_ms: int, last_ms: int, most: int = 100) -> list[Entry]:
        """The latest entries of a stream from `first_ms` to `last_ms`, in order."""
        series = self._series.get(key)
        if series is None:
            return []
        low, high = bisect_right(series.stamps, (first_ms, -1)), bisect_right(series.stamps, (last_ms, 1 << 62))
        if low == 0 and series.is_cut and self.history is not None and high - low < most:
            return self.history(key, first_ms, last_ms, most)
        return series.entries[max(low, high - most) : high]


class View(Mapping[str, Value]):
    """A memory as it looked at a moment, by the names that conditions use.

    `Context` is the latest value of that tag, whoever set it; `ann:drums:1:Context` that of one instance;
    `engine:main.cpu` a field of `state:engine:main`; other names are in `extras` (controls, the bar).
    """

    def __init__(
        self, memory: Memory, until_ms: int, extras: Mapping[str, Value], wanted: Callable[[str], None]
    ) -> None:
        self._memory = memory
        self._wanted = wanted
        self.until_ms = until_ms
        self.extras = extras

    def __getitem__(self, name: str) -> Value:
        if name in self.extras:
            found = self.setting(name) if self._memory.keys(name) else None
            return self.extras[name] if found is None else found.value
        if ":" in name or "." in name:
            if name.count(":") == 3:
                setting = self._of(f"tags:{name}", self.until_ms)
                return setting.value if setting is not None else None
            return self.fact(name)
        setting = self.setting(name)
        return setting.value if setting is not None else None

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys([*self.extras, *self._memory.tags()]))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def setting(self, tag: str, at_ms: int | None = None) -> Setting | None:
        """The value of a tag, of one instance (`<player>:<generator>:<instance>:<tag>`) or the latest of all."""
        ms = self.until_ms if at_ms is None else min(at_ms, self.until_ms)
        keys = [f"tags:{tag}"] if ":" in tag else self._memory.keys(tag)
        found = [each for key in keys if (each := self._of(key, ms)) is not None]
        return max(found, key=lambda each: (each.at_ms, each.who)) if found else None

    def settings(self, tag: str, first_ms: int, last_ms: int, most: int = 100) -> list[Setting]:
        """The values that a tag got in a time, in order."""
        keys = [f"tags:{tag}"] if ":" in tag else self._memory.keys(tag)
        last = min(last_ms, self.until_ms)
        found = [_setting(key, entry) for key in keys for entry in self._memory.between(key, first_ms, last, most)]
        return sorted(found, key=lambda each: (each.at_ms, each.who))[-most:]

    def fact(self, name: str) -> Value:
        """A field of a stream of the player's state, such as `engine:main.cpu` or `levels:master.left`."""
        key, _, part = name.rpartition(".")
        self._wanted(f"state:{key}")
        entry = self._memory.before(f"state:{key}", self.until_ms)
        value = entry.fields.get(part) if entry is not None else None
        return value if isinstance(value, str | int | float) else None

    def _of(self, key: str, ms: int) -> Setting | None:
        entry = self._memory.before(key, ms)
        if entry is None:
            return None
        until = entry.fields.get("until")
        if (isinstance(until, int | float) and until <= ms) or entry.fields.get("value") is None:
            return None
        return _setting(key, entry)


def _setting(key: str, entry: Entry) -> Setting:
    value = entry.fields.get("value")
    return Setting(
        value if isinstance(value, str | int | float) else None,
        entry.stamp[0],
        key.removeprefix("tags:").rpartition(":")[0],
        str(entry.fields.get("unit", "")),
        str(entry.fields.get("doc", "")),
        str(entry.fields.get("type", "")),
    )
