"""Tags and state as a generator's author reads them: the latest value, the value at a time, changes, who."""

from dataclasses import dataclass
from typing import Final, Protocol

from marmalade_sc.errors import UsageError
from marmalade_sc.ids import check_name
from marmalade_sc.sdk.conditions import Value
from marmalade_sc.sdk.memory import Entry, Memory, Setting, View

__all__ = ["KINDS", "Ending", "OwnTags", "State", "Tags", "facts", "kind_of"]

KINDS: Final = ("number", "text", "truth")
"""Types that the values of a tag may have."""
_MOST: Final = 64


def kind_of(value: Value) -> str | None:
    """The type of a value; None of none."""
    if value is None:
        return None
    return "truth" if isinstance(value, bool) else "text" if isinstance(value, str) else "number"


class OwnTags:
    """What an instance has said of its own tags: which there are, and what their values are."""

    def __init__(self) -> None:
        self._names: set[str] = set()
        self._declared: dict[str, dict[str, str]] = {}

    def declare(self, name: str, kind: str, unit: str, doc: str) -> None:
        """From now on only values of this type. Raises UsageError."""
        check_name(name, "tag")
        if kind not in KINDS:
            raise UsageError(f"{kind!r:.40} is no type of a tag", hint=f"It is one of {', '.join(KINDS)}.")
        if self._declared.get(name, {}).get("type", kind) != kind:
            raise UsageError(f"The tag {name} was declared as {self._declared[name]['type']} before")
        self._declared[name] = {"type": kind, **{key: text for key, text in (("unit", unit), ("doc", doc)) if text}}

    def fields(self, name: str, value: Value, unit: str, doc: str) -> dict[str, object]:
        """The fields of an entry that sets a tag. Raises UsageError."""
        check_name(name, "tag")
        if isinstance(value, str) and len(value.encode()) > 4000:
            raise UsageError(f"The tag {name} is longer than 4,000 bytes")
        self._names.add(name)
        if len(self._names) > _MOST:
            raise UsageError(f"A generator may have {_MOST} tags")
        declared = self._declared.get(name, {})
        if declared and kind_of(value) not in (declared["type"], None):
            raise UsageError(f"The tag {name} is declared as {declared['type']}, and {value!r:.40} is none")
        told = {key: text for key, text in (("unit", unit), ("doc", doc)) if text}
        return {"value": value, **declared, **told}


class Looking(Protocol):
    """Who has a view of the state."""

    @property
    def view(self) -> View:
        """The state as the present frame sees it."""

    @property
    def now_ms(self) -> int:
        """Jam time of the present frame."""


@dataclass(frozen=True, slots=True)
class Ending:
    """It was asked to end: at which ms of jam time, with how many bars to finish, and why."""

    at_ms: int
    bars: float
    why: str

    @classmethod
    def of(cls, entry: Entry, jam: Looking) -> "Ending":
        """From the entry that tells of it."""
        at, bars = entry.fields.get("at"), entry.fields.get("bars")
        return cls(
            at if isinstance(at, int) else jam.now_ms,
            float(bars) if isinstance(bars, int | float) else 0.0,
            str(entry.fields.get("why", "")),
        )


def facts(memory: Memory, asked: Entry | None, until_ms: int) -> dict[str, Value]:
    """What conditions call `players` and `ending`: how many there are, and why it is to end, once it was `asked` to."""
    found: dict[str, Value] = {"players": 1}
    players = memory.before("state:players", until_ms)
    if players is not None and isinstance(count := players.fields.get("count"), int):
        found["players"] = count
    if asked is not None:
        found["ending"] = str(asked.fields.get("why", "")) or "it was asked to"
    return found


@dataclass(frozen=True, slots=True)
class Tags:
    """The tags of everybody. `Context` is the latest value, whoever set it; `ann:drums:1:Context` that of one instance.

    Times are in ms of jam time, as `jam.now_ms`. History goes back as far as the jam keeps it.
    """

    jam: Looking

    def __getitem__(self, name: str) -> Value:
        """The latest value; None where there is none, or it has expired."""
        return self.get(name)

    def get(self, name: str, otherwise: Value = None) -> Value:
        """The latest value, or `otherwise`."""
        found = self.jam.view.setting(name)
        return otherwise if found is None else found.value

    def at(self, name: str, at_ms: int) -> Value:
        """The value that it had at a time."""
        found = self.jam.view.setting(name, at_ms)
        return None if found is None else found.value

    def range(self, name: str, first_ms: int, last_ms: int | None = None, most: int = 100) -> list[Setting]:
        """The values that it got in a time, in order; at most the latest `most`."""
        return self.jam.view.settings(name, first_ms, self.jam.now_ms if last_ms is None else last_ms, most)

    def last_change(self, name: str) -> Setting | None:
        """The latest setting: its value, when and by whom."""
        return self.jam.view.setting(name)

    def who(self, name: str) -> str | None:
        """Who has set it last: `<player>:<generator>:<instance>`."""
        found = self.jam.view.setting(name)
        return None if found is None else found.who


@dataclass(frozen=True, slots=True)
class State:
    """Facts of the player: `jam.state["engine:main.cpu"]`, `jam.state["levels:master.left"]`."""

    jam: Looking

    def __getitem__(self, name: str) -> Value:
        """The latest value; None where there is none, or not yet."""
        return self.jam.view.get(name)
