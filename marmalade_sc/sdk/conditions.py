"""Conditions on the state of a jam: "when Context becomes drop and players > 2". Declarative, so that they can travel.

A condition is a small text in Python's syntax, read once, never run: names stand for values of the state (tags, facts
of the player), `changed(name)` is true where the value is another one than at the look before. What is not there is
None; comparing None by order is false, so a condition waits for what does not exist yet.
"""

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from marmalade_sc.errors import UsageError, Where

__all__ = ["Condition", "Value", "condition"]

Value = str | int | float | bool | None

_LONGEST: Final = 1000
_MOST_PARTS: Final = 200
_COMPARISONS: Final[Mapping[type, Callable[[Value, Value], bool]]] = {
    ast.Eq: lambda a, b: _same(a, b),
    ast.NotEq: lambda a, b: not _same(a, b),
    ast.Lt: lambda a, b: _order(a, b) == -1,
    ast.LtE: lambda a, b: _order(a, b) in (-1, 0),
    ast.Gt: lambda a, b: _order(a, b) == 1,
    ast.GtE: lambda a, b: _order(a, b) in (0, 1),
}

_Look = Callable[[Mapping[str, Value], Mapping[str, Value]], Value]


@dataclass(frozen=True, slots=True)
class Condition:
    """See the module.

    Attributes:
        text: as it was written.
        names: of the values that it looks at: what wakes it up.
    """

    text: str
    names: frozenset[str]
    _look: _Look

    def holds(self, now: Mapping[str, Value], before: Mapping[str, Value] | None = None) -> bool:
        """Whether it is true of the values `now`; `before` are those of the look before, for `changed`."""
        return bool(self._look(now, now if before is None else before))


def condition(text: str) -> Condition:
    """Read a condition: names, texts and numbers, comparisons, `in (...)`, `and`, `or`, `not`, `changed(name)`.

    Names may have dots and colons when they stand in quotes: `tag("ann:drums:1:Context") == "drop"`.

    Raises:
        UsageError: it is none, with the place.
    """
    if not isinstance(text, str) or len(text) > _LONGEST:
        raise UsageError(f"A condition is a text of at most {_LONGEST} characters")
    try:
        tree = ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        column = getattr(error, "offset", None) or 1
        raise UsageError("A condition cannot be read", hint=_HINT, where=_where(text, column)) from None
    if sum(1 for _ in ast.walk(tree)) > _MOST_PARTS:
        raise UsageError(f"A condition has more than {_MOST_PARTS} parts", hint="Split it in two.")
    reader = _Reader(text)
    look = reader.read(tree.body)
    return Condition(text, frozenset(reader.names), look)


_HINT: Final = "Write, for example: Context == 'drop' and players > 2"


def _where(text: str, column: int) -> Where:
    return Where("condition", 1, max(1, min(column, len(text) + 1)), text)


def _same(a: Value, b: Value) -> bool:
    if isinstance(a, bool) != isinstance(b, bool):
        return False
    return a == b


def _order(a: Value, b: Value) -> int | None:
    """-1, 0 or 1 of two texts or two numbers; None of anything else, NaN included."""
    if isinstance(a, str) and isinstance(b, str):
        return (a > b) - (a < b)
    if isinstance(a, int | float) and isinstance(b, int | float) and a == a and b == b:
        return (a > b) - (a < b)
    return None


class _Reader:
    """Turns the tree of a condition into a function, and notes the names in it."""

    def __init__(self, text: str) -> None:
        self.names: set[str] = set()
        self._text = text

    def read(self, node: ast.expr) -> _Look:
        if isinstance(node, ast.BoolOp):
            return self._all_or_any(node)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            inner = self.read(node.operand)
            return lambda now, before: not inner(now, before)
        if isinstance(node, ast.Compare):
            return self._comparison(node)
        if isinstance(node, ast.Call):
            return self._call(node)
        return self._value(node)

    def _all_or_any(self, node: ast.BoolOp) -> _Look:
        parts = [self.read(each) for each in node.values]
        if isinstance(node.op, ast.And):
            return lambda now, before: all(part(now, before) for part in parts)
        return lambda now, before: any(part(now, before) for part in parts)

    def _comparison(self, node: ast.Compare) -> _Look:
        if len(node.ops) == 1 and isinstance(node.ops[0], ast.In | ast.NotIn):
            return self._membership(node)
        values = [self._value(each) for each in (node.left, *node.comparators)]
        compares = []
        for each in node.ops:
            compare = _COMPARISONS.get(type(each))
            if compare is None:
                raise self._error("A condition compares by ==, !=, <, <=, >, >= and in", node)
            compares.append(compare)

        def look(now: Mapping[str, Value], before: Mapping[str, Value]) -> bool:
            found = [value(now, before) for value in values]
            return all(compare(a, b) for compare, a, b in zip(compares, found, found[1:], strict=False))

        return look

    def _membership(self, node: ast.Compare) -> _Look:
        value, several = self._value(node.left), node.comparators[0]
        if not isinstance(several, ast.Tuple | ast.List | ast.Set):
            raise self._error("Behind `in` stands a row of values, such as ('drop', 'verse')", several)
        values = [self._value(each) for each in several.elts]
        is_in = isinstance(node.ops[0], ast.In)

        def look(now: Mapping[str, Value], before: Mapping[str, Value]) -> bool:
            wanted = value(now, before)
            return any(_same(wanted, each(now, before)) for each in values) == is_in

        return look

    def _call(self, node: ast.Call) -> _Look:
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if name not in ("changed", "tag", "state") or len(node.args) != 1 or node.keywords:
            raise self._error("A condition calls only changed(name), tag(name) and state(name)", node)
        key = self._key(node.args[0])
        if name == "changed":
            return lambda now, before: now.get(key) != before.get(key)
        return lambda now, before: now.get(key)

    def _key(self, node: ast.expr) -> str:
        if isinstance(node, ast.Name):
            found = node.id
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found = node.value
        else:
            raise self._error("A name of the state is meant", node)
        self.names.add(found)
        return found

    def _value(self, node: ast.expr) -> _Look:
        if isinstance(node, ast.Name):
            key = self._key(node)
            return lambda now, before: now.get(key)
        if isinstance(node, ast.Call):
            return self._call(node)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and isinstance(node.operand, ast.Constant):
            number = node.operand.value
            if isinstance(number, int | float) and not isinstance(number, bool):
                return lambda now, before: -number
        if isinstance(node, ast.Constant) and (node.value is None or isinstance(node.value, str | int | float)):
            constant = node.value
            return lambda now, before: constant
        raise self._error("A condition has names, texts and numbers", node)

    def _error(self, words: str, node: ast.expr) -> UsageError:
        return UsageError(words, hint=_HINT, where=_where(self._text, node.col_offset + 1))
