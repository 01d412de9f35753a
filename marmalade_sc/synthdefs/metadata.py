"""What is known of a synthdef without running it: its controls, kind and compiled names. No supriya here."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias, cast

__all__ = [
    "INTERNAL",
    "MAXIMUM_NAME",
    "Control",
    "Definition",
    "Json",
    "Kind",
    "is_name",
]

Json: TypeAlias = None | bool | int | float | str | list["Json"] | dict[str, "Json"]
Kind: TypeAlias = Literal["voice", "sampler", "effect"]

#: The controls that the framework adds behind the author's, in this order, to every synthdef. `gate` is 1; an effect
#: fades out in 20 ms and is freed at 0, a voice (whose end is its own affair) within `-1 - gate` seconds below -1.
INTERNAL = ("out", "at_block", "at_offset", "random_id", "random_seed", "gate")
#: Longest name of a synthdef: the wire name adds 15 characters.
MAXIMUM_NAME = 64

_NAME = re.compile(r"[a-z][a-z0-9_]*")


def is_name(text: str) -> bool:
    """Whether `text` can name a synthdef, an alias or a control: lower case letters, digits and `_`."""
    return len(text) <= MAXIMUM_NAME and _NAME.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class Control:
    """A control that an author declares. Values outside `[low, high]` are a mistake of the caller."""

    name: str
    default: float
    unit: str = ""
    low: float = 0.0
    high: float = 1.0
    doc: str = ""

    def problem(self) -> str:
        """Why this control cannot be, or an empty string."""
        values = (self.default, self.low, self.high)
        if not all(isinstance(value, int | float) and math.isfinite(value) for value in values):
            return f"default, low and high must be finite numbers, not {self.default}, {self.low}, {self.high}"
        if self.low > self.high:
            return f"low {self.low:g} is above high {self.high:g}"
        if not self.low <= self.default <= self.high:
            return f"default {self.default:g} is outside its range {self.low:g} to {self.high:g}"
        return ""

    def clipped(self, value: float) -> float:
        """The value brought into the range."""
        return min(max(value, self.low), self.high)

    def to_json(self) -> dict[str, Json]:
        """The control as a row of the catalogue."""
        return {
            "name": self.name,
            "default": self.default,
            "low": self.low,
            "high": self.high,
            "unit": self.unit,
            "doc": self.doc,
        }

    @classmethod
    def from_json(cls, row: Mapping[str, Json]) -> "Control":
        """The control of a row. Raises KeyError or TypeError where the row is not one."""
        return cls(
            name=str(row["name"]),
            default=_number(row["default"]),
            unit=str(row["unit"]),
            low=_number(row["low"]),
            high=_number(row["high"]),
            doc=str(row["doc"]),
        )


@dataclass(frozen=True, slots=True)
class Definition:
    """One compiled synthdef: a row of the catalogue.

    `controls` are the author's, at control indices 0, 1, ...; the framework's own (`internal`) follow. `wall` and
    `exact` are the names that scsynth knows; `exact` is None where only the wall variant makes sense (effects, and
    voices that read live input or buses). `channels` is what the author's function returned, 1 or 2; all voices play
    in stereo. `tail_s` is the longest time that a voice may sound behind its sustain.
    """

    name: str
    hash: str
    wall: str
    exact: str | None
    kind: Kind
    controls: tuple[Control, ...]
    channels: int
    random: bool
    doc: str
    file: str = ""
    aliases: tuple[str, ...] = ()
    tail_s: float = 10.0
    units: int = 0

    @property
    def internal(self) -> tuple[str, ...]:
        """The names of the framework's own controls, in index order behind the author's."""
        return INTERNAL

    def control(self, name: str) -> Control | None:
        """The author's control of that name."""
        return next((control for control in self.controls if control.name == name), None)

    def index(self, name: str) -> int:
        """The index of a control, the author's or the framework's. Raises KeyError for others."""
        names = [control.name for control in self.controls] + list(self.internal)
        if name not in names:
            raise KeyError(name)
        return names.index(name)

    def defaults(self) -> tuple[float, ...]:
        """The defaults of the author's controls, by index."""
        return tuple(control.default for control in self.controls)

    def in_file(self, file: str) -> "Definition":
        """The same definition, found in that file."""
        return replace(self, file=file)

    def to_json(self) -> dict[str, Json]:
        """The row of the catalogue."""
        return {
            "name": self.name,
            "hash": self.hash,
            "wall": self.wall,
            "exact": self.exact,
            "kind": self.kind,
            "controls": [control.to_json() for control in self.controls],
            "internal": list(self.internal),
            "channels": self.channels,
            "random": self.random,
            "doc": self.doc,
            "file": self.file,
            "aliases": list(self.aliases),
            "tail_s": self.tail_s,
            "units": self.units,
        }

    @classmethod
    def from_json(cls, row: Mapping[str, Json]) -> "Definition":
        """The definition of a row. Raises KeyError, TypeError or ValueError where the row is not one."""
        kind = row["kind"]
        if kind not in ("voice", "sampler", "effect"):
            raise ValueError(f"kind {kind} is not voice, sampler or effect")
        return cls(
            name=str(row["name"]),
            hash=str(row["hash"]),
            wall=str(row["wall"]),
            exact=None if row["exact"] is None else str(row["exact"]),
            kind=cast(Kind, kind),
            controls=tuple(Control.from_json(_mapping(control)) for control in _list(row["controls"])),
            channels=int(_number(row["channels"])),
            random=bool(row["random"]),
            doc=str(row["doc"]),
            file=str(row["file"]),
            aliases=tuple(str(alias) for alias in _list(row.get("aliases", []))),
            tail_s=_number(row.get("tail_s", 10.0)),
            units=int(_number(row.get("units", 0))),
        )


def _number(value: Json) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{value!r} is not a number")
    return float(value)


def _list(value: Json) -> list[Json]:
    if not isinstance(value, list):
        raise TypeError(f"{value!r} is not a list")
    return value


def _mapping(value: Json) -> dict[str, Json]:
    if not isinstance(value, dict):
        raise TypeError(f"{value!r} is not a mapping")
    return value
