"""The functions of Alda's Lisp: which arguments each takes, and the event, change, pitch or length that it makes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from types import MappingProxyType
from typing import Final

from marmalade_sc.scores.attributes import DYNAMICS
from marmalade_sc.scores.forms import (
    Arguments,
    Pitch,
    Signature,
    Value,
    Wrong,
    beats_in,
    channel,
    integer,
    lengths,
    not_negative,
    percentage,
    positive,
)
from marmalade_sc.scores.keys import MODES, SEMITONES, KeySignature, key_of_letters, key_of_scale, semitones_of
from marmalade_sc.scores.lengths import divide, length_of_text
from marmalade_sc.scores.tree import (
    Attribute,
    Beats,
    Change,
    Duration,
    Form,
    Length,
    ListForm,
    Milliseconds,
    Note,
    PartDeclaration,
    Place,
    Rest,
    String,
    Symbol,
    Time,
)

__all__ = ["FUNCTIONS", "changed"]


def _tempo(values: Arguments) -> float:
    if len(values) == 1:
        return positive(values[0])
    beats = beats_in(values[0])
    return beats * positive(values[1])


def _modulation(values: Arguments) -> float:
    old = beats_in(values[0])
    return divide(beats_in(values[1]), old)


def _octave(place: Place, values: Arguments, everywhere: bool) -> Value:
    symbol = values[0]
    assert isinstance(symbol, Symbol)
    if symbol.name not in ("up", "down"):
        raise Wrong(f"octave cannot be {symbol.name}", "Give a number, 'up or 'down.", symbol.at)
    return Attribute(place, Change(f"octave_{symbol.name}"), everywhere)


def _names(values: Sequence[Form]) -> list[str]:
    return [value.name if isinstance(value, Symbol) else "" for value in values]


def _key(values: Arguments) -> KeySignature:
    value = values[0]
    hint = "Write \"f+ c+\", '(a major), or '(e (flat) b (flat))."
    if isinstance(value, String):
        key = key_of_letters(value.value)
        if key is None:
            raise Wrong(f"{value.value!r} is no key signature", hint, value.at)
        return key
    assert isinstance(value, ListForm)
    wrong = Wrong("this list is no key signature", hint, value.at)
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
        raise Wrong("this list is no pitch", "Write (pitch '(c sharp)).", value.at)
    return Pitch(letter, sum(sign or 0 for sign in signs) if signs else None)


def _length(place: Place, values: Arguments) -> Value:
    value = values[0]
    if isinstance(value, String):
        length = length_of_text(value.value)
        if length is None:
            raise Wrong(f"{value.value!r} is no note length", 'Write "4" or "4.".', value.at)
        return length
    return Length(positive(value))


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
        raise Wrong("only notes can be slurred", "Write (slur (note ...)).")
    return replace(note, slurred=True)


def _part(place: Place, values: Arguments) -> Value:
    name = values[0]
    assert isinstance(name, String)
    return PartDeclaration(place, tuple(name.value.split("/")))


def _list(place: Place, values: Arguments) -> Value:
    return ListForm(place, tuple(values))  # type: ignore[arg-type]  # a list may hold any value


_ATTRIBUTES: Final[tuple[tuple[tuple[str, ...], str, str, Callable[[Arguments], object]], ...]] = (
    (("octave",), "n", "octave", lambda v: integer(v[0])),
    (("tempo",), "n nn sn", "tempo", _tempo),
    (("metric-modulation",), "nn ns sn ss", "metric_modulation", _modulation),
    (("quantization", "quantize", "quant"), "n", "quantization", lambda v: not_negative(v[0])),
    (("volume", "vol"), "n", "volume", lambda v: percentage(v[0])),
    (("track-volume", "track-vol"), "n", "track_volume", lambda v: percentage(v[0])),
    (("panning", "pan"), "n", "panning", lambda v: percentage(v[0])),
    (("set-duration",), "n", "duration", lambda v: Duration((Beats(positive(v[0])),))),
    (("set-duration-ms",), "n", "duration", lambda v: Duration((Milliseconds(positive(v[0])),))),
    (("set-note-length",), "n", "duration", lambda v: Duration((Length(positive(v[0])),))),
    (("set-note-length",), "s", "duration", lambda v: lengths(v[0])),
    (("key-signature", "key-sig"), "s l", "key", _key),
    (("transposition", "transpose"), "n", "transposition", lambda v: integer(v[0])),
    (("reference-pitch", "tuning-constant"), "n", "reference_pitch", lambda v: positive(v[0])),
    (("midi-channel",), "n", "midi_channel", lambda v: channel(v[0])),
)
"""Names, the signatures, the change that is made, its value from the arguments."""


def _change(kind: str, read: Callable[[Arguments], object], everywhere: bool, place: Place, values: Arguments) -> Value:
    return Attribute(place, Change(kind, read(values)), everywhere)


def changed(kinds: str, kind: str, read: Callable[[Arguments], object], everywhere: bool) -> tuple[Signature, ...]:
    """The signatures of a function that makes a change; `_` among `kinds` takes nothing."""
    make = partial(_change, kind, read, everywhere)
    return tuple(Signature("" if each == "_" else each, make) for each in kinds.split())


def _constant(value: object) -> Callable[[Arguments], object]:
    return lambda values: value


def _functions() -> Mapping[str, tuple[Signature, ...]]:
    table: dict[str, tuple[Signature, ...]] = {
        "list": (Signature("*+", _list),),
        "ms": (Signature("n", lambda place, v: Milliseconds(positive(v[0]))),),
        "note-length": (Signature("n", _length), Signature("s", _length)),
        "duration": (Signature("d+", lambda place, v: Duration(tuple(map(_is_time, v)))),),
        "midi-note": (Signature("n", lambda place, v: Pitch(midi=integer(v[0]))),),
        "pitch": (Signature("l", _pitch),),
        "note": (Signature("p", _note), Signature("pd", _note)),
        "pause": (Signature("", _pause), Signature("d", _pause)),
        "slur": (Signature("e", _slur),),
        "part": (Signature("s", _part),),
    }
    for end, everywhere in (("", False), ("!", True)):
        for names, kinds, kind, read in _ATTRIBUTES:
            for name in names:
                table[name + end] = table.get(name + end, ()) + changed(kinds, kind, read, everywhere)
        for name, volume in DYNAMICS.items():
            table[name + end] = changed("_", "dynamic", _constant(volume), everywhere)
        table["octave" + end] += (Signature("y", partial(_octave, everywhere=everywhere)),)
    return MappingProxyType(table)


FUNCTIONS: Final = _functions()
"""Every function by name, with the arguments that it takes."""
