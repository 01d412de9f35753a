"""The built-in Lisp: S-expressions that make changes of attributes, notes, rests, lengths; nothing can be defined."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from types import MappingProxyType
from typing import Final, NoReturn

from marmalade_sc.errors import nearest
from marmalade_sc.scores.attributes import DYNAMICS
from marmalade_sc.scores.keys import MODES, SEMITONES, KeySignature, key_of_letters, key_of_scale, semitones_of
from marmalade_sc.scores.lengths import beats_of, divide, length_of_text, lengths_of_text
from marmalade_sc.scores.tokens import Text
from marmalade_sc.scores.tree import (
    Attribute,
    Beats,
    Change,
    Duration,
    Event,
    Form,
    Length,
    ListForm,
    Milliseconds,
    Note,
    Number,
    PartDeclaration,
    Place,
    Quoted,
    Rest,
    String,
    Symbol,
    Time,
)

__all__ = ["FUNCTIONS", "evaluate_event"]


@dataclass(frozen=True, slots=True)
class Pitch:
    """A pitch made by S-expressions: a letter with accidentals, or a MIDI note."""

    letter: str | None = None
    accidentals: int | None = None
    midi: int | None = None


@dataclass(frozen=True, slots=True)
class Function:
    """A function by name; an argument's value like any other until it is called."""

    name: str


Value = Form | Pitch | Time | Event | Function
Arguments = Sequence[Value]


class _Wrong(Exception):
    """An argument cannot be; `at` is its place where it has one."""

    def __init__(self, message: str, hint: str = "", at: Place | None = None) -> None:
        super().__init__(message)
        self.message, self.hint, self.at = message, hint, at


