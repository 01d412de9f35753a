"""What is done to a block's syntax tree before it runs: tracks come into being, texts know where they stand."""

import ast
import re

from marmalade_sc.errors import UsageError
from marmalade_sc.live.blocks import Block
from marmalade_sc.live.handles import TrackHandle
from marmalade_sc.live.naming import Naming
from marmalade_sc.patterns.pattern import Pattern

__all__ = ["Rewrite", "mark", "row"]


class Rewrite(ast.NodeTransformer):
    """Makes tracks of unknown names on the left of `>>`, and lets texts know where they stand."""

    def __init__(self, code: str, block: Block, naming: Naming) -> None:
        self._lines = code.splitlines()
        self._block = block
        self._naming = naming

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        """`d1 >> ...` and `d1.at(...) >> ...`."""
        self.generic_visit(node)
        if isinstance(node.op, ast.RShift):
            node.left = self._left(node.left)
            node.right = self._placed(node.right)
        return node

    def visit_Module(self, node: ast.Module) -> ast.AST:
        """`bass.cutoff = 900`: from here on `bass` is the instrument with that default."""
        self.generic_visit(node)
        node.body = [self._default(each) if isinstance(each, ast.Assign) else each for each in node.body]
        return node

    def _default(self, node: ast.Assign) -> ast.stmt:
        target = node.targets[0]
        if len(node.targets) != 1 or not isinstance(target, ast.Attribute) or not isinstance(target.value, ast.Name):
            return node
        name = target.value.id
        if not self._naming.is_voice(name):
            return node
        arguments = [target.value, ast.Constant(target.attr), self._placed(node.value)]
        call = ast.Call(ast.Name("_default", ast.Load()), arguments, [])
        return ast.copy_location(ast.Assign([ast.Name(name, ast.Store())], ast.copy_location(call, node)), node)

    def visit_Tuple(self, node: ast.Tuple) -> ast.AST:
        """`d1 >> a, b` is a row of two things, of which one plays: see `row`."""
        plays = any(isinstance(each, ast.BinOp) and isinstance(each.op, ast.RShift) for each in node.elts)
        self.generic_visit(node)
        if not plays or not isinstance(node.ctx, ast.Load):
            return node
        return ast.copy_location(ast.Call(ast.Name("_row", ast.Load()), node.elts, []), node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        """Texts among the arguments."""
        self.generic_visit(node)
        node.args = [self._placed(argument) for argument in node.args]
        for keyword in node.keywords:
            keyword.value = self._placed(keyword.value)
        return node

    def _left(self, node: ast.expr) -> ast.expr:
        if isinstance(node, ast.Name) and self._naming.is_track(node.id):
            call = ast.Call(ast.Name("_track", ast.Load()), [ast.Constant(node.id)], [])
            return ast.copy_location(call, node)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            node.func.value = self._left(node.func.value)
        return node

    def _placed(self, node: ast.expr) -> ast.expr:
        if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
            return node
        line = self._lines[node.lineno - 1].encode()
        start = node.col_offset
        prefix = re.match(rb"[rRuU]?(\"\"\"|'''|\"|')", line[start:])
        if prefix is None:
            return node
        column = len(line[: start + prefix.end()].decode(errors="replace"))
        place = (str(self._block), self._block.number, node.lineno, column)
        call = ast.Call(ast.Name("_literal", ast.Load()), [node, *(ast.Constant(each) for each in place)], [])
        return ast.copy_location(call, node)


def mark(place: int, statement: ast.stmt) -> ast.stmt:
    """A statement that says that the one at `place` begins."""
    call = ast.Call(ast.Name("_unit", ast.Load()), [ast.Constant(place)], [])
    return ast.fix_missing_locations(ast.copy_location(ast.Expr(call), statement))


def row(*values: object) -> tuple[object, ...]:
    """The values; a pattern beside a track that plays is one that was meant to play with it.

    Raises:
        UsageError: `d1 >> a, b`.
    """
    handles = [value for value in values if isinstance(value, TrackHandle)]
    if handles and any(isinstance(value, Pattern | str) for value in values):
        name = handles[0].name
        raise UsageError(
            f"{name} >> a, b reads as ({name} >> a), b: b does not play",
            hint=f"Write {name} >> stack(a, b), or use ',' inside the pattern's text.",
        )
    return values
