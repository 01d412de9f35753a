"""What a render is expected to measure: the files of `--measures` and `--expect`.

A file of expectations is what `--measures` writes, with as much left out as one likes, and tolerances:

    {"measures": {"peak_dbfs": {"max": -1.0}, "lufs": -16.2, "onsets": [0, 24000]},
     "stems": {"drums": {"peak_dbfs": -6.0}},
     "tolerances": {"lufs": 0.5}}

A value is a number (or list), met within its tolerance, or {"min": ..., "max": ...}, met exactly.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from marmalade_sc.errors import UsageError, nearest
from marmalade_sc.measures.compare import NAMES, TOLERANCES, Bounds, Difference, Expected, compare
from marmalade_sc.measures.measure import Measures

__all__ = ["Expectation", "Report", "load_expectation", "parse_expectation"]

_LISTS = frozenset({"rms_db", "onsets", "dc"})


@dataclass(frozen=True, slots=True)
class Report:
    """The measures of a render: of the mix, and of each stem by name."""

    measures: Measures
    stems: Mapping[str, Measures]

    def to_json(self) -> str:
        """The text of a `--measures` file."""
        stems = {name: stem.to_json() for name, stem in self.stems.items()}
        return json.dumps({"measures": self.measures.to_json(), "stems": stems}, indent=1, allow_nan=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "Report":
        """The report of `to_json`. Raises UsageError when it is not one."""
        row = _mapping(_parsed(text), "the file of measures")
        measures = Measures.from_json(_mapping(row.get("measures"), "measures"))
        stems = _mapping(row.get("stems", {}), "stems")
        return cls(measures, {name: Measures.from_json(_mapping(stem, name)) for name, stem in stems.items()})


@dataclass(frozen=True, slots=True)
class Expectation:
    """Expected values by measure, for the mix and each stem, and the tolerances."""

    measures: Mapping[str, Expected]
    stems: Mapping[str, Mapping[str, Expected]]
    tolerances: Mapping[str, float]

    def differences(self, report: Report) -> list[Difference]:
        """How a report differs from what was expected, the mix first; empty when it does not."""
        found = compare(report.measures, self.measures, self.tolerances)
        for name, expected in self.stems.items():
            stem = report.stems.get(name)
            if stem is None:
                found.append(Difference(name, "stem", "there", "missing", ""))
            else:
                found += compare(stem, expected, self.tolerances, where=name)
        return found


def load_expectation(path: Path) -> Expectation:
    """Reads a file of expectations. Raises UsageError, with its path, when it is missing or cannot be read as one."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read: {error}", hint="give a JSON file made with --measures") from error
    try:
        return parse_expectation(text)
    except UsageError as error:
        raise UsageError(f"{path}: {error.message}", hint=error.hint) from error


def parse_expectation(text: str) -> Expectation:
    """The expectation that a JSON text holds.

    Raises:
        UsageError: when it is no JSON, or names a measure that does not exist (with the nearest), or a value that
            cannot be.
    """
    row = _mapping(_parsed(text), "the file of expectations")
    for key in row:
        if key not in ("measures", "stems", "tolerances"):
            raise UsageError(f"expectations have no {key!r}", hint='use "measures", "stems" and "tolerances"')
    tolerances = dict(TOLERANCES)
    for name, value in _mapping(row.get("tolerances", {}), "tolerances").items():
        tolerances[_known(name)] = _number(value, f"the tolerance of {name}")
    stems = _mapping(row.get("stems", {}), "stems")
    return Expectation(
        _expected(_mapping(row.get("measures", {}), "measures")),
        {name: _expected(_mapping(stem, f"the stem {name}")) for name, stem in stems.items()},
        tolerances,
    )


def _expected(row: Mapping[str, object]) -> dict[str, Expected]:
    return {_known(name): _value(name, value) for name, value in row.items()}


def _value(name: str, value: object) -> Expected:
    if isinstance(value, dict):
        if not value or not set(value) <= {"min", "max"}:
            raise UsageError(f"{name} cannot be {value!r}", hint='bounds are {"min": ..., "max": ...}')
        bounds = [None if value.get(key) is None else _number(value[key], name) for key in ("min", "max")]
        return Bounds(*bounds)
    if value is None and name == "lufs":
        return None
    if isinstance(value, list):
        if name not in _LISTS:
            raise UsageError(f"{name} is one number, not a list", hint=f"write {name!r}: -1.0, for example")
        return tuple(_number(item, name) for item in value)
    if name in _LISTS:
        raise UsageError(f"{name} is a list", hint='give a list, or {"min": ..., "max": ...} for all of its values')
    return _number(value, name)


def _known(name: str) -> str:
    if name not in NAMES:
        near = nearest(name, NAMES)
        raise UsageError(f"there is no measure {name!r}", hint=f"did you mean {near}?" if near else ", ".join(NAMES))
    return name


def _number(value: object, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise UsageError(f"{name} cannot be {value!r}", hint="give a number")
    return value


def _mapping(value: object, name: str) -> dict[str, object]:
    if not isinstance(value, dict):
        raise UsageError(f"{name} is not a JSON object", hint='{"measures": {"peak_dbfs": {"max": -1}}} is one')
    return value


def _parsed(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError as error:
        raise UsageError(f"the JSON cannot be read: {error}") from error
