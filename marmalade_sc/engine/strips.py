"""What a channel strip is set to, and how settings are read from a frame."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from marmalade_sc.errors import EngineError, IdError
from marmalade_sc.ids import check_name

__all__ = ["SILENCE_DB", "Insert", "StripSettings", "clamped"]

SILENCE_DB: Final = -96.0
"""A fader at its lower end."""
_MOST_INSERTS: Final = 8
_MOST_SENDS: Final = 4


@dataclass(frozen=True, slots=True)
class Insert:
    """An effect in a strip: the synthdef's name on the server and its controls."""

    wire: str
    controls: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class StripSettings:
    """What a channel strip is set to.

    Attributes:
        gain_db: -96 to +24; -96 and below is silence.
        pan: -1 left to +1 right.
        mute, solo: as on a desk; a track sounds when it is not muted and no other is soloed alone.
        inserts: at most eight effects, first to last.
        sends: at most four (track name, level in dB) pairs: what goes to another track's strip, behind the fader.
        group: name of the track whose strip takes this one's sound instead of the master; "" for the master.
        fade_s: how long gain, pan and mute take to get there; gain and mute evenly in dB.
    """

    gain_db: float = 0.0
    pan: float = 0.0
    mute: bool = False
    solo: bool = False
    inserts: tuple[Insert, ...] = ()
    sends: tuple[tuple[str, float], ...] = ()
    group: str = ""
    fade_s: float = 0.01

    @property
    def targets(self) -> tuple[str, ...]:
        """Tracks whose strips hear this one."""
        return (*(name for name, _ in self.sends), *([self.group] if self.group else ()))

    @classmethod
    def read(cls, data: Mapping[str, object], older: "StripSettings") -> "StripSettings":
        """`older` with what `data` names, clamped to the ranges above.

        Raises:
            EngineError: a key is not known or a value has a wrong type.
        """
        try:
            values = {name: getattr(older, name) for name in cls.__slots__}
            for name, value in data.items():
                if name == "gain_db":
                    values[name] = clamped(value, SILENCE_DB, 24.0)
                elif name == "pan":
                    values[name] = clamped(value, -1.0, 1.0)
                elif name == "fade_s":
                    values[name] = clamped(value, 0.005, 60.0)
                elif name in ("mute", "solo"):
                    values[name] = bool(value)
                elif name == "group":
                    values[name] = check_name(str(value), "track") if value else ""
                elif name == "inserts" and isinstance(value, list):
                    values[name] = tuple(
                        Insert(str(row["wire"]), tuple((str(k), float(v)) for k, v in row["controls"].items()))
                        for row in value[:_MOST_INSERTS]
                    )
                elif name == "sends" and isinstance(value, dict):
                    values[name] = tuple(
                        (check_name(k, "track"), clamped(v, SILENCE_DB, 24.0))
                        for k, v in sorted(value.items())[:_MOST_SENDS]
                    )
                else:
                    raise ValueError(name)
        except (IdError, TypeError, ValueError, KeyError, AttributeError) as error:
            raise EngineError(f"A channel strip cannot be set to {dict(data)!r:.200}: {error}") from error
        return cls(**values)


def clamped(value: object, low: float, high: float) -> float:
    """A number brought into a range.

    Raises:
        ValueError: it is none.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
        raise ValueError(f"{value!r:.40} is not a number")
    return min(high, max(low, float(value)))
