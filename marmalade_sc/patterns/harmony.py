"""Functions of pitch and value: scales, chords, arpeggios, sums."""

import re
from collections.abc import Callable
from fractions import Fraction
from itertools import groupby

from marmalade_sc.errors import ControlError, UsageError, nearest
from marmalade_sc.patterns import timing
from marmalade_sc.patterns.arguments import as_pattern, is_number
from marmalade_sc.patterns.arithmetic import calculate
from marmalade_sc.patterns.chords import chord_notes, chord_table
from marmalade_sc.patterns.combine import app_onset
from marmalade_sc.patterns.controls import as_controls, control
from marmalade_sc.patterns.event import Event, Value
from marmalade_sc.patterns.pattern import Pattern, Run
from marmalade_sc.patterns.pitch import Note, degree_semitones, note_number
from marmalade_sc.patterns.span import Span, floor, mapped, ratio

CHORD_SYMBOL = re.compile(r"([A-Ga-g])([#bsf]?)(.*)")
ANCHOR = 0.0  # middle C: the notes of a voicing lie around it


def add(pattern: Pattern, other: object) -> Pattern:
    """Adds to the numbers, or to the note or degree of events of controls."""
    return calculate("add", pattern, other)


def sub(pattern: Pattern, other: object) -> Pattern:
    """Subtracts from the numbers, or from the note or degree of events of controls."""
    return calculate("sub", pattern, other)


def mul(pattern: Pattern, other: object) -> Pattern:
    """Multiplies the numbers, or the note or degree of events of controls."""
    return calculate("mul", pattern, other)


def div(pattern: Pattern, other: object) -> Pattern:
    """Divides the numbers, or the note or degree of events of controls."""
    return calculate("div", pattern, other)


def range_(pattern: Pattern, low: object, high: object) -> Pattern:
    """Stretches values from 0..1 to low..high: `sine.range(400, 1600)`."""
    lows, highs = as_pattern(low, "range", "number"), as_pattern(high, "range", "number")

    def scaled(value: Value, ends: Value) -> Value:
        if not is_number(value):
            raise ControlError(f"range: {value!r} is not a number")
        return ends[0] + float(value) * (ends[1] - ends[0])

    ends = app_onset(lows, highs, lambda a, b: (float(a), float(b)))
    result = app_onset(pattern, ends, scaled)
    result.query(0, 1)
    return result


def scale(pattern: Pattern, name: object) -> Pattern:
    """Reads numbers as degrees of a scale; for events of controls it sets their scale."""

    def apply(value: Value, given: Value) -> Value:
        scale_name, root = str(given), 0.0
        if ":" in scale_name:
            root_name, scale_name = scale_name.split(":", 1)
            number = note_number(root_name)
            if number is None:
                raise ControlError(f"scale: {root_name!r} is not a note", hint='for example "a4:minor"')
            root = number
        if isinstance(value, dict):
            degree_semitones(0, scale_name)
            return {**value, "scale": str(given)}
        if not is_number(value):
            raise ControlError(f"scale: {value!r} is not a degree")
        return Note(root + degree_semitones(float(value), scale_name))

    result = app_onset(pattern, as_pattern(name, "scale", "string"), apply)
    result.query(0, pattern.period or 1)
    return result


def chord_pitches(symbol: str) -> tuple[float, ...]:
    """The notes of a chord symbol in root position, the root from c5 upwards: "Am7" is 9 12 16 19.

    Raises:
        ControlError: for a symbol that is not a root and the name of a chord.
    """
    found = CHORD_SYMBOL.fullmatch(symbol)
    names = chord_table()
    if found is not None:
        letter, accidental, name = found.groups()
        for root, rest in ((letter + accidental, name), (letter, accidental + name)):  # Bsus4 is B, not B sharp
            number = note_number(root)
            notes = chord_notes(rest or "major")
            if number is not None and notes is not None:
                return tuple(number + note for note in notes)
        near = nearest(found.group(3), names)
        raise ControlError(
            f"there is no chord {symbol!r}", hint=f"did you mean {letter}{accidental}{near}?" if near else ""
        )
    raise ControlError(f"{symbol!r} is not the symbol of a chord", hint="a root and a chord: Am7, F#dim, Bb^7")


