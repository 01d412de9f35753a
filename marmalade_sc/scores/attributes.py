"""What a part has that a score can change, and how each change is made, for one part or from a time on for all."""

from bisect import bisect_right
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from marmalade_sc.scores.tree import Change

if TYPE_CHECKING:
    from marmalade_sc.scores.parts import Part

__all__ = ["DYNAMICS", "PLAIN", "TEMPI", "GlobalChanges", "apply"]

DYNAMICS: Final[Mapping[str, float]] = MappingProxyType(
    {
        "pppppp": 0.00787,
        "ppppp": 0.08419,
        "pppp": 0.16051,
        "ppp": 0.23683,
        "pp": 0.31314,
        "p": 0.38946,
        "mp": 0.46578,
        "mf": 0.54210,
        "f": 0.61841,
        "ff": 0.69473,
        "fff": 0.77105,
        "ffff": 0.84737,
        "fffff": 0.92368,
        "ffffff": 1.0,
    }
)
"""The volume of each dynamic marking."""

TEMPI: Final = frozenset({"tempo", "metric_modulation", "tempo_ramp"})
"""Changes of tempo."""

PLAIN: Final = MappingProxyType(
    {
        "tempo": "tempo",
        "octave": "octave",
        "volume": "volume",
        "dynamic": "volume",
        "track_volume": "track_volume",
        "panning": "panning",
        "quantization": "quantization",
        "duration": "duration",
        "key": "key",
        "transposition": "transposition",
        "reference_pitch": "reference_pitch",
    }
)
"""Changes that set one field of the part to their value."""


def _modulate(part: "Part", value: object) -> None:
    assert isinstance(value, float)
    part.tempo *= value


def _octave_up(part: "Part", value: object) -> None:
    part.octave += 1


def _octave_down(part: "Part", value: object) -> None:
    part.octave -= 1


def _channel(part: "Part", value: object) -> None:
    assert isinstance(value, int)
    if value == 9 and not part.instrument.is_percussion:
        raise ValueError(f"{part.name} cannot use MIDI channel 9: that one is for percussion")
    part.channel = value
    part.has_own_channel = True


_SPECIAL: Final[Mapping[str, Callable[["Part", object], None]]] = MappingProxyType(
    {
        "metric_modulation": _modulate,
        "octave_up": _octave_up,
        "octave_down": _octave_down,
        "midi_channel": _channel,
    }
)


def apply(change: Change, part: "Part") -> None:
    """Make a change.

    Raises:
        ValueError: the part cannot take it.
    """
    field = PLAIN.get(change.kind)
    if field is not None:
        setattr(part, field, change.value)
    else:
        _SPECIAL[change.kind](part, change.value)


class GlobalChanges:
    """Changes for all parts by their time; a part makes those that it has passed since its last event."""

    def __init__(self) -> None:
        self._offsets: list[float] = []
        self._changes: dict[float, list[Change]] = {}

    def __bool__(self) -> bool:
        return bool(self._offsets)

    def record(self, offset_ms: float, change: Change) -> None:
        """Note a change at a time."""
        if offset_ms not in self._changes:
            self._changes[offset_ms] = []
            self._offsets.insert(bisect_right(self._offsets, offset_ms), offset_ms)
        self._changes[offset_ms].append(change)

    def between(self, after_ms: float, until_ms: float) -> list[tuple[float, Change]]:
        """The changes later than `after_ms` and not later than `until_ms`, in order, with their times."""
        begin, end = bisect_right(self._offsets, after_ms), bisect_right(self._offsets, until_ms)
        return [(offset, change) for offset in self._offsets[begin:end] for change in self._changes[offset]]
