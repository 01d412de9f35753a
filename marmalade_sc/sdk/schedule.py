"""A jam's schedule: a directed graph of contexts, each with its length in bars and its ways on. Pure.

Everybody may begin with one schedule and come to differ: at a fork each player chooses by its own state, and by chance
that is seeded, so that the same seed and state go the same way. Where two schedules are edited apart, they are merged
by rule (`merged`): a context that only one of them has is kept; of two forms of one the later edit wins, ties by text.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import pairwise
from types import MappingProxyType
from typing import Final

from marmalade_sc.errors import UnknownNameError, UsageError, nearest
from marmalade_sc.ids import check_name
from marmalade_sc.patterns.chance import chance_at, salt_of
from marmalade_sc.sdk.conditions import Condition, Value, condition

__all__ = ["Node", "Position", "Schedule", "Way", "edited", "merged", "taken"]

_MOST_NODES: Final = 500
_MOST_WAYS: Final = 50
_LONGEST_BARS: Final = 10_000
_SALT: Final = salt_of("schedule")


@dataclass(frozen=True, slots=True)
class Way:
    """A way on to another context: taken with a chance of its weight among those whose condition holds."""

    to: str
    weight: float = 1.0
    when: str = ""

    @property
    def condition(self) -> Condition | None:
        """What must hold; None for nothing."""
        return condition(self.when) if self.when else None


@dataclass(frozen=True, slots=True)
class Node:
    """A context.

    Attributes:
        bars: its length; 0 lasts until one of its ways' conditions holds.
        tags: further tags that hold meanwhile.
        ways: what may follow; none for the end.
        edited: jam time in milliseconds of the latest edit, for merging.
    """

    name: str
    bars: int = 8
    tags: Mapping[str, str] = field(default_factory=dict)
    ways: tuple[Way, ...] = ()
    edited: int = 0


@dataclass(frozen=True, slots=True)
class Position:
    """Where a player is in a schedule.

    Attributes:
        context: the node's name.
        since: bar in which it began.
        count: how many contexts came before it.
    """

    context: str
    since: int
    count: int = 0


@dataclass(frozen=True, slots=True)
class Schedule:
    """See the module. Every name and way was checked when it was made by `of`."""

    nodes: Mapping[str, Node]
    start: str

    @classmethod
    def of(cls, nodes: Sequence[Node], start: str = "") -> "Schedule":
        """A schedule of these contexts, beginning with `start`, or with the first.

        Raises:
            UsageError: a name is there twice or leads nowhere, a length or weight cannot be, or there are too many.
        """
        if not 1 <= len(nodes) <= _MOST_NODES:
            raise UsageError(f"A schedule has 1 to {_MOST_NODES} contexts, not {len(nodes)}")
        table: dict[str, Node] = {}
        for node in nodes:
            check_name(node.name, "context")
            if node.name in table:
                raise UsageError(f"The context {node.name} is there twice")
            table[node.name] = node
        first = start or nodes[0].name
        for name in (first, *(way.to for node in nodes for way in node.ways)):
            if name not in table:
                near = nearest(name, table)
                raise UnknownNameError(
                    f"The schedule has no context {name!r:.60}", hint=f"Did you mean {near!r}?" if near else ""
                )
        for node in nodes:
            _check(node)
        return cls(MappingProxyType(table), first)

    @classmethod
    def parse(cls, text: str) -> "Schedule":
        """A schedule of lines: `intro 8 -> verse`, `verse 16 -> drop:2 [players > 2], verse`, `drop 8 {energy=high}`.

        Raises:
            UsageError: a line cannot be read, with its number; or as for `of`.
        """
        return cls.of(_nodes(text))

    def begin(self, bar: int) -> Position:
        """The position at the start, in a bar."""
        return Position(self.start, bar)

    def at(self, position: Position, bar: int, values: Mapping[str, Value], seed: int) -> Position:
        """The position in `bar`, coming from an earlier one. Choices are made at the ends of contexts, by `values` now.

        The same schedule, position, values and seed give the same; at most a thousand contexts are passed at once.
        """
        for _ in range(1000):
            node = self.nodes.get(position.context)
            if node is None:  # edited away: begin again
                return self.begin(bar)
            end = position.since + node.bars
            if not node.ways or (node.bars and bar < end):
                return position
            chosen = self._chosen(node, position, values, seed)
            if chosen is None:
                return position
            position = Position(chosen, end if node.bars else bar, position.count + 1)
        return position

    def following(self, position: Position) -> tuple[Way, ...]:
        """What may come next."""
        node = self.nodes.get(position.context)
        return node.ways if node is not None else ()

    def bars_left(self, position: Position, bar: Fraction | int) -> Fraction | None:
        """How many bars the context still lasts; None without a length of its own."""
        node = self.nodes.get(position.context)
        if node is None or not node.bars:
            return None
        return max(Fraction(0), Fraction(position.since + node.bars) - bar)

    def tags(self, position: Position) -> Mapping[str, str]:
        """What holds there: its tags, and `Context`."""
        node = self.nodes.get(position.context)
        return {**(node.tags if node is not None else {}), "Context": position.context}

    def to_json(self) -> dict[str, object]:
        """As plain data."""
        rows = [
            {
                "name": node.name,
                "bars": node.bars,
                "tags": dict(node.tags),
                "ways": [{"to": way.to, "weight": way.weight, "when": way.when} for way in node.ways],
                "edited": node.edited,
            }
            for node in self.nodes.values()
        ]
        return {"start": self.start, "nodes": rows}

    @classmethod
    def from_json(cls, data: object) -> "Schedule":
        """A schedule from `to_json`. Raises UsageError for anything else."""
        try:
            assert isinstance(data, Mapping)
            nodes = [
                Node(
                    str(row["name"]),
                    int(row["bars"]),
                    {str(key): str(value) for key, value in row["tags"].items()},
                    tuple(Way(str(way["to"]), float(way["weight"]), str(way["when"])) for way in row["ways"]),
                    int(row.get("edited", 0)),
                )
                for row in data["nodes"]
            ]
            return cls.of(nodes, str(data["start"]))
        except (AssertionError, AttributeError, KeyError, TypeError, ValueError, OverflowError):
            raise UsageError("This is no schedule") from None

    def drawn(self, position: Position | None = None) -> str:
        """The graph as text, a line for each context, the present one marked."""
        width = max(map(len, self.nodes))
        lines = []
        for node in self.nodes.values():
            mark = "▶" if position is not None and node.name == position.context else " "
            length = f"{node.bars} bars" if node.bars else "until"
            ways = ", ".join(
                f"{way.to}{f' ×{way.weight:g}' if way.weight != 1 else ''}{f' [{way.when}]' if way.when else ''}"
                for way in node.ways
            )
            lines.append(f"{mark} {node.name:<{width}}  {length:>9}  {'─▶ ' + ways if ways else '■'}")
        return "\n".join(lines)

    def _chosen(self, node: Node, position: Position, values: Mapping[str, Value], seed: int) -> str | None:
        open_ways = [way for way in node.ways if (found := way.condition) is None or found.holds(values)]
        total = sum(way.weight for way in open_ways)
        if not open_ways or total <= 0:
            return None
        chance = chance_at(seed, _SALT, Fraction(position.since + position.count, 1)) * total
        for way in open_ways:
            chance -= way.weight
            if chance < 0:
                return way.to
        return open_ways[-1].to


def merged(ours: Schedule, theirs: Schedule) -> Schedule:
    """One schedule of two that were edited apart: the same whichever of them is ours. See the module."""
    nodes: dict[str, Node] = {}
    for node in (*ours.nodes.values(), *theirs.nodes.values()):
        other = nodes.get(node.name)
        nodes[node.name] = node if other is None else max(other, node, key=_age)
    ordered = sorted(nodes.values(), key=lambda node: node.name)
    starts = sorted({ours.start, theirs.start}, key=lambda name: _age(nodes[name]))
    return Schedule.of(ordered, starts[-1])


def edited(before: Schedule | None, change: "Schedule | str", now_ms: int) -> Schedule:
    """`before` with the contexts of `change` in the place of those of their names, edited now.

    Lines need not name a whole graph: their ways may lead to contexts of `before`.

    Raises:
        UsageError: it cannot be read, or a way leads nowhere.
    """
    nodes = _nodes(change) if isinstance(change, str) else list(change.nodes.values())
    table = dict(before.nodes) if before is not None else {}
    table |= {node.name: replace(node, edited=now_ms) for node in nodes}
    start = before.start if before is not None else ""
    return Schedule.of(list(table.values()), start)


def taken(
    fields: Mapping[str, object], before: Schedule | None, position: Position | None, bar: int
) -> tuple[Schedule, Position, int]:
    """The schedule after an entry of `schedule:main`, where one is in it, and the seed of its forks.

    With a number as `begin` it is a new schedule, which begins in that bar: with its start, or in the `context` that
    another player was in then, behind `count` others. Without one it is an edit: merged into the one before by rule
    (`merged`), and whoever is in a context that is still there stays in it.

    Raises:
        UsageError: the entry has none.
    """
    begin, seed = fields.get("begin"), fields.get("seed")
    found = Schedule.from_json(fields.get("schedule"))
    number = seed if isinstance(seed, int) else 0
    if isinstance(begin, int) or before is None or position is None:
        return found, _entered(found, fields, begin if isinstance(begin, int) else bar), number
    both = merged(before, found)
    return both, position if position.context in both.nodes else both.begin(bar), number


def _entered(schedule: Schedule, fields: Mapping[str, object], bar: int) -> Position:
    context, count = fields.get("context"), fields.get("count")
    if context in schedule.nodes and isinstance(count, int):
        return Position(str(context), bar, count)
    return schedule.begin(bar)


def _age(node: Node) -> tuple[int, str]:
    ways = [(way.to, way.weight, way.when) for way in node.ways]
    return node.edited, json.dumps([node.name, node.bars, sorted(node.tags.items()), ways])


def _check(node: Node) -> None:
    if not 0 <= node.bars <= _LONGEST_BARS:
        raise UsageError(f"{node.name} cannot last {node.bars} bars", hint=f"Give 0 to {_LONGEST_BARS}.")
    if len(node.ways) > _MOST_WAYS:
        raise UsageError(f"{node.name} has more than {_MOST_WAYS} ways on")
    for way in node.ways:
        if not 0 <= way.weight <= 1e6:
            raise UsageError(f"The way from {node.name} to {way.to} cannot have the weight {way.weight}")
        _ = way.condition
    for name, value in node.tags.items():
        check_name(name, "tag")
        if len(value) > 200:
            raise UsageError(f"The tag {name} of {node.name} is longer than 200 characters")


def _nodes(text: str) -> list[Node]:
    nodes = []
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.split("#", 1)[0].strip()
        if stripped:
            try:
                nodes.append(_node(stripped))
            except (ValueError, UsageError) as error:
                words = error.message if isinstance(error, UsageError) else str(error)
                raise UsageError(
                    f"Line {number} of the schedule: {words}", hint="Write, for example: verse 16 -> drop:2, verse"
                ) from None
    return nodes


def _node(line: str) -> Node:
    head, _, ways = line.partition("->")
    tags: dict[str, str] = {}
    if "{" in head:
        head, _, inner = head.partition("{")
        inner, closing, rest = inner.partition("}")
        if not closing or rest.strip():
            raise ValueError("tags stand in braces, as in {energy=high}")
        for pair in filter(None, (each.strip() for each in inner.split(","))):
            name, equals, value = pair.partition("=")
            if not equals:
                raise ValueError("a tag is written name=value")
            tags[name.strip()] = value.strip()
    parts = head.split()
    if not 1 <= len(parts) <= 2 or (len(parts) == 2 and not parts[1].isdigit()):
        raise ValueError("it begins with a name and a number of bars")
    node = Node(parts[0], int(parts[1]) if len(parts) == 2 else 8, tags)
    return replace(node, ways=tuple(_way(each) for each in _split(ways)) if ways.strip() else ())


def _split(text: str) -> list[str]:
    """At commas that do not stand in brackets."""
    cuts, depth = [-1], 0
    for place, each in enumerate(text):
        depth += (each in "[(") - (each in "])")
        if each == "," and depth == 0:
            cuts.append(place)
    return [text[a + 1 : b].strip() for a, b in pairwise([*cuts, len(text)])]


def _way(text: str) -> Way:
    target, _, rest = text.partition("[")
    when = rest.strip()
    if rest and not when.endswith("]"):
        raise ValueError("a condition stands in brackets, as in [players > 2]")
    name, colon, weight = target.strip().partition(":")
    if not name:
        raise ValueError("a way leads to a context")
    return Way(name.strip(), float(weight) if colon else 1.0, when[:-1].strip() if rest else "")
