"""What is the same in all events that name the same sound and the same controls: which number goes where.

An event that never was before costs ten times a struct's packing by `note_of`, most of it to find out what a thousand
before it had found out as well; by its shape four times. What is not plain (a sample, a gain, a word, a number out of
its range) is left to `note_of`, which is the rule: the tests hold both against each other.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Final

from marmalade_sc.patterns.pitch import resolve_pitch
from marmalade_sc.sdk.instruments import Instrument, Orchestra

__all__ = ["LEGATO", "OWN", "PITCH", "Shape", "shape_of"]

PITCH: Final = frozenset({"degree", "note", "n", "scale", "root", "oct", "transpose", "freq"})
OWN: Final = frozenset({"s", "dur", "gain", "amp", "sustain", *PITCH})
LEGATO: Final = 0.9
"""A note sounds for nine tenths of its step unless `dur` or `sustain` says otherwise."""
_MOST_PITCHES: Final = 1_000
_Range = tuple[int, float, float]


@dataclass(slots=True)
class Shape:
    """Where the numbers of such an event go: indices of controls, each with its range.

    Attributes:
        instrument: None where such events are not plain.
        controls: of those that are given as they are, by name.
        sustain: of the length; None where it is given as it is, or there is no such control.
        has_dur: the length is told as a share of the step.
        freq: of the pitch; None where the event names none.
        pitch: what of an event its pitch is made of; `frequencies` those that were made, for scales have few notes.
        memo: belongs to `sdk.notes`: packed control values by what they were made of.
    """

    instrument: Instrument | None = None
    controls: tuple[tuple[str, int, float, float], ...] = ()
    sustain: _Range | None = None
    has_dur: bool = False
    freq: _Range | None = None
    pitch: Callable[[Mapping[str, object]], object] = repr
    frequencies: dict[object, float | None] = field(default_factory=dict)
    memo: dict[tuple[object, ...], tuple[Instrument, bytes]] = field(default_factory=dict)

    def packed(self, value: Mapping[str, object], length_s: float) -> tuple[Instrument, bytes] | None:
        """The instrument and all control values as bytes; None where the event is not plain.

        Raises:
            ControlError: its pitch cannot be.
        """
        instrument = self.instrument
        if instrument is None:
            return None
        values = list(instrument.defaults)
        for name, place, low, high in self.controls:
            number = value[name]
            if type(number) is not float:
                if not isinstance(number, int):
                    return None
                number = float(number)
            if not low <= number <= high:
                return None
            values[place] = number + 0.0  # -0.0, which is one key with 0.0, as 0.0
        if self.sustain is not None:
            share = value["dur"] if self.has_dur else LEGATO
            if type(share) is not float:
                return None
            place, low, high = self.sustain
            number = length_s * share
            if not low <= number <= high:
                return None
            values[place] = number + 0.0
        if self.freq is not None:
            wanted = self.pitch(value)
            try:
                frequency = self.frequencies[wanted]
            except KeyError:
                if len(self.frequencies) >= _MOST_PITCHES:
                    self.frequencies.clear()
                frequency = self.frequencies[wanted] = resolve_pitch(value)
            place, low, high = self.freq
            if frequency is not None:
                if not low <= frequency <= high:
                    return None
                values[place] = frequency
        return instrument, instrument.pack.pack(*values)


def shape_of(value: Mapping[str, object], orchestra: Orchestra) -> Shape:
    """The shape of an event.

    Raises:
        UnknownNameError: `s` names nothing.
    """
    name = value.get("s")
    if type(name) is not str or not {"chord", "gain"}.isdisjoint(value):
        return Shape()
    if name in orchestra.banks():
        return Shape()
    instrument, _ = orchestra.find(name)
    index = instrument.index

    def place(control: str) -> _Range:
        return index[control], instrument.lows[index[control]], instrument.highs[index[control]]

    plain = [each for each in value if each not in OWN or each in ("amp", "sustain")]
    if not all(each in index for each in plain):
        return Shape()  # refused there
    if "freq" in value and "freq" not in index:
        return Shape()
    pitch = [each for each in value if each in PITCH]
    is_pitched = bool(pitch) and "freq" in index
    has_length = "sustain" not in value
    if has_length and "sustain" not in index:
        return Shape()
    return Shape(
        instrument,
        tuple((each, *place(each)) for each in plain),
        place("sustain") if has_length else None,
        has_length and "dur" in value,
        place("freq") if is_pitched else None,
        itemgetter(*pitch) if is_pitched else repr,
    )
