"""From the value of an event to a note: which instrument, and the number of each of its controls.

Pure. The same function serves the live host and a render, so both play the same numbers.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from marmalade_sc.errors import ControlError, UsageError
from marmalade_sc.patterns.pitch import resolve_pitch
from marmalade_sc.sdk.instruments import Instrument, Orchestra
from marmalade_sc.sdk.shapes import LEGATO, OWN, PITCH, Shape, shape_of

__all__ = ["Note", "check_ranges", "note_of", "packed_note"]

_MOST_OF_A_SHAPE: Final = 4_000
_MOST_REMEMBERED: Final = 20_000
"""Of all shapes together: 5 MB."""
_MOST_SHAPES: Final = 1_000


@dataclass(frozen=True, slots=True)
class Note:
    """An instrument with all control values by index. `values` is ready for `instrument.pack`."""

    instrument: Instrument
    values: tuple[float, ...]


def packed_note(value: object, orchestra: Orchestra, length_s: float) -> tuple[Instrument, bytes] | None:
    """`note_of` with the control values as ready bytes, remembered: music repeats itself.

    A value that was seen costs a third of one that was not. Raises like `note_of`.
    """
    if type(value) is not dict:
        return _made(value, orchestra, length_s)
    try:
        shape = orchestra.shapes.get((value.get("s"), *value))
        if shape is None:
            shape = _new_shape(value, orchestra)
        key = (length_s, *value.values())
        found = shape.memo.get(key)
    except TypeError:  # a value that cannot be hashed
        return _made(value, orchestra, length_s)
    if found is not None:
        return found
    made = shape.packed(value, length_s) or _made(value, orchestra, length_s)
    if made is not None:
        if len(shape.memo) >= _MOST_OF_A_SHAPE:
            orchestra.remembered -= len(shape.memo)
            shape.memo.clear()
        elif orchestra.remembered >= _MOST_REMEMBERED:
            _forget(orchestra)
        orchestra.remembered += 1
        shape.memo[key] = made
    return made


def _new_shape(value: dict[str, object], orchestra: Orchestra) -> Shape:
    if len(orchestra.shapes) >= _MOST_SHAPES:
        orchestra.shapes.clear()
        orchestra.remembered = 0
    shape = orchestra.shapes[value.get("s"), *value] = shape_of(value, orchestra)
    return shape


def _forget(orchestra: Orchestra) -> None:
    for shape in orchestra.shapes.values():
        shape.memo.clear()
        shape.frequencies.clear()
    orchestra.remembered = 0


def _made(value: object, orchestra: Orchestra, length_s: float) -> tuple[Instrument, bytes] | None:
    note = note_of(value, orchestra, length_s)
    return None if note is None else (note.instrument, note.instrument.pack.pack(*note.values))


def note_of(value: object, orchestra: Orchestra, length_s: float) -> Note | None:
    """The note of an event's value; None for a value that plays nothing (no `s`).

    Args:
        value: a mapping of controls, as control patterns have.
        length_s: length of the event in seconds.

    Raises:
        UnknownNameError: `s` names nothing.
        ControlError: a control does not exist or cannot be what it is.
        UsageError: the value is not a mapping of controls.
    """
    if not isinstance(value, Mapping):
        shown = re.sub(r" at 0x[0-9a-f]+", "", repr(value))
        raise UsageError(
            f"A track cannot play {shown:.60}: it is a value, not a sound",
            hint='Say what plays it, as in s("bd sn") or bass("0 3").',
        )
    name = value.get("s")
    if name is None:
        return None
    if "chord" in value:
        raise ControlError(f"{value['chord']} is a chord, not yet notes", hint="Write chord(...).voicing().")
    instrument, sample = orchestra.find(str(name), _whole(value.get("n", 0)))
    controls: dict[str, float] = {k: _number(k, v) for k, v in value.items() if k not in OWN}
    index = instrument.index
    if "amp" in value or "gain" in value:
        level = _number("amp", value["amp"]) if "amp" in value else instrument.defaults[index["amp"]]
        controls["amp"] = level * _number("gain", value.get("gain", 1.0))
    if "sustain" in value:
        controls["sustain"] = _number("sustain", value["sustain"])
    elif "dur" in value:
        controls["sustain"] = length_s * _number("dur", value["dur"])
    elif sample is None:
        controls["sustain"] = length_s * LEGATO
    if sample is not None:
        if isinstance(number := value.get("n", 0), float) and not math.isfinite(number):
            raise ControlError(f"n cannot be {number:g}", hint="Give the number of a sample.")
        controls["buf"] = float(sample.buffer)
        _pitch_of_sample(value, controls)
    elif "freq" in index:
        frequency = resolve_pitch(value)
        if frequency is not None:
            controls["freq"] = frequency
    elif "freq" in value:
        controls["freq"] = _number("freq", value["freq"])  # refused below, with the controls that there are
    return Note(instrument, tuple(instrument.values(controls)))


def check_ranges(value: object, orchestra: Orchestra) -> None:
    """Refuse what `note_of` would clip: for where a value is typed, not for where it plays.

    Only controls that the value names are looked at; a pitch or a length that comes of others is clipped as ever.

    Raises:
        ControlError: a control lies outside its range; tells the range.
        UsageError: whatever `note_of` raises for the same value.
    """
    if not isinstance(value, Mapping) or value.get("s") is None:
        return
    instrument, _ = orchestra.find(str(value["s"]), _whole(value.get("n", 0)))
    for name, what in value.items():
        if (place := instrument.index.get(name)) is None or name == "s":
            continue
        number, low, high = _number(name, what), instrument.lows[place], instrument.highs[place]
        if not low <= number <= high:
            unit = f" {unit}" if (unit := instrument.units[place] if instrument.units else "") else ""
            raise ControlError(
                f"{name!r} of {instrument.name} cannot be {number:g}", hint=f"It goes from {low:g} to {high:g}{unit}."
            )


def _pitch_of_sample(value: Mapping[str, object], controls: dict[str, float]) -> None:
    """A note or degree plays a sample faster or slower; middle C is its own pitch. `n` picks the file instead."""
    pitched = {name: what for name, what in value.items() if name in PITCH - {"n"}}
    if "note" in pitched or "degree" in pitched or "freq" in pitched:
        frequency = resolve_pitch(pitched)
        if frequency is not None:
            controls["speed"] = controls.get("speed", 1.0) * frequency / 261.6255653005986


def _whole(value: object) -> int:
    return int(value) if isinstance(value, int | float) and math.isfinite(value) else 0


def _number(name: str, value: object) -> float:
    if type(value) is float:  # nearly always, and most quickly said
        return value
    if not isinstance(value, int | float):  # True is 1, as it is for Python
        try:
            return float(str(value))
        except ValueError:
            raise ControlError(f"{name} cannot be {value!r:.60}", hint="Give a number.") from None
    return float(value)
