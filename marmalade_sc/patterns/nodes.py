"""The syntax tree of the notation: frozen nodes that know how deep and how dense they are."""

from dataclasses import dataclass
from fractions import Fraction

from marmalade_sc.patterns.event import Value

__all__ = [
    "Atom",
    "Choose",
    "Chord",
    "Degrade",
    "Euclid",
    "Fast",
    "Node",
    "Polymeter",
    "Range",
    "Repeat",
    "Rest",
    "Sequence",
    "Stack",
    "Step",
    "Tail",
    "Variable",
    "atoms",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """What all nodes have.

    `depth` counts the nodes on the longest way down; `density` is an upper bound of the events per cycle.
    """

    depth: int = 1
    density: float = 1.0


@dataclass(frozen=True, slots=True)
class Atom(Node):
    """One value, from characters `start` to `end` of the text."""

    value: Value
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Rest(Node):
    """`~` or `-`: a step without an event."""


@dataclass(frozen=True, slots=True)
class Variable(Node):
    """`^name`: the value that the query holds for that name."""

    name: str


@dataclass(frozen=True, slots=True)
class Step:
    """One member of a sequence and the share of the cycle that it takes."""

    node: Node
    weight: Fraction


@dataclass(frozen=True, slots=True)
class Sequence(Node):
    """Steps one after another; no steps is silence."""

    steps: tuple[Step, ...]

    @property
    def weight(self) -> Fraction:
        """How many steps long it is."""
        return sum((step.weight for step in self.steps), Fraction(0))


@dataclass(frozen=True, slots=True)
class Stack(Node):
    """`a, b`: all at once."""

    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Choose(Node):
    """`a | b`: one of them in each cycle; `position` is where the first `|` stands."""

    nodes: tuple[Node, ...]
    position: int


@dataclass(frozen=True, slots=True)
class Polymeter(Node):
    """`{ }` and `< >`: sequences that step at one rate; `rate` is steps per cycle (None: the first's length)."""

    sequences: tuple[Sequence, ...]
    rate: Node | None


@dataclass(frozen=True, slots=True)
class Fast(Node):
    """`*` (or `/` when `slow`)."""

    node: Node
    factor: Node
    slow: bool


@dataclass(frozen=True, slots=True)
class Repeat(Node):
    """`!count`: each cycle `count` times."""

    node: Node
    count: int


@dataclass(frozen=True, slots=True)
class Degrade(Node):
    """`?`: each event is dropped with `probability`; `position` is where the `?` stands."""

    node: Node
    probability: float
    position: int


@dataclass(frozen=True, slots=True)
class Euclid(Node):
    """`(hits,steps,rotation)`."""

    node: Node
    hits: Node
    steps: Node
    rotation: Node


@dataclass(frozen=True, slots=True)
class Range(Node):
    """`low .. high`."""

    low: Node
    high: Node


@dataclass(frozen=True, slots=True)
class Tail(Node):
    """`node:tail`: joined with a colon."""

    node: Node
    tail: Node


@dataclass(frozen=True, slots=True)
class Chord(Node):
    """`root'name'modifier...`."""

    root: Node
    name: Node
    modifiers: tuple[Node, ...]


def atoms(node: Node) -> list[Atom]:
    """The atoms that can become values of the node; those of factors and rhythms are left out."""
    match node:
        case Atom():
            return [node]
        case Sequence(steps=steps):
            return [atom for step in steps for atom in atoms(step.node)]
        case Stack(nodes=nodes) | Choose(nodes=nodes):
            return [atom for each in nodes for atom in atoms(each)]
        case Polymeter(sequences=sequences):
            return [atom for each in sequences for atom in atoms(each)]
        case Fast(node=inner) | Repeat(node=inner) | Degrade(node=inner) | Euclid(node=inner):
            return atoms(inner)
        case Range(low=low, high=high):
            return atoms(low) + atoms(high)
    return []
