"""A track's pattern as a program of its own, with all that it needs, so that other players can play it. Pure."""

import ast
import builtins
import re
import sys
from collections.abc import Callable, Iterable, Set
from dataclasses import dataclass
from typing import Final

from marmalade_sc.errors import UsageError
from marmalade_sc.live.book import Version
from marmalade_sc.live.mistakes import error_message
from marmalade_sc.live.units import Unit, closure
from marmalade_sc.patterns.language import namespace
from marmalade_sc.sdk.instruments import Orchestra

__all__ = ["Shared", "share", "shared"]

_HEAD: Final = """#!/usr/bin/env python3
from marmalade_sc.sdk.jam import Jam
"""
_WORD: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_ELSEWHERE: Final = {"score": "marmalade_sc.scores.language"}
"""Names of the shell that a program gets from other places than the language of patterns."""
_RESERVED: Final = frozenset({"jam", "voice", "Jam"})
"""Names that the program needs itself, and that mean something else in the shell."""
_OF_THIS_MACHINE: Final = frozenset({"open", "input", "breakpoint", "__import__"})
"""Files and people that are not where the program plays: there it would end with the first note."""
_IO_MODULES: Final = frozenset({"io", "pathlib", "socket", "subprocess", "tempfile", "glob", "shutil"})
"""Modules of Python's own that are about this machine's files and network: sandboxes have neither."""


@dataclass(frozen=True, slots=True)
class Shared:
    """A generator's program.

    Attributes:
        words: all words in it, also those in notations: among them are the sounds that it plays.
    """

    program: str
    words: frozenset[str]


def shared(
    unit: Unit | None,
    track: str,
    name: str,
    instruments: Set[str],
    language: Set[str],
    read: Callable[[str], str] | None = None,
) -> Shared:
    """The program that plays what a statement gave a track.

    Args:
        read: gives the text of a score by its file's name: the text travels, the file does not.
        unit: the statement; None where the track was not played by one.
        name: what its voice is called.
        instruments, language: names that mean a sound, and that the language of patterns has.

    Raises:
        UsageError: something in it cannot travel; says what.
    """
    if unit is None:
        raise UsageError(f"{track} plays nothing that was evaluated here", hint=f'Play it first: {track} >> s("bd")')
    pattern = _with_texts(_pattern(unit, track), read)
    helpers = [each for each in closure(unit.needs) if each is not unit]
    bound = {name for each in helpers for name in each.binds}
    reads: set[str] = set()
    for each in helpers:
        if each.makes or each.refers:
            raise _cannot(track, f"`{_first(each.code)}` is about tracks", "Split it: one statement for each.")
        for statement in ast.parse(each.code).body:
            _check_imports(statement, track)
            reads |= _free(statement)
    reads |= _free(pattern)
    known = bound | instruments | language | set(_ELSEWHERE) | set(dir(builtins))
    for word in sorted(reads):
        if word in _OF_THIS_MACHINE and word not in bound:
            raise _cannot(track, f"{word!r} is of this machine", "Write down what it gives, and bind that.")
        if word in _RESERVED - bound or word not in known:
            raise _cannot(track, f"{word!r} is not known elsewhere", "Use names of the language, or bind it yourself.")
    if clashing := sorted(bound & _RESERVED):
        raise _cannot(track, f"{clashing[0]!r} is a name that its program needs", "Call it something else.")
    voices = sorted((reads & instruments) - bound - language)
    words = sorted((reads & language) - bound)
    lines = [_HEAD.rstrip()]
    if voices:
        words = [*words, "voice"]
    if words:
        lines.append(f"from marmalade_sc.sdk.language import {', '.join(words)}")
    lines += [f"from {_ELSEWHERE[word]} import {word}" for word in sorted((reads & set(_ELSEWHERE)) - bound)]
    lines += ["", "jam = Jam()", *(f'{each} = voice("{each}")' for each in voices)]
    lines += [_code_with_texts(each.code, read) for each in helpers]
    lines += [f"jam.{name} >> ({ast.unparse(pattern)})", "jam.run()", ""]
    program = "\n".join(lines)
    return Shared(program, frozenset(_WORD.findall(program)))


