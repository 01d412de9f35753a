"""The tree of a score: what was written, as frozen values with the line and column where each begins."""

from dataclasses import dataclass
from typing import NamedTuple

__all__ = [
    "AtMarker",
    "Attribute",
    "Beats",
    "Bracket",
    "Change",
    "Chord",
    "Cram",
    "Definition",
    "Duration",
    "Ending",
    "Event",
    "Form",
    "Length",
    "ListForm",
    "Marker",
    "Milliseconds",
    "Note",
    "Number",
    "PartDeclaration",
    "Place",
    "Quoted",
    "Reference",
    "Repeat",
    "Rest",
    "Size",
    "String",
    "Symbol",
    "Time",
    "VoiceEnd",
    "VoiceStart",
]


class Place(NamedTuple):
    """Where something begins; both count from 1."""

    line: int
    column: int


class Size(NamedTuple):
    """How many steps events take: to play them, and to measure how long they last."""

    played: int
    measured: int


@dataclass(frozen=True, slots=True)
class Length:
    """A note length: 4 is a quarter; each dot adds half of what the one before added."""

    denominator: float
    dots: int = 0


@dataclass(frozen=True, slots=True)
class Beats:
    """A length in beats (quarters)."""

    beats: float


@dataclass(frozen=True, slots=True)
class Milliseconds:
    """A length in time."""

    ms: float


@dataclass(frozen=True, slots=True)
class Duration:
    """Lengths tied together."""

    lengths: tuple["Time", ...]


Time = Length | Beats | Milliseconds | Duration


@dataclass(frozen=True, slots=True)
class Symbol:
    at: Place
    name: str


@dataclass(frozen=True, slots=True)
class Number:
    at: Place
    value: float


@dataclass(frozen=True, slots=True)
class String:
    at: Place
    value: str


@dataclass(frozen=True, slots=True)
class Quoted:
    at: Place
    form: "Form"


@dataclass(frozen=True, slots=True)
class ListForm:
    """An S-expression; as an event of the score it is evaluated and its value plays."""

    at: Place
    items: tuple["Form", ...]


Form = Symbol | Number | String | Quoted | ListForm


@dataclass(frozen=True, slots=True)
class Change:
    """A change of one attribute of a part; `kind` names it (see attributes.py)."""

    kind: str
    value: object = None


@dataclass(frozen=True, slots=True)
class Note:
    """A note: a letter with accidentals in semitones (None: by the key signature), or a MIDI note."""

    at: Place
    letter: str | None
    accidentals: int | None
    duration: Duration | None
    slurred: bool = False
    midi: float | None = None


@dataclass(frozen=True, slots=True)
class Rest:
    at: Place
    duration: Duration | None


@dataclass(frozen=True, slots=True)
class Chord:
    """Notes and rests that begin together, with changes of octave and S-expressions between them. Crams: extended."""

    at: Place
    events: tuple["Event", ...]


@dataclass(frozen=True, slots=True)
class Bracket:
    """Events in brackets, or what a name was worth; then `size` was counted."""

    at: Place
    events: tuple["Event", ...]
    size: Size | None = None


@dataclass(frozen=True, slots=True)
class Cram:
    """Events squeezed into one length."""

    at: Place
    events: tuple["Event", ...]
    duration: Duration | None


@dataclass(frozen=True, slots=True)
class Repeat:
    """An event again and again; with `until`, an extension, as long as a marker lies ahead."""

    at: Place
    event: "Event"
    times: int
    until: str = ""


@dataclass(frozen=True, slots=True)
class Ending:
    """An event that plays in some repetitions only; ranges are inclusive."""

    at: Place
    event: "Event"
    ranges: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class VoiceStart:
    at: Place
    number: int


@dataclass(frozen=True, slots=True)
class VoiceEnd:
    at: Place


@dataclass(frozen=True, slots=True)
class Marker:
    at: Place
    name: str


@dataclass(frozen=True, slots=True)
class AtMarker:
    at: Place
    name: str


@dataclass(frozen=True, slots=True)
class Definition:
    at: Place
    name: str
    events: tuple["Event", ...]


@dataclass(frozen=True, slots=True)
class Reference:
    at: Place
    name: str


@dataclass(frozen=True, slots=True)
class Attribute:
    """A change for the parts that play (`everywhere` false) or for all parts from this time on."""

    at: Place
    change: Change
    everywhere: bool = False


@dataclass(frozen=True, slots=True)
class PartDeclaration:
    at: Place
    names: tuple[str, ...]
    alias: str = ""


Event = (
    Note
    | Rest
    | Chord
    | Bracket
    | Cram
    | Repeat
    | Ending
    | VoiceStart
    | VoiceEnd
    | Marker
    | AtMarker
    | Definition
    | Reference
    | Attribute
    | PartDeclaration
    | ListForm
)
