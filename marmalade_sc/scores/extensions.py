"""What a score may say beyond Alda's language, where that is asked for. Alda 2.4 refuses every one of these.

One table: what a musician reads in docs/scores.md is tested against it.
"""

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Final

from marmalade_sc.errors import nearest
from marmalade_sc.scores.attributes import DYNAMICS
from marmalade_sc.scores.feel import Humanity, Toward
from marmalade_sc.scores.forms import (
    Arguments,
    Pitch,
    Signature,
    Value,
    Wrong,
    beats_in,
    number,
    percentage,
    positive,
)
from marmalade_sc.scores.functions import FUNCTIONS, changed
from marmalade_sc.scores.keys import SEMITONES
from marmalade_sc.scores.ornaments import Ornament
from marmalade_sc.scores.tree import ListForm, Number, Place, String, Symbol
from marmalade_sc.scores.tunings import TUNINGS, EqualDivision, Temperament, Tuning

__all__ = ["EXTENDED", "EXTENSIONS"]

_LONGEST_BEATS: Final = 100_000.0


def _within(value: Value, low: float, high: float, what: str) -> float:
    found = number(value)
    if not low <= found.value <= high:
        raise Wrong(f"{found.value:g} cannot be {what}", f"It must be between {low:g} and {high:g}.", found.at)
    return found.value


def _over(value: Value) -> float:
    """Beats that something takes: a number, or a text of note lengths."""
    beats = beats_in(value) if isinstance(value, String) else number(value).value
    if not 0 < beats <= _LONGEST_BEATS:
        at = value.at if isinstance(value, String | Number) else None
        raise Wrong("this takes no time, or too much", 'Give beats, such as 8, or note lengths, such as "1~1".', at)
    return beats


def _level(value: Value) -> float:
    if not isinstance(value, Symbol):
        return percentage(value)
    if value.name not in DYNAMICS:
        close = nearest(value.name, DYNAMICS)
        raise Wrong(f"{value.name} is no dynamic", f"Did you mean '{close}?" if close else "Write 'ff.", value.at)
    return DYNAMICS[value.name]


def _quantized(value: Value) -> float:
    return _within(value, 0, 1000, "a quantization") / 100


def _toward(read: Callable[[Value], float], values: Arguments) -> Toward:
    return Toward(read(values[0]), _over(values[1]))


def _swing(values: Arguments) -> Toward:
    share = _within(values[0], 50, 90, "a swing, in percent of two notes") / 100
    return Toward(share, beats_in(values[1]) if len(values) > 1 else 0.5)


def _humanity(values: Arguments) -> Humanity | None:
    late_ms = _within(values[0], 0, 500, "milliseconds of deviation")
    share = _within(values[1], 0, 100, "percent of volume") / 100 if len(values) > 1 else late_ms / 200
    seed = int(_within(values[2], 0, 2**53, "a seed")) if len(values) > 2 else 0
    return Humanity(late_ms, share, seed) if late_ms or share else None


def _tuning(values: Arguments) -> Tuning:
    first = values[0]
    if isinstance(first, ListForm):
        cents = tuple(_within(item, -1200, 1200, "cents above the tonic") for item in _numbers(first))
        if len(cents) != 12:
            raise Wrong(f"a tuning of {len(cents)} notes cannot be", "Give 12, in cents above the tonic.", first.at)
        return Temperament(cents, _tonic(values))
    assert isinstance(first, Symbol)
    if first.name == "edo":
        if len(values) < 2 or not isinstance(values[1], Number):
            raise Wrong("the number of steps is missing", "Write (tuning 'edo 19).", first.at)
        steps = int(_within(values[1], 5, 311, "steps of an octave"))
        return EqualDivision(steps)
    if first.name not in TUNINGS:
        close = nearest(first.name, TUNINGS)
        there = ", ".join(TUNINGS)
        raise Wrong(f"no tuning is named {first.name}", f"Did you mean '{close}?" if close else f"{there}.", first.at)
    return Temperament(TUNINGS[first.name], _tonic(values))


def _numbers(items: ListForm) -> list[Number]:
    found = [item for item in items.items if isinstance(item, Number)]
    if len(found) < len(items.items):
        raise Wrong("this list has more than numbers", "Write '(0 112 204 ...).", items.at)
    return found