def share(
    version: Version | None, track: str, name: str, orchestra: Orchestra, read: Callable[[str], str] | None = None
) -> dict[str, object]:
    """`shared` as an answer: {"program", "words"}, or {"error"}."""
    unit = version.lane.source if version is not None and version.lane is not None else None
    try:
        made = shared(
            unit if isinstance(unit, Unit) else None,
            track,
            name,
            frozenset(orchestra.names()),
            frozenset(namespace()),
            read,
        )
    except UsageError as error:
        return {"error": error_message(error)}
    return {"program": made.program, "words": sorted(made.words)}


def _pattern(unit: Unit, track: str) -> ast.expr:
    """What stands on the right of `track >>`."""
    body = ast.parse(unit.code).body
    statement = body[0] if len(body) == 1 else None
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.BinOp):
        operation = statement.value
        left: ast.expr = operation.left
        while isinstance(left, ast.Call) and isinstance(left.func, ast.Attribute):
            left = left.func.value  # d1.xfade(4) >> ...
        if isinstance(operation.op, ast.RShift) and isinstance(left, ast.Name) and left.id == track:
            return operation.right
    raise _cannot(track, "it was not played by a line of its own", f"Write it as {track} >> ... and evaluate that.")


class _Texts(ast.NodeTransformer):
    """Puts the text of a score where a program names its file."""

    def __init__(self, read: Callable[[str], str]) -> None:
        self._read = read

    def visit_Call(self, node: ast.Call) -> ast.AST:  # noqa: N802  the name that ast calls
        self.generic_visit(node)
        first = node.args[0] if node.args and isinstance(node.func, ast.Name) and node.func.id == "score" else None
        if isinstance(first, ast.Constant) and isinstance(first.value, str) and first.value.endswith(".alda"):
            name = first.value
            node.args[0] = ast.copy_location(ast.Constant(self._read(name)), first)
            if all(keyword.arg != "name" for keyword in node.keywords):
                node.keywords.append(ast.keyword("name", ast.Constant(name.rpartition("/")[2])))
        return node


def _with_texts(pattern: ast.expr, read: Callable[[str], str] | None) -> ast.expr:
    if read is None:
        return pattern
    made: ast.expr = ast.fix_missing_locations(_Texts(read).visit(pattern))
    return made


def _code_with_texts(code: str, read: Callable[[str], str] | None) -> str:
    """A statement as it was typed, or with the texts that it names."""
    if read is None or "score" not in code or ".alda" not in code:
        return code
    return ast.unparse(ast.fix_missing_locations(_Texts(read).visit(ast.parse(code))))


def _free(node: ast.AST) -> set[str]:
    """Names that a statement reads and does not bind itself, arguments of its functions among those that it does."""
    read: set[str] = set()
    own: set[str] = set()
    for each in ast.walk(node):
        if isinstance(each, ast.Name):
            (read if isinstance(each.ctx, ast.Load) else own).add(each.id)
        elif isinstance(each, ast.arg):
            own.add(each.arg)
        elif isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            own.add(each.name)
        elif isinstance(each, ast.alias):
            own.add((each.asname or each.name).partition(".")[0])
        elif isinstance(each, ast.ExceptHandler) and each.name:
            own.add(each.name)
    return read - own


def _check_imports(statement: ast.stmt, track: str) -> None:
    for node in ast.walk(statement):
        names: Iterable[str] = ()
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or "."]
        for name in names:
            if name.partition(".")[0] not in sys.stdlib_module_names:
                raise _cannot(track, f"the module {name!r} is not everywhere", "Only Python's own modules travel.")
            if name.partition(".")[0] in _IO_MODULES:
                raise _cannot(
                    track, f"the module {name!r} is of this machine", "Write down what it gives, and bind that."
                )


def _cannot(track: str, why: str, hint: str) -> UsageError:
    return UsageError(f"{track} cannot be shared: {why}", hint=hint)


def _first(code: str) -> str:
    line = code.strip().partition("\n")[0]
    return line if len(line) <= 60 else line[:57] + "..."
