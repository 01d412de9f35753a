"""How measures differ from what was expected, as rows for a table."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from types import MappingProxyType

from marmalade_sc.measures.measure import Measures

__all__ = ["NAMES", "TOLERANCES", "Bounds", "Difference", "Expected", "compare", "table"]

#: How far each measure may be from what was expected, in its own unit (onsets and frames in frames).
TOLERANCES: Mapping[str, float] = MappingProxyType(
    {
        "rate": 0,
        "channels": 0,
        "frames": 64,
        "peak_dbfs": 0.1,
        "true_peak_dbtp": 0.2,
        "lufs": 0.1,
        "rms_db": 0.5,
        "onsets": 0,
        "leading_silence_s": 0.002,
        "trailing_silence_s": 0.01,
        "longest_silence_s": 0.01,
        "silent_fraction": 0.01,
        "dc": 1e-4,
        "clipped": 0,
        "invalid": 0,
    }
)
NAMES = tuple(field.name for field in fields(Measures))
#: Differences of one list that are told one by one.
_TOLD = 5


@dataclass(frozen=True, slots=True)
class Bounds:
    """The least and the most that a measure may be; None for no bound."""

    low: float | None
    high: float | None

    def __str__(self) -> str:
        low = "" if self.low is None else f"{self.low:g}"
        return f"{low}..{'' if self.high is None else f'{self.high:g}'}"


Expected = float | None | tuple[float, ...] | Bounds


@dataclass(frozen=True, slots=True)
class Difference:
    """One measure that is not as expected. `where` is "mix" or the name of a stem."""

    where: str
    measure: str
    expected: str
    measured: str
    allowed: str


def compare(
    measures: Measures,
    expected: Measures | Mapping[str, Expected],
    tolerances: Mapping[str, float] = TOLERANCES,
    *,
    where: str = "mix",
) -> list[Difference]:
    """How measures differ from expected ones, in the order of the measures; empty when they do not."""
    if isinstance(expected, Measures):
        expected = {name: getattr(expected, name) for name in NAMES}
    found: list[Difference] = []
    for name in NAMES:
        if name in expected:
            allowed = tolerances.get(name, TOLERANCES[name])
            rows = _differences(name, expected[name], getattr(measures, name), allowed)
            found += [Difference(where, *row, f"±{allowed:g}") for row in rows]
    return found


def _differences(
    name: str, expected: Expected, measured: float | tuple[float, ...] | None, allowed: float
) -> list[tuple[str, str, str]]:
    """Rows of (measure, expected, measured) that differ by more than is allowed."""
    if isinstance(expected, Bounds):
        values = measured if isinstance(measured, tuple) else (measured,)
        outside = [v for v in values if v is None or not _within(v, expected)]
        return [(name, str(expected), _text(outside[0]))] if outside else []
    if isinstance(expected, tuple) and isinstance(measured, tuple):
        return (
            _onset_rows(expected, measured, allowed) if name == "onsets" else _rows(name, expected, measured, allowed)
        )
    if expected is None or measured is None or isinstance(expected, tuple) or isinstance(measured, tuple):
        return [] if expected == measured else [(name, _text(expected), _text(measured))]
    return [] if abs(expected - measured) <= allowed + 1e-9 else [(name, _text(expected), _text(measured))]


def _within(value: float, bounds: Bounds) -> bool:
    return (bounds.low is None or value >= bounds.low) and (bounds.high is None or value <= bounds.high)


def _rows(
    name: str, expected: Sequence[float], measured: Sequence[float], allowed: float
) -> list[tuple[str, str, str]]:
    rows = []
    if len(expected) != len(measured):
        rows.append((f"{name} (values)", str(len(expected)), str(len(measured))))
    pairs = enumerate(zip(expected, measured, strict=False))
    wrong = [(abs(a - b), index) for index, (a, b) in pairs if abs(a - b) > allowed + 1e-9]
    for _, index in sorted(wrong, reverse=True)[:_TOLD]:
        rows.append((f"{name}[{index}]", _text(expected[index]), _text(measured[index])))
    if len(wrong) > _TOLD:
        rows.append((f"{name} (others)", "0", f"{len(wrong) - _TOLD} more"))
    return rows


def _onset_rows(expected: Sequence[float], measured: Sequence[float], allowed: float) -> list[tuple[str, str, str]]:
    """Onsets that are missing and that are too many, each matched with the nearest not yet taken, in order."""
    missing, extra = [], []
    at = 0
    for onset in expected:
        while at < len(measured) and measured[at] < onset - allowed:
            extra.append(measured[at])
            at += 1
        if at < len(measured) and measured[at] <= onset + allowed:
            at += 1
        else:
            missing.append(onset)
    extra += measured[at:]
    rows = [("onsets", _text(onset), "missing") for onset in missing[:_TOLD]]
    rows += [("onsets", "none", _text(onset)) for onset in extra[:_TOLD]]
    left = max(0, len(missing) - _TOLD) + max(0, len(extra) - _TOLD)
    return rows if not left else [*rows, ("onsets (others)", "0", f"{left} more")]


def table(differences: Iterable[Difference]) -> str:
    """The differences as a table of plain text, one line each under a head; empty for none."""
    rows = [(d.where, d.measure, d.expected, d.measured, d.allowed) for d in differences]
    if not rows:
        return ""
    rows.insert(0, ("where", "measure", "expected", "measured", "allowed"))
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    lines.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(lines)


def _text(value: Expected) -> str:
    if value is None:
        return "none"
    if isinstance(value, tuple):
        return f"{len(value)} values"
    return f"{value:g}" if isinstance(value, int | float) and abs(value) < 1e5 else str(value)