def _tonic(values: Arguments) -> int:
    """Semitones above c of a letter, perhaps with signs: 'c, 'e-, 'f+."""
    if len(values) < 2:
        return 0
    name = values[1]
    letters = name.name if isinstance(name, Symbol) else ""
    signs = letters[1:]
    if letters[:1] not in SEMITONES or signs.strip("+-"):
        raise Wrong("this is no tonic", "Write 'c, 'e- or 'f+.", name.at if isinstance(name, Symbol) else None)
    return (SEMITONES[letters[0]] + signs.count("+") - signs.count("-")) % 12


def _ornament(kind: str, values: Arguments) -> Ornament:
    steps = tuple(_within(value, -36, 36, "semitones") for value in values[:1])
    return Ornament(kind, beats_in(values[1]) if len(values) > 1 else 0.125, steps)


def _grace(values: Arguments) -> Ornament:
    if len(values) > 8:
        raise Wrong(f"{len(values)} grace notes are too many", "Eight can be played.")
    return Ornament("grace", steps=tuple(_within(value, -36, 36, "semitones") for value in values))


def _tremolo(values: Arguments) -> Ornament:
    return Ornament("tremolo", beats_in(values[0]) if values else 0.125)


def _fine_note(place: Place, values: Arguments) -> Value:
    return Pitch(midi=_plain(_within(values[0], 0, 127, "a MIDI note")))


def _plain(value: float) -> float:
    return int(value) if value == int(value) else value


_RAMPS: Final[tuple[tuple[tuple[str, ...], str, str, Callable[[Value], float]], ...]] = (
    (("volume>", "vol>"), "nn ns yn ys", "volume_ramp", _level),
    (("track-volume>", "track-vol>"), "nn ns", "track_volume_ramp", percentage),
    (("panning>", "pan>"), "nn ns", "panning_ramp", percentage),
    (("quantization>", "quantize>", "quant>"), "nn ns", "quantization_ramp", _quantized),
    (("tempo>",), "nn ns", "tempo_ramp", positive),
)
_SETTINGS: Final[tuple[tuple[tuple[str, ...], str, str, Callable[[Arguments], object]], ...]] = (
    (("swing",), "n nn ns", "swing", _swing),
    (("humanize",), "n nn nnn", "humanity", _humanity),
    (("cents",), "n", "cents", lambda v: _within(v[0], -1200, 1200, "cents")),
    (("tuning",), "y yy yn l ly", "tuning", _tuning),
    (("transposition", "transpose"), "n", "transposition", lambda v: _plain(_within(v[0], -127, 127, "semitones"))),
)
_ONCE: Final[tuple[tuple[str, str, str, Callable[[Arguments], object]], ...]] = (
    ("trill", "_ n nn ns", "ornament", partial(_ornament, "trill")),
    ("mordent", "_ n", "ornament", partial(_ornament, "mordent")),
    ("inverted-mordent", "_ n", "ornament", partial(_ornament, "inverted-mordent")),
    ("turn", "_ n", "ornament", partial(_ornament, "turn")),
    ("grace", "n+", "ornament", _grace),
    ("tremolo", "_ n s", "ornament", _tremolo),
    ("strum", "_ n", "strum", lambda v: _within(v[0], -500, 500, "milliseconds") if v else 30.0),
    ("staccato", "_", "sounding", lambda v: 0.5),
    ("staccatissimo", "_", "sounding", lambda v: 0.25),
    ("tenuto", "_", "sounding", lambda v: 10 / 9),
    ("accent", "_", "louder", lambda v: 1.25),
    ("marcato", "_", "louder", lambda v: 1.5),
)
"""For the next note or chord alone; _ takes nothing."""


def _extensions() -> Mapping[str, tuple[Signature, ...]]:
    table: dict[str, tuple[Signature, ...]] = {"midi-note": (Signature("n", _fine_note),)}
    for end, everywhere in (("", False), ("!", True)):
        for names, kinds, kind, read in _RAMPS:
            for name in names:
                table[name + end] = changed(kinds, kind, partial(_toward, read), everywhere)
        for names, kinds, kind, made in _SETTINGS:
            for name in names:
                table[name + end] = changed(kinds, kind, made, everywhere)
    for name, kinds, kind, made in _ONCE:
        table[name] = changed(kinds, kind, made, False)
    return MappingProxyType(table)


EXTENSIONS: Final = _extensions()
"""Functions that Alda does not have, and those of Alda that take more than whole numbers here."""
EXTENDED: Final[Mapping[str, tuple[Signature, ...]]] = MappingProxyType({**FUNCTIONS, **EXTENSIONS})
"""All functions of a score with extensions."""
