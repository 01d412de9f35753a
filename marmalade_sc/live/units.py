"""Units: the statements of a session that still matter, so that what plays can be written down as code.

Each top statement of a block is a unit. A lane remembers the unit that made it and a name the unit that bound it; a
unit remembers those whose names it read. What nothing remembers is forgotten, so a night of music does not grow.
"""

import ast
import weakref
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from marmalade_sc.live.lane import Lane
from marmalade_sc.live.naming import Naming

__all__ = ["Unit", "closure", "units_of"]


@dataclass(eq=False, slots=True, weakref_slot=True)
class Unit:
    """One statement.

    Attributes:
        number: place in the order in which statements were carried out.
        binds: names that it binds, or changes by calling a method of theirs.
        needs: units that bound the names that it reads.
        bare: names that it reads and nobody had bound: those of the language, and of instruments.
        makes, refers: tracks that come into being with it where they are new, and those that must be there already.
        plays: the lane that it gave each track last, as far as it is still there.
    """

    number: int
    code: str
    binds: frozenset[str] = frozenset()
    needs: tuple["Unit", ...] = ()
    bare: frozenset[str] = frozenset()
    makes: frozenset[str] = frozenset()
    refers: frozenset[str] = frozenset()
    plays: "dict[str, weakref.ref[Lane]]" = field(default_factory=dict)


def units_of(
    tree: ast.Module,
    code: str,
    binders: Mapping[str, Unit],
    count: int,
    naming: Naming,
) -> tuple[list[Unit], dict[str, Unit]]:
    """The units of a block and who binds which name when it has worked.

    Args:
        binders: who binds which name before it.
        count: units there were before.
        naming: what names stand for before it.
    """
    now = dict(binders)
    units = []
    steady: dict[str, bool] = {}

    def stays(name: str) -> bool:
        return steady[name] if name in steady else naming.is_steady(name)

    lines = code.splitlines(keepends=True)
    for statement in tree.body:
        reads, stored, called, assigned = _names(statement)
        touched = {name for name in called if name in now and not stays(name)}
        touched |= {name for name in assigned if name in now or naming.is_voice(name)}
        binds = stored | touched
        is_plain = isinstance(statement, ast.Assign) and all(isinstance(each, ast.Name) for each in statement.targets)
        steady |= dict.fromkeys(stored, is_plain and _is_steady(statement, stays))
        needs = dict.fromkeys(now[name] for name in sorted(reads) if name in now)
        count += 1
        makes = frozenset(name for name in _left(statement) - now.keys() if naming.is_track(name))
        refers = frozenset(name for name in reads - now.keys() if naming.is_track(name)) - makes
        unit = Unit(
            count,
            _text(statement, lines, code),
            frozenset(binds),
            tuple(needs),
            frozenset(reads - now.keys()),
            makes,
            refers,
        )
        now.update(dict.fromkeys(binds, unit))
        units.append(unit)
    return units, now


def closure(units: Iterable[Unit]) -> list[Unit]:
    """The units and all that they need, in order."""
    found: set[Unit] = set()
    waiting = list(units)
    while waiting:
        unit = waiting.pop()
        if unit not in found:
            found.add(unit)
            waiting += unit.needs
    return sorted(found, key=lambda unit: unit.number)


def _is_steady(statement: ast.stmt, stays: Callable[[str], bool]) -> bool:
    """Whether `beat = s("bd sn").fast(2)` binds what cannot change: a constant, or what comes of such by calls."""
    node = statement.value if isinstance(statement, ast.Assign) else None
    while isinstance(node, ast.Call | ast.Attribute):
        node = node.func if isinstance(node, ast.Call) else node.value
    return isinstance(node, ast.Constant | ast.JoinedStr) or (isinstance(node, ast.Name) and stays(node.id))


def _names(statement: ast.stmt) -> tuple[set[str], set[str], set[str], set[str]]:
    """Names that a statement reads, that it binds, and that it may change by a call of theirs or a part of them."""
    reads: set[str] = set()
    stored: set[str] = set()
    called: set[str] = set()
    assigned: set[str] = set()
    inner = [each for each in ast.walk(statement) if isinstance(each, ast.comprehension)]
    own = {id(name) for each in inner for name in ast.walk(each.target)}  # what a comprehension binds is its own
    for node in ast.walk(statement):
        if id(node) in own:
            continue
        if isinstance(node, ast.Name):
            (reads if isinstance(node.ctx, ast.Load) else stored).add(node.id)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            stored.add(node.name)
        elif isinstance(node, ast.alias):
            stored.add((node.asname or node.name).partition(".")[0])
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            called |= _base(node.func.value)
        elif isinstance(node, ast.Attribute | ast.Subscript) and not isinstance(node.ctx, ast.Load):
            assigned |= _base(node.value)
    if isinstance(statement, ast.AugAssign):
        reads |= stored
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        stored = {statement.name}  # the others are its own
    return reads, stored, called, assigned


def _left(statement: ast.stmt) -> set[str]:
    """Names on the left of `>>`."""
    found: set[str] = set()
    for node in ast.walk(statement):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.RShift):
            left: ast.expr = node.left
            while isinstance(left, ast.Call) and isinstance(left.func, ast.Attribute):
                left = left.func.value
            if isinstance(left, ast.Name):
                found.add(left.id)
    return found


def _base(node: ast.expr) -> set[str]:
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return {node.id} if isinstance(node, ast.Name) else set()


def _text(statement: ast.stmt, lines: list[str], code: str) -> str:
    """The statement as it was typed, its decorators with it."""
    decorators = getattr(statement, "decorator_list", [])
    if decorators:
        return "".join(lines[decorators[0].lineno - 1 : statement.end_lineno]).rstrip("\n")
    return ast.get_source_segment(code, statement) or ""
