"""How one version of a generator follows another while it plays: at which bar, and with what is handed on. Pure.

The player says the bar in `state:reload:<instance's path>`; both versions read it. What is handed on is an entry of a
tag of the instance's own, `handed-on`, so programs without the SDK can do the same.
"""

import json
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Final

from marmalade_sc.errors import UsageError
from marmalade_sc.sdk.memory import Entry, Memory

__all__ = ["TAG", "Succession", "reload_key", "sounds_key"]

TAG: Final = "handed-on"
_PART: Final = 3000
_MOST_PARTS: Final = 12
_MOST: Final = _PART * _MOST_PARTS


def reload_key(path: str) -> str:
    """The stream that tells an instance of its next version: `incarnation`, and `bar` from which that plays."""
    return f"state:reload:{path}"


def sounds_key(path: str) -> str:
    """The stream that tells an instance that its sounds were changed: MARMALADE_ORCHESTRA is to be read anew."""
    return f"state:sounds:{path}"


class Succession:
    """See the module. One for each instance.

    Args:
        path: `<player>:<generator>:<instance>`.
        environment: the instance's variables.

    Attributes:
        incarnation: its number.
        is_taking_over: whether a version before it plays until its turn comes.
        hand_on: gives what the next version is to know; take_over: gets it.
        leaves: the cycle at which the next version begins; None while there is none.
        is_over: it plays no more.
    """

    def __init__(self, path: str, environment: Mapping[str, str]) -> None:
        self._path = path
        self._sounds: tuple[int, int] | None = None
        self._told_ms = 0
        self.incarnation = int(environment.get("MARMALADE_INCARNATION") or 1)
        self.is_taking_over = bool(environment.get("MARMALADE_TAKES_OVER"))
        self.keeps_state = bool(environment.get("MARMALADE_KEEPS_STATE"))
        self.hand_on: Callable[[], object] | None = None
        self.take_over: Callable[[object], object] | None = None
        self.leaves: Fraction | None = None
        self.is_over = False

    def look(self, memory: Memory, until_ms: int) -> None:
        """Hear of the next version."""
        told = memory.before(reload_key(self._path), until_ms)
        if told is not None and _whole(told, "incarnation") > self.incarnation:
            self.leaves = Fraction(_whole(told, "bar"))

    def turn(self, memory: Memory) -> Fraction | None:
        """The cycle from which this version plays; None before it is known."""
        told = memory.before(reload_key(self._path), 1 << 60)
        if told is None or _whole(told, "incarnation") != self.incarnation:
            return None
        self._told_ms = told.stamp[0]
        return Fraction(_whole(told, "bar"))

    def has_new_sounds(self, memory: Memory, until_ms: int) -> bool:
        """Whether its sounds were changed since the look before."""
        told = memory.before(sounds_key(self._path), until_ms)
        if told is None or told.stamp == self._sounds:
            return False
        self._sounds = told.stamp
        return True

    def handed_on(self, dice: int) -> dict[str, object] | None:
        """The fields of what is handed on; None where nothing is.

        Raises:
            UsageError: it is no plain data, or too much.
        """
        if not self.keeps_state:
            return None
        kept = self.hand_on() if self.hand_on is not None else None
        try:
            text = json.dumps({"kept": kept, "dice": dice})
        except (TypeError, ValueError, RecursionError) as error:
            raise UsageError(
                f"What is handed on is no plain data: {error}", hint="Give numbers, texts, lists and tables."
            ) from None
        if len(text) > _MOST:
            raise UsageError(f"{len(text)} bytes are too many to be handed on; {_MOST} are the most")
        parts = [text[at : at + _PART] for at in range(0, len(text), _PART)]
        fields: dict[str, object] = {"value": self.incarnation}
        # The mark keeps a part from being taken for JSON of its own.
        return fields | {f"part{number}": f"~{part}" for number, part in enumerate(parts)}

    def read(self, entry: Entry) -> tuple[object, int] | None:
        """What the version before has handed on, and its count of dice; None where this is none of it."""
        if not self.incarnation > _whole(entry, "value") >= 1 or entry.stamp[0] < self._told_ms:
            return None
        parts = [str(entry.fields.get(f"part{number}", "~"))[1:] for number in range(_MOST_PARTS)]
        try:
            found = json.loads("".join(parts))
            return found["kept"], int(found["dice"])
        except (ValueError, KeyError, TypeError, RecursionError):
            return None


def _whole(entry: Entry, name: str) -> int:
    value = entry.fields.get(name)
    return value if isinstance(value, int) else 0
