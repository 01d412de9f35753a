"""The page of the language, written from its table: `python -m marmalade_sc.patterns.page > docs/language.md`."""

from marmalade_sc.patterns.chords import CHORDS
from marmalade_sc.patterns.controls import ALIASES, CONTROLS
from marmalade_sc.patterns.event import Value
from marmalade_sc.patterns.language import GROUPS, SYNONYMS, Entry, language, namespace
from marmalade_sc.patterns.onsets import pattern_onsets
from marmalade_sc.patterns.pattern import Pattern
from marmalade_sc.patterns.scales import SCALES

__all__ = ["example_events", "language_page"]

INTRODUCTION = """# The pattern language

Generated from the table in `marmalade_sc/patterns/language.py` by `python -m marmalade_sc.patterns.page`; a test
keeps it up to date, and keeps the events of every example as text.

A pattern is a pure function of time: ask it for a span of cycles (1 cycle is 1 bar) and it gives its events, the same
ones every time, everywhere. Patterns come from strings in the [notation](notation.md) and are changed by functions,
each of which can be used in three ways:

```python
s("bd sn").fast(2)           # as a method
fast(2, s("bd sn"))          # with the pattern last
s("bd sn").every(4, fast(2)) # without the pattern: a change, to be given to other functions
```

Wherever a number is expected, a notation or a pattern may stand: `p.fast("<2 3>")`, `p.ply("1 2")`. Times are exact:
`1/3` typed as a float is one third. Arguments are checked when they are given, and errors name function and value.

`+`, `-`, `*` and `/` work on patterns of numbers and of controls. The times are those of the left side, the value of
the right is looked up where each event begins. With events of controls, a number changes the degree where there is
one, else the note (without either: note 0).

Chance (`?`, `|`, `degrade`, `sometimes`, `rand`, `perlin`) depends only on the seed of the player, on where it stands
in the notation, and on the time. Two uses of the same function in one chain roll the same dice at the same time.
"""

CONTROL_TEXT = """## Controls

A voice, bound to a name by the player, makes patterns of controls: `bass("<0 [0 3] 5 4>*2", scale="minor", dur=.8)`.
Its first argument gives the times: numbers are degrees, names are notes. Every other control is given by keyword, as a
number, a notation or a pattern, and looked up where each note begins; a note at a rest of one of its controls is not
played. `p.set(amp=.5)` adds controls later. A notation for a control that is not listed here is read as numbers where
its steps look like numbers, else as words. Signals go from 0 to 1: a pan from side to side is `sine(4).range(-1, 1)`.

Note 0 is c5, middle C, MIDI note 60 (as in Tidal: an octave above the scientific name), so a5 is 440 Hz.
"""


def example_events(code: str, cycles: int = 2) -> str:
    """The onsets of an example in its first cycles, one per line, numbers to six digits."""
    pattern = eval(code, namespace())
    assert isinstance(pattern, Pattern)
    lines = [f"{begin} {end} {_short(value)}" for begin, end, value in pattern_onsets(pattern, cycles)]
    return "\n".join(lines) or "silence"


def _short(value: Value) -> str:
    if isinstance(value, dict):
        return " ".join(f"{key}={_short(each)}" for key, each in value.items())
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _entry(entry: Entry) -> str:
    synonyms = [synonym for synonym, name in SYNONYMS.items() if name == entry.name]
    prefix = "p." if entry.is_method and entry.object is None else ""
    lines = [f"### `{prefix}{entry.signature}`", "", entry.doc]
    if entry.is_method and entry.object is None:
        lines[-1] += " A method only."
    if synonyms:
        lines[-1] += f" Also: {', '.join(f'`{each}`' for each in synonyms)}."
    if entry.examples:
        lines += ["", "```python", *entry.examples, "```"]
    return "\n".join(lines) + "\n"


def _table(text: str, heading: str) -> str:
    rows = [line.split(" : ") for line in text.strip().splitlines()]
    body = [f"| {' '.join(f'`{name}`' for name in names.split())} | {steps} |" for names, steps in rows]
    return "\n".join([f"| {heading} | semitones |", "|---|---|", *body]) + "\n"


def language_page() -> str:
    """The whole page as markdown."""
    parts = [INTRODUCTION]
    entries = [entry for name, entry in language().items() if name not in SYNONYMS]
    for group, title in GROUPS.items():
        parts.append(f"## {title}\n")
        parts += [_entry(entry) for entry in entries if entry.group == group]
    controls = [f"| `{each.name}` | {each.unit} | {each.doc} |" for each in CONTROLS]
    parts += [CONTROL_TEXT, "\n".join(["| control | unit | meaning |", "|---|---|---|", *controls]) + "\n"]
    parts.append(f"Other names: {', '.join(f'`{alias}` is `{name}`' for alias, name in ALIASES.items())}.\n")
    parts += ["## Scales\n", _table(SCALES, "scale"), "## Chords\n"]
    parts.append("As `c'maj7` in the notation of notes, and as `Cmaj7` for `chord()`.\n")
    parts.append(_table(CHORDS, "chord"))
    return "\n".join(parts)


if __name__ == "__main__":
    print(language_page(), end="")