@dataclass(frozen=True, slots=True)
class Signature:
    """Types of arguments by letter (see _kind_of); a + after the last takes any number; `make` gets their place."""

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
_WORDS: Final = MappingProxyType(
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


def _kind_of(value: Value) -> str:
    """The letter of a value's type; e is an event."""
    return _KINDS.get(type(value), "e")


def _number(value: Value) -> Number:
    assert isinstance(value, Number)
    return value


def _positive(value: Value) -> float:
    number = _number(value)
    if not number.value >= 1:
        raise _Wrong(f"{number.value:g} is too small", "It must be 1 or more.", number.at)
    return number.value


def _not_negative(value: Value) -> float:
    number = _number(value)
    if number.value < 0:
        raise _Wrong(f"{number.value:g} is negative", "It must be 0 or more, in percent.", number.at)
    return number.value / 100


def _percentage(value: Value) -> float:
    number = _number(value)
    if number.value < 0 or number.value > 100:
        raise _Wrong(f"{number.value:g} is no percentage", "It must be between 0 and 100.", number.at)
    return number.value / 100


def _integer(value: Value) -> int:
    number = _number(value)
    if not -(2**31) <= number.value < 2**31 or number.value != int(number.value):
        raise _Wrong(f"{number.value:g} is no whole number", "Write one without a fraction.", number.at)
    return int(number.value)


def _channel(value: Value) -> int:
    number = _integer(value)
    if not 0 <= number <= 15:
        raise _Wrong(f"{number} is no MIDI channel", "They are 0 to 15.", _number(value).at)
    return number


def _lengths(value: Value) -> Duration:
    assert isinstance(value, String)
    lengths = lengths_of_text(value.value)
    if lengths is None:
        raise _Wrong(f"{value.value!r} is no note length", 'Write "4.", or tied "2~8".', value.at)
    return lengths


def _beats(value: Value) -> float:
    """Beats of a note length that is a number or a text."""
    return beats_of(_lengths(value)) if isinstance(value, String) else beats_of(Length(_positive(value)))


def _tempo(values: Arguments) -> float:
    if len(values) == 1:
        return _positive(values[0])
    beats = _beats(values[0])
    return beats * _positive(values[1])


def _modulation(values: Arguments) -> float:
    old = _beats(values[0])
    return divide(_beats(values[1]), old)


def _octave(place: Place, values: Arguments, everywhere: bool) -> Value:
    symbol = values[0]
    assert isinstance(symbol, Symbol)
    if symbol.name not in ("up", "down"):
        raise _Wrong(f"octave cannot be {symbol.name}", "Give a number, 'up or 'down.", symbol.at)
    return Attribute(place, Change(f"octave_{symbol.name}"), everywhere)


def _names(values: Sequence[Form]) -> list[str]:
    return [value.name if isinstance(value, Symbol) else "" for value in values]


def _key(values: Arguments) -> KeySignature:
    value = values[0]
    hint = "Write \"f+ c+\", '(a major), or '(e (flat) b (flat))."
    if isinstance(value, String):
        key = key_of_letters(value.value)
        if key is None:
            raise _Wrong(f"{value.value!r} is no key signature", hint, value.at)
        return key
    assert isinstance(value, ListForm)
    wrong = _Wrong("this list is no key signature", hint, value.at)
    items = value.items
    if len(items) < 2:
        raise wrong
    if isinstance(items[1], Symbol):
        letter, *words = _names(items)
        accidentals = 0
        while words and (semitones := semitones_of(words[0])) is not None:
            accidentals += semitones
            words = words[1:]
        if letter not in SEMITONES or len(words) != 1 or words[0] not in MODES:
            raise wrong
        return key_of_scale(letter, accidentals, words[0])
    key_signature: dict[str, int] = {}
    if len(items) % 2:
        raise wrong
    for name, signs in zip(items[::2], items[1::2], strict=True):
        if not isinstance(name, Symbol) or name.name[0] not in SEMITONES or not isinstance(signs, ListForm):
            raise wrong
        words = _names(signs.items)
        if any(word not in ("flat", "sharp") for word in words):
            raise wrong
        key_signature[name.name[0]] = sum(semitones_of(word) or 0 for word in words)
    return key_signature


def _pitch(place: Place, values: Arguments) -> Value:
    value = values[0]
    assert isinstance(value, ListForm)
    letter, *words = _names(value.items) or [""]
    signs = [semitones_of(word) for word in words]
    if letter not in SEMITONES or None in signs:
        raise _Wrong("this list is no pitch", "Write (pitch '(c sharp)).", value.at)
    return Pitch(letter, sum(sign or 0 for sign in signs) if signs else None)


def _length(place: Place, values: Arguments) -> Value:
    value = values[0]
    if isinstance(value, String):
        length = length_of_text(value.value)
        if length is None:
            raise _Wrong(f"{value.value!r} is no note length", 'Write "4" or "4.".', value.at)
        return length
    return Length(_positive(value))


def _is_time(value: Value) -> Time:
    assert isinstance(value, Length | Beats | Milliseconds | Duration)
    return value


def _note(place: Place, values: Arguments) -> Value:
    pitch = values[0]
    assert isinstance(pitch, Pitch)
    duration = Duration((_is_time(values[1]),)) if len(values) > 1 else None
    return Note(place, pitch.letter, pitch.accidentals, duration, midi=pitch.midi)


def _pause(place: Place, values: Arguments) -> Value:
    return Rest(place, Duration((_is_time(values[0]),)) if values else None)


def _slur(place: Place, values: Arguments) -> Value:
    note = values[0]
    if not isinstance(note, Note):
        raise _Wrong("only notes can be slurred", "Write (slur (note ...)).")
    return replace(note, slurred=True)


def _part(place: Place, values: Arguments) -> Value:
    name = values[0]
    assert isinstance(name, String)
    return PartDeclaration(place, tuple(name.value.split("/")))


def _list(place: Place, values: Arguments) -> Value:
    return ListForm(place, tuple(values))  # type: ignore[arg-type]  # a list may hold any value


_ATTRIBUTES: Final[tuple[tuple[tuple[str, ...], str, str, Callable[[Arguments], object]], ...]] = (
    (("octave",), "n", "octave", lambda v: _integer(v[0])),
    (("tempo",), "n nn sn", "tempo", _tempo),
    (("metric-modulation",), "nn ns sn ss", "metric_modulation", _modulation),
    (("quantization", "quantize", "quant"), "n", "quantization", lambda v: _not_negative(v[0])),
    (("volume", "vol"), "n", "volume", lambda v: _percentage(v[0])),
    (("track-volume", "track-vol"), "n", "track_volume", lambda v: _percentage(v[0])),
    (("panning", "pan"), "n", "panning", lambda v: _percentage(v[0])),
    (("set-duration",), "n", "duration", lambda v: Duration((Beats(_positive(v[0])),))),
    (("set-duration-ms",), "n", "duration", lambda v: Duration((Milliseconds(_positive(v[0])),))),
    (("set-note-length",), "n", "duration", lambda v: Duration((Length(_positive(v[0])),))),
    (("set-note-length",), "s", "duration", lambda v: _lengths(v[0])),
    (("key-signature", "key-sig"), "s l", "key", _key),
    (("transposition", "transpose"), "n", "transposition", lambda v: _integer(v[0])),
    (("reference-pitch", "tuning-constant"), "n", "reference_pitch", lambda v: _positive(v[0])),
    (("midi-channel",), "n", "midi_channel", lambda v: _channel(v[0])),
)
"""Names, the signatures, the change that is made, its value from the arguments."""


def _change(kind: str, read: Callable[[Arguments], object], everywhere: bool, place: Place, values: Arguments) -> Value:
    return Attribute(place, Change(kind, read(values)), everywhere)


def _constant(value: object) -> Callable[[Arguments], object]:
    return lambda values: value


def _functions() -> Mapping[str, tuple[Signature, ...]]:
    table: dict[str, tuple[Signature, ...]] = {
        "list": (Signature("*+", _list),),
        "ms": (Signature("n", lambda place, v: Milliseconds(_positive(v[0]))),),
        "note-length": (Signature("n", _length), Signature("s", _length)),
        "duration": (Signature("d+", lambda place, v: Duration(tuple(map(_is_time, v)))),),
        "midi-note": (Signature("n", lambda place, v: Pitch(midi=_integer(v[0]))),),
        "pitch": (Signature("l", _pitch),),
        "note": (Signature("p", _note), Signature("pd", _note)),
        "pause": (Signature("", _pause), Signature("d", _pause)),
        "slur": (Signature("e", _slur),),
        "part": (Signature("s", _part),),
    }
    for end, everywhere in (("", False), ("!", True)):
        for names, kinds, kind, read in _ATTRIBUTES:
            made = tuple(Signature(k, partial(_change, kind, read, everywhere)) for k in kinds.split())
            for name in names:
                table[name + end] = table.get(name + end, ()) + made
        for name, volume in DYNAMICS.items():
            table[name + end] = (Signature("", partial(_change, "dynamic", _constant(volume), everywhere)),)
        table["octave" + end] += (Signature("y", partial(_octave, everywhere=everywhere)),)
    return MappingProxyType(table)


FUNCTIONS: Final = _functions()
"""Every function by name, with the arguments that it takes."""


def _fits(kinds: str, values: Arguments) -> bool:
    if kinds.endswith("+"):
        return all(kinds[0] in ("*", _kind_of(value)) for value in values)
    return len(kinds) == len(values) and all(map(str.__eq__, kinds, map(_kind_of, values)))


def _described(kinds: str) -> str:
    return ", ".join(_WORDS.get(kind, "any number of them") for kind in kinds) or "nothing"


class _Evaluation:
    def __init__(self, text: Text) -> None:
        self.text = text

    def value(self, form: Value) -> Value:
        if isinstance(form, Quoted):
            return form.form
        if isinstance(form, Symbol):
            if form.name in FUNCTIONS or form.name == "quote":
                return Function(form.name)
            close = nearest(form.name, FUNCTIONS)
            self._refuse(f"nothing is named {form.name}", form.at, f"Did you mean {close}?" if close else "")
        return self._call(form) if isinstance(form, ListForm) else form

    def _call(self, form: ListForm) -> Value:
        if not form.items:
            self._refuse("an empty list cannot be called", form.at, "Write (tempo 90), or '() for a list.")
        function = self.value(form.items[0])
        if not isinstance(function, Function):
            self._refuse("a list begins with what is no function", form.at, "Write (tempo 90), or '(1 2) for a list.")
        if function.name == "quote":
            if len(form.items) != 2:
                self._refuse("quote takes one thing", form.at, "Write (quote (a major)).")
            return form.items[1]
        values = [self.value(item) for item in form.items[1:]]
        signatures = FUNCTIONS[function.name]
        for signature in signatures:
            if _fits(signature.kinds, values):
                try:
                    return signature.make(form.at, values)
                except _Wrong as wrong:
                    self._refuse(f"{function.name}: {wrong.message}", wrong.at or form.at, wrong.hint)
        takes = ", or ".join(_described(signature.kinds) for signature in signatures)
        return self._refuse(f"{function.name} does not take these", form.at, f"It takes {takes}.")

    def _refuse(self, message: str, at: Place, hint: str) -> NoReturn:
        self.text.refuse(message, at.line, at.column, hint)


def evaluate_event(form: ListForm, text: Text) -> Event | None:
    """What an S-expression plays; None when its value is no event, which is no mistake.

    Raises:
        ScoreError: a name that does not exist, arguments of the wrong type, a value that cannot be.
    """
    value = _Evaluation(text).value(form)
    return value if _kind_of(value) == "e" else None  # type: ignore[return-value]  # e is every Event
