"""Everything that a person can type to make patterns: one table for shell, documentation and completion."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from marmalade_sc.patterns import changes, harmony, rhythm, timing
from marmalade_sc.patterns.arguments import as_pattern
from marmalade_sc.patterns.controls import voice
from marmalade_sc.patterns.event import Value
from marmalade_sc.patterns.examples import EXAMPLES
from marmalade_sc.patterns.pattern import Pattern, stack
from marmalade_sc.patterns.pattern import silence as silent
from marmalade_sc.patterns.signals import signals
from marmalade_sc.patterns.transform import Transform

__all__ = ["Entry", "GROUPS", "language", "methods", "namespace"]

GROUPS: Mapping[str, str] = {
    "sources": "Where patterns come from",
    "time": "Moving in time",
    "rhythm": "Rhythm and structure",
    "change": "Now and then",
    "pitch": "Pitch and value",
    "samples": "Pieces of samples",
    "signal": "Signals",
}

SIGNAL_DOCS: Mapping[str, str] = {
    "sine": "A sine wave from 0 to 1; `sine(4)` takes 4 cycles.",
    "saw": "A ramp from 0 up to 1.",
    "tri": "A triangle: from 0 up to 1 and back.",
    "square": "0 for half its time, then 1.",
    "rand": "A random value from 0 to 1 for each instant; the same again for the same seed.",
    "perlin": "Random values from 0 to 1, one per cycle, with smooth ways between them.",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One name of the language.

    `object` is what the name means at top level, None for names that are methods only (they would hide a name of
    python). `methods` says whether it is a method of patterns.
    """

    name: str
    group: str
    signature: str
    doc: str
    object: Value
    is_method: bool
    examples: tuple[str, ...]


def stacked(*patterns: object) -> Pattern:
    """Plays all patterns together."""
    return stack(*(as_pattern(each, "stack", "auto") for each in patterns))


def cat(*patterns: object) -> Pattern:
    """Plays one pattern per cycle, in turn."""
    return timing.cat(*(as_pattern(each, "cat", "auto") for each in patterns))


def fastcat(*patterns: object) -> Pattern:
    """Plays all patterns one after another within each cycle."""
    return timing.fastcat(*(as_pattern(each, "fastcat", "auto") for each in patterns))


def silence() -> Pattern:
    """No events at all."""
    return silent()


TRANSFORMS: tuple[tuple[str, str, Callable[..., Pattern]], ...] = (
    ("fast", "time", rhythm.fast),
    ("slow", "time", rhythm.slow),
    ("early", "time", rhythm.early),
    ("late", "time", rhythm.late),
    ("rev", "time", rhythm.rev),
    ("palindrome", "time", rhythm.palindrome),
    ("iter", "time", rhythm.iterate),
    ("swing", "time", rhythm.swing),
    ("rot", "rhythm", rhythm.rot),
    ("ply", "rhythm", rhythm.ply),
    ("euclid", "rhythm", rhythm.euclid),
    ("struct", "rhythm", rhythm.struct),
    ("mask", "rhythm", rhythm.mask),
    ("segment", "rhythm", rhythm.segment),
    ("every", "change", changes.every),
    ("sometimes", "change", changes.sometimes),
    ("often", "change", changes.often),
    ("rarely", "change", changes.rarely),
    ("always", "change", changes.always),
    ("never", "change", changes.never),
    ("degrade", "change", changes.degrade),
    ("off", "change", changes.off),
    ("superimpose", "change", changes.superimpose),
    ("jux", "change", changes.jux),
    ("add", "pitch", harmony.add),
    ("sub", "pitch", harmony.sub),
    ("mul", "pitch", harmony.mul),
    ("div", "pitch", harmony.div),
    ("range", "pitch", harmony.range_),
    ("scale", "pitch", harmony.scale),
    ("voicing", "pitch", harmony.voicing),
    ("arp", "pitch", harmony.arp),
    ("chop", "samples", rhythm.chop),
    ("striate", "samples", rhythm.striate),
)

SOURCES: tuple[tuple[str, Callable[..., object]], ...] = (
    ("s", harmony.sound),
    ("n", harmony.number),
    ("note", harmony.note),
    ("degree", harmony.degree),
    ("chord", harmony.chord),
    ("voice", voice),
    ("stack", stacked),
    ("cat", cat),
    ("fastcat", fastcat),
    ("silence", silence),
)

SYNONYMS: Mapping[str, str] = {"sound": "s", "slowcat": "cat", "seq": "fastcat"}

METHODS_ONLY = ("iter", "range")  # names of python's own functions


def _first_line(function: object) -> str:
    return (inspect.getdoc(function) or "").split("\n", 1)[0]


@lru_cache(maxsize=1)
def language() -> Mapping[str, Entry]:
    """Every name with what it means, in the order of the documentation."""
    table = {}
    for name, function in SOURCES:
        shown = ", ".join(str(each).split(":")[0] for each in inspect.signature(function).parameters.values())
        table[name] = Entry(
            name, "sources", f"{name}({shown})", _first_line(function), function, False, EXAMPLES.get(name, ())
        )
    for name, group, function in TRANSFORMS:
        transform = Transform(name, function)
        top = None if name in METHODS_ONLY else transform
        table[name] = Entry(name, group, transform.signature, _first_line(function), top, True, EXAMPLES.get(name, ()))
    table["set"] = Entry(
        "set", "pitch", "set(**controls)", _first_line(Pattern.set), None, True, EXAMPLES.get("set", ())
    )
    for name, signal in signals().items():
        table[name] = Entry(
            name, "signal", f"{name}(cycles=1)", SIGNAL_DOCS[name], signal, False, EXAMPLES.get(name, ())
        )
    for synonym, name in SYNONYMS.items():
        entry = table[name]
        table[synonym] = Entry(synonym, entry.group, entry.signature, f"The same as {name}.", entry.object, False, ())
    return table


@lru_cache(maxsize=1)
def methods() -> Mapping[str, Callable[..., Pattern]]:
    """The functions that patterns have as methods, each taking the pattern first."""
    return {name: Transform(name, function).apply for name, _, function in TRANSFORMS}


def namespace() -> dict[str, Value]:
    """A new dictionary with every name that can be typed at top level and what it means."""
    return {name: entry.object for name, entry in language().items() if entry.object is not None}
