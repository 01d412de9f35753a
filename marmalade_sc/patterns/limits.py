"""Building nodes with their depth and density, so that no text can make more events than can be played."""

from fractions import Fraction

from marmalade_sc.patterns.kinds import MAX_CHORD_NOTES
from marmalade_sc.patterns.nodes import (
    Atom,
    Choose,
    Chord,
    Euclid,
    Fast,
    Node,
    Polymeter,
    Range,
    Repeat,
    Sequence,
    Stack,
    Step,
    Tail,
    atoms,
)

__all__ = [
    "MAX_DENOMINATOR",
    "MAX_DEPTH",
    "MAX_EVENTS",
    "choose",
    "chord",
    "euclid",
    "fast",
    "largest",
    "polymeter",
    "problem",
    "repeat",
    "sequence",
    "span",
    "stack",
    "tail",
]

MAX_EVENTS = 16_384  # per cycle, of any part of a notation
MAX_DEPTH = 128  # nodes below one another: far from python's own limit when queried
MAX_DENOMINATOR = 1_000_000  # of weights


def problem(node: Node) -> str:
    """What is wrong with the size of a node, or an empty string."""
    if node.density > MAX_EVENTS:
        return f"this makes up to {node.density:.6g} events per cycle; up to {MAX_EVENTS} can be played"
    if node.depth > MAX_DEPTH:
        return f"this is nested too deeply: {node.depth} levels of brackets and modifiers; up to {MAX_DEPTH} work"
    return ""


def _depth(*nodes: Node) -> int:
    return 1 + max((node.depth for node in nodes), default=0)


def _numbers(node: Node) -> list[float]:
    return [float(atom.value) for atom in atoms(node)]


def largest(*nodes: Node) -> float:
    """The largest absolute number among the values of the nodes; 0 when there are none."""
    return max((abs(number) for node in nodes for number in _numbers(node)), default=0.0)


def _joined(argument: Node) -> float:
    """Events that a patterned argument adds by cutting what it is applied to."""
    return 0.0 if isinstance(argument, Atom) else argument.density


def sequence(steps: tuple[Step, ...]) -> Sequence:
    """Steps one after another."""
    inner = [step.node for step in steps]
    return Sequence(steps, depth=_depth(*inner), density=sum(node.density for node in inner))


def stack(nodes: tuple[Node, ...]) -> Node:
    """All at once."""
    return Stack(nodes, depth=_depth(*nodes), density=sum(node.density for node in nodes))


def choose(nodes: tuple[Node, ...], position: int) -> Node:
    """One of them."""
    return Choose(nodes, position, depth=_depth(*nodes), density=max(node.density for node in nodes))


def polymeter(sequences: tuple[Sequence, ...], rate: Node | None) -> Node:
    """Sequences at one rate."""
    highest = float(sequences[0].weight) if rate is None else largest(rate)
    density = sum(each.density * highest / float(each.weight) for each in sequences)
    inner = [*sequences, rate] if rate is not None else [*sequences]
    return Polymeter(sequences, rate, depth=_depth(*inner), density=density + (_joined(rate) if rate else 0.0))


def fast(node: Node, factor: Node, slow: bool) -> Node:
    """Faster or slower; a factor of zero is silence."""
    factors = [abs(number) for number in _numbers(factor)]
    if slow:
        factors = [1.0 / number for number in factors if number]
    density = node.density * max(factors, default=0.0) + _joined(factor)
    return Fast(node, factor, slow, depth=_depth(node, factor), density=density)


def repeat(node: Node, count: Fraction) -> Node:
    """Each cycle `count` times; a part of a repeat is what `*` gives (`a!2.5` is `[a*2.5]@2.5`)."""
    density = node.density * float(count)
    if count.denominator != 1:
        return Fast(node, Atom(count, 0, 0), False, depth=_depth(node), density=density)
    if count <= 1:
        return node
    return Repeat(node, int(count), depth=_depth(node), density=density)


def euclid(node: Node, hits: Node, steps: Node, rotation: Node) -> Node:
    """A rhythm; the number of steps bounds the hits."""
    inner = (node, hits, steps, rotation)
    density = node.density * largest(hits, steps) + _joined(hits) + _joined(steps)
    return Euclid(*inner, depth=_depth(*inner), density=density)


def span(low: Node, high: Node, counts: bool) -> Node:
    """`low .. high`."""
    ends = _numbers(low) + _numbers(high) if counts and _all_numbers(low, high) else []
    count = max(ends) - min(ends) + 2 if ends else 2.0
    return Range(low, high, depth=_depth(low, high), density=count * (low.density + high.density) / 2)


def _all_numbers(*nodes: Node) -> bool:
    return all(isinstance(atom.value, (int, float, Fraction)) for node in nodes for atom in atoms(node))


def tail(node: Node, value: Node) -> Node:
    """`node:value`."""
    return Tail(node, value, depth=_depth(node, value), density=node.density + value.density)


def chord(root: Node, name: Node, modifiers: tuple[Node, ...]) -> Node:
    """A chord: as many notes as its largest range, else seven."""
    ranges = [atom.value.count for node in modifiers for atom in atoms(node) if atom.value.action == "range"]
    notes = min(max([7, *ranges]), MAX_CHORD_NOTES)
    inner = (root, name, *modifiers)
    return Chord(root, name, modifiers, depth=_depth(*inner), density=notes * sum(node.density for node in inner))