def chord(symbols: object) -> Pattern:
    """Chords by their symbols, to be played with voicing(): `chord("<Am7 Dm9 G7>")`."""
    pattern = as_pattern(symbols, "chord", "string")

    def check(value: Value) -> Value:
        chord_pitches(str(value))
        return {"chord": str(value)}

    result = pattern.fmap(check)
    result.query(0, pattern.period or 1)
    return result


def voiced(symbol: str) -> tuple[float, ...]:
    """The inversion of a chord that lies closest around middle C, from low to high.

    Depends on nothing but the symbol, so every player hears the same notes.
    """
    notes = chord_pitches(symbol)
    best: tuple[float, tuple[float, ...]] | None = None
    for _ in range(len(notes)):
        centre = sum(notes) / len(notes)
        shift = 12.0 * floor(Fraction(ANCHOR - centre) / 12 + Fraction(1, 2))
        moved = tuple(sorted(note + shift for note in notes))
        distance = abs(sum(moved) / len(moved) - ANCHOR) + (moved[-1] - moved[0]) / 12
        if best is None or distance < best[0]:
            best = (distance, moved)
        notes = (*notes[1:], notes[0] + 12.0)
    return best[1] if best else notes


def voicing(pattern: Pattern) -> Pattern:
    """Turns chord symbols into their notes, in the inversion nearest to middle C."""
    ask = pattern.ask

    def spread(begin: Fraction, end: Fraction, run: Run) -> list[Event]:
        result = []
        for event in ask(begin, end, run):
            controls = dict(event.value) if isinstance(event.value, dict) else {"chord": str(event.value)}
            symbol = controls.pop("chord", None)
            if symbol is None:
                raise ControlError("voicing: there is no chord in these events", hint='chord("<Am7 Dm9>").voicing()')
            for note in voiced(str(symbol)):
                result.append(Event(event.whole, event.part, {**controls, "note": note}, event.places))
        return result

    result = Pattern(spread, pattern.period)
    result.query(0, pattern.period or 1)
    return result


def _up_down(notes: list[Event]) -> list[Event]:
    return notes + notes[-2:0:-1]


ARPEGGIOS: dict[str, Callable[[list[Event]], list[Event]]] = {
    "up": lambda notes: notes,
    "down": lambda notes: notes[::-1],
    "updown": _up_down,
    "downup": lambda notes: _up_down(notes[::-1]),
}


def arp(pattern: Pattern, mode: str = "up") -> Pattern:
    """Plays the notes of each chord one after another: "up", "down", "updown" or "downup"."""
    order = ARPEGGIOS.get(mode) if isinstance(mode, str) else None
    if order is None:
        raise UsageError(f"arp: there is no mode {mode!r}", hint=f"use one of {', '.join(ARPEGGIOS)}")
    ask = pattern.ask

    def spread(begin: Fraction, end: Fraction, run: Run) -> list[Event]:
        cycle = floor(begin)
        found = [e for e in ask(ratio(cycle, 1), ratio(cycle + 1, 1), run) if e.whole is not None]
        found.sort(key=lambda event: (event.extent.begin, event.extent.end))
        result, limit = [], Span(begin, end)
        for _, group in groupby(found, key=lambda event: event.extent):
            notes = order(list(group))
            extent = notes[0].extent
            width = extent.length / len(notes)
            for i, event in enumerate(notes):
                whole = Span(mapped(width, ratio(i, 1), extent.begin), mapped(width, ratio(i + 1, 1), extent.begin))
                part = whole.intersection(event.part)
                piece = None if part is None else part.intersection(limit)
                if piece is not None:
                    result.append(Event(whole, piece, event.value, event.places))
        return result

    return timing.by_cycle(Pattern(spread, pattern.period))


def sound(pattern: object) -> Pattern:
    """Sounds by name: `s("bd ~ sn ~, hh*8")`; "bd:3" is number 3 of the bank bd."""
    return control("s", pattern)


def number(pattern: object) -> Pattern:
    """Numbers within a bank, or degrees when there is a scale: `n("0 2 4")`."""
    return control("n", pattern)


def note(pattern: object) -> Pattern:
    """Notes by number or name: `note("c e g")`, `note("c'maj7'ii")`; c5 is 0, middle C."""
    return control("note", pattern)


def degree(pattern: object) -> Pattern:
    """Degrees of a scale: `degree("0 2 4", ).scale("minor")`."""
    return control("degree", pattern).fmap(as_controls)
