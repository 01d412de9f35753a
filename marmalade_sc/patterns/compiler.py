"""From the tree of a notation to its pattern."""

from collections.abc import Sequence as Values
from fractions import Fraction
from functools import partial
from math import floor

from marmalade_sc.errors import UsageError
from marmalade_sc.patterns import nodes
from marmalade_sc.patterns.chance import choose_cycle, degrade_by
from marmalade_sc.patterns.chords import Modifier, chord_notes, modified
from marmalade_sc.patterns.combine import app_both, app_left, inner_join, mixed_join
from marmalade_sc.patterns.euclid import euclid
from marmalade_sc.patterns.event import Event, Place, Value
from marmalade_sc.patterns.limits import MAX_EVENTS
from marmalade_sc.patterns.nodes import Node
from marmalade_sc.patterns.pattern import Pattern, Run, pure, silence, stack
from marmalade_sc.patterns.pitch import Note
from marmalade_sc.patterns.timing import fast, fastcat, repeat_cycles, slow, tabled, timecat

__all__ = ["Origin", "compile_node", "counted"]

Origin = tuple[str, int, int]  # literal, line and column of the text: see event.Place


def compile_node(node: Node, origin: Origin) -> Pattern:
    """The pattern of a tree; `origin` goes into the places of its events."""
    build = partial(compile_node, origin=origin)
    match node:
        case nodes.Atom(value=value, start=start, end=end):
            return pure(value, (Place(start, end, *origin),) if end > start else ())
        case nodes.Rest():
            return silence()
        case nodes.Variable(name=name):
            return variable(name)
        case nodes.Sequence(steps=steps):
            return timecat([(step.weight, build(step.node)) for step in steps])
        case nodes.Stack(nodes=parts):
            return stack(*map(build, parts))
        case nodes.Choose(nodes=parts, position=position):
            return choose_cycle([tabled(build(part)) for part in parts], position)
        case nodes.Polymeter(sequences=sequences, rate=rate):
            return polymeter(sequences, rate, origin)
        case nodes.Fast(node=inner, factor=factor, slow=is_slow):
            return inner_join(build(factor), partial(slow if is_slow else fast, build(inner)))
        case nodes.Repeat(node=inner, count=count):
            return repeat_cycles(build(inner), count)
        case nodes.Degrade(node=inner, probability=probability, position=position):
            return degrade_by(tabled(build(inner)), probability, position)
        case nodes.Euclid(node=inner, hits=hits, steps=steps, rotation=rotation):
            pairs = app_both(build(hits), build(steps), lambda a, b: (a, b))
            triples = app_both(pairs, build(rotation), lambda pair, c: (*pair, c))
            pattern = build(inner)
            return inner_join(triples, lambda triple: euclid(pattern, *triple))
        case nodes.Range(low=low, high=high):
            return mixed_join(app_both(build(low), build(high), lambda a, b: (a, b)), lambda ends: counted(*ends))
        case nodes.Tail(node=inner, tail=tail):
            return app_left(build(inner), build(tail), lambda a, b: f"{a}:{b}")
        case nodes.Chord(root=root, name=name, modifiers=modifiers):
            return chord(build(root), build(name), [build(each) for each in modifiers])
    raise AssertionError(f"no rule for {type(node).__name__}")


def polymeter(sequences: tuple[nodes.Sequence, ...], rate: Node | None, origin: Origin) -> Pattern:
    """Each sequence so fast that `rate` of its steps pass in a cycle."""
    rates = compile_node(rate, origin) if rate is not None else pure(sequences[0].weight)
    parts = []
    for each in sequences:
        pattern = compile_node(each, origin)
        parts.append(inner_join(rates, lambda steps, p=pattern, w=each.weight: fast(p, steps / w)))  # type: ignore[misc]
    return stack(*parts)


def variable(name: str) -> Pattern:
    """What the query's controls hold under the name, once per cycle; silence when they hold nothing."""

    def ask(begin: Fraction, end: Fraction, run: Run) -> list[Event]:
        value = run.controls.get(name)
        return [] if value is None else pure(value).ask(begin, end, run)

    return Pattern(ask)


def counted(low: Value, high: Value) -> Pattern:
    """`low .. high` in one cycle: numbers in steps of one, up or down; of words just the two.

    As in Tidal the last number may pass the end by up to a half: `0 .. 2.5` is 0 1 2 3.

    Raises:
        UsageError: for more than 16,384 numbers.
    """
    if not isinstance(low, (int, float, Fraction)) or not isinstance(high, (int, float, Fraction)):
        return fastcat(pure(low), pure(high))
    first, last = min(low, high), max(low, high)
    count = floor(last - first + 0.5) + 1
    if count > MAX_EVENTS:
        raise UsageError(f"{low} .. {high} counts {count} numbers; up to {MAX_EVENTS} work")
    make = Note if isinstance(low, Note) or isinstance(high, Note) else type(low)
    numbers = [make(first + i) for i in range(count)]
    if low > high:
        numbers.reverse()
    return fastcat(*map(pure, numbers))


def chord(roots: Pattern, names: Pattern, modifiers: Values[Pattern]) -> Pattern:
    """Notes of chords; root, name and modifiers may each be patterns, structure comes from all of them."""

    def notes_of(root: Value, name: Value) -> tuple[float, ...]:
        return tuple(root + note for note in chord_notes(name) or (0,))

    def apply(notes: Value, modifier: Modifier) -> Value:
        return modified(notes, modifier)

    pattern = app_both(roots, names, notes_of)
    for each in modifiers:
        pattern = app_both(pattern, each, apply)
    ask = pattern.ask

    def spread(begin: Fraction, end: Fraction, run: Run) -> list[Event]:
        return [
            Event(event.whole, event.part, Note(note), event.places)
            for event in ask(begin, end, run)
            for note in event.value
        ]

    return Pattern(spread, pattern.period)
