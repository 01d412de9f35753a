"""Values of the built-in Lisp, and how a function's arguments are read from them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from marmalade_sc.scores.lengths import beats_of, lengths_of_text
from marmalade_sc.scores.tree import (
    Beats,
    Duration,
    Event,
    Form,
    Length,
    ListForm,
    Milliseconds,
    Number,
    Place,
    Quoted,
    String,
    Symbol,
    Time,
)

__all__ = [
    "WORDS",
    "Arguments",
    "Function",
    "Pitch",
    "Signature",
    "Value",
    "Wrong",
    "beats_in",
    "channel",
    "integer",
    "kind_of",
    "lengths",
    "not_negative",
    "number",
    "percentage",
    "positive",
]


@dataclass(frozen=True, slots=True)
class Pitch:
    """A pitch made by S-expressions: a letter with accidentals, or a MIDI note."""

    letter: str | None = None
    accidentals: int | None = None
    midi: float | None = None


@dataclass(frozen=True, slots=True)
class Function:
    """A function by name; an argument's value like any other until it is called."""

    name: str


Value = Form | Pitch | Time | Event | Function
Arguments = Sequence[Value]


class Wrong(Exception):
    """An argument cannot be; `at` is its place where it has one."""

    def __init__(self, message: str, hint: str = "", at: Place | None = None) -> None:
        super().__init__(message)
        self.message, self.hint, self.at = message, hint, at


@dataclass(frozen=True, slots=True)
class Signature:
    """Types of arguments by letter (see kind_of); a + after the last takes any number; `make` gets their place."""

    kinds: str
    make: Callable[[Place, Arguments], Value]


_KINDS: Final[Mapping[type, str]] = MappingProxyType(
    {
        Number: "n",
        String: "s",
        Symbol: "y",
        ListForm: "l",
        Quoted: "q",
        Pitch: "p",
        Function: "f",
        Length: "d",
        Beats: "d",
        Milliseconds: "d",
        Duration: "d",
    }
)
WORDS: Final = MappingProxyType(
    {
        "n": "a number",
        "s": "a string",
        "y": "a symbol",
        "l": "a list",
        "p": "a pitch",
        "d": "a length",
        "e": "an event",
        "*": "anything",
    }
)


def kind_of(value: Value) -> str:
    """The letter of a value's type; e is an event."""
    return _KINDS.get(type(value), "e")


def number(value: Value) -> Number:
    assert isinstance(value, Number)
    return value


def positive(value: Value) -> float:
    found = number(value)
    if not found.value >= 1:
        raise Wrong(f"{found.value:g} is too small", "It must be 1 or more.", found.at)
    return found.value


def not_negative(value: Value) -> float:
    found = number(value)
    if found.value < 0:
        raise Wrong(f"{found.value:g} is negative", "It must be 0 or more, in percent.", found.at)
    return found.value / 100


def percentage(value: Value) -> float:
    found = number(value)
    if found.value < 0 or found.value > 100:
        raise Wrong(f"{found.value:g} is no percentage", "It must be between 0 and 100.", found.at)
    return found.value / 100


def integer(value: Value) -> int:
    found = number(value)
    if not -(2**31) <= found.value < 2**31 or found.value != int(found.value):
        raise Wrong(f"{found.value:g} is no whole number", "Write one without a fraction.", found.at)
    return int(found.value)


def channel(value: Value) -> int:
    found = integer(value)
    if not 0 <= found <= 15:
        raise Wrong(f"{found} is no MIDI channel", "They are 0 to 15.", number(value).at)
    return found


def lengths(value: Value) -> Duration:
    assert isinstance(value, String)
    lengths = lengths_of_text(value.value)
    if lengths is None:
        raise Wrong(f"{value.value!r} is no note length", 'Write "4.", or tied "2~8".', value.at)
    return lengths


def beats_in(value: Value) -> float:
    """Beats of a note length that is a number or a text."""
    return beats_of(lengths(value)) if isinstance(value, String) else beats_of(Length(positive(value)))
