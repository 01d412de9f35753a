"""Exceptions of evaluated code as messages for the person who typed it: what, where in the block, what to do."""

import linecache
import re
import traceback
from collections.abc import Iterable
from dataclasses import replace
from types import TracebackType
from typing import Final

from marmalade_sc.errors import EvaluationError, UnknownNameError, UsageError, Where, nearest
from marmalade_sc.live.rewording import ELSEWHERE, reworded

__all__ = ["explain", "remember", "what_failed"]

_LONGEST_LINE: Final = 120
_ADDRESS: Final = re.compile(r" at 0x[0-9a-f]+")
_REMEMBERED = 512
"""Blocks whose lines tracebacks can show; a night has thousands, and each fork would carry them on."""


def explain(error: BaseException, code: str, source: str, names: Iterable[str] = ()) -> UsageError:
    """The error as a UsageError with its place in the block, whatever was raised.

    Args:
        code: the block; `source` the name it was compiled under.
        names: what the user could have meant, for names that do not exist.
    """
    if isinstance(error, SyntaxError):
        return _syntax(error, code, source)
    line = _line(error.__traceback__, source)
    if isinstance(error, UsageError):
        return _placed(error, code, source, line)
    where = _whole_line(code, source, line)
    if isinstance(error, NameError):
        name = error.name or ""
        near = nearest(name, names)
        hint = (
            ELSEWHERE.get(name, "") or (f"Did you mean {near!r}?" if near else "")
        ) or "Only a track (d1, bass2) on the left of >> comes into being by itself."
        where = None if where is None else _narrowed(where, repr(name))
        return UnknownNameError(f"{name!r} is not defined", where=where, hint=hint)
    if (better := reworded(error, where.text if where is not None else "")) is not None:
        kind = UnknownNameError if isinstance(error, AttributeError) else EvaluationError
        return kind(better[0], where=None if where is None else _narrowed(where, better[0]), hint=better[1])
    if isinstance(error, KeyboardInterrupt):
        return EvaluationError("The evaluation was interrupted", where=where, hint="Nothing has changed.")
    if isinstance(error, MemoryError):
        return EvaluationError("The evaluation needs more memory than it may have", where=where)
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename == source]
    text = "".join(traceback.format_list(frames)) if len(frames) > 1 else ""
    said = str(error)
    return EvaluationError(
        f"{type(error).__name__}: {said}" if said else type(error).__name__, where=where, traceback=text
    )


def what_failed(error: Exception) -> tuple[str, str, str]:
    """An exception of a pattern that plays: what happened, what makes it the same again, the user's line.

    The same exception at the same line is the same failure, whatever number or address its words have this time.
    """
    said = _ADDRESS.sub("", str(error))
    name = type(error).__name__
    text = said if isinstance(error, UsageError) else f"{name}: {said}" if said else name
    block, number = "", 0
    frames = error.__traceback__
    while frames is not None:
        entry = linecache.cache.get(frames.tb_frame.f_code.co_filename)
        if entry is not None and len(entry) == 4 and entry[1] is None:  # a block of the user's: see `remember`
            block, number = frames.tb_frame.f_code.co_filename, frames.tb_lineno
        frames = frames.tb_next
    if not number:
        return text, "", ""
    return text, f"{name} {block} {number}", linecache.getline(block, number).strip()[:_LONGEST_LINE]


def remember(code: str, source: str) -> None:
    """Let tracebacks show lines of the block, which is in no file; of the latest blocks only."""
    blocks = [name for name, entry in linecache.cache.items() if len(entry) == 4 and entry[1] is None]
    for name in blocks[: max(0, len(blocks) - _REMEMBERED + 1)]:
        del linecache.cache[name]
    linecache.cache[source] = (len(code), None, code.splitlines(keepends=True), source)


def _syntax(error: SyntaxError, code: str, source: str) -> UsageError:
    lines = code.splitlines() or [""]
    number = min(max(error.lineno or 1, 1), len(lines))
    text = lines[number - 1]
    column = min(max(error.offset or 1, 1), len(text) + 1)
    length = 1
    if error.end_lineno == error.lineno and error.end_offset and error.end_offset > column:
        length = error.end_offset - column
    return EvaluationError(
        f"This is not Python: {error.msg}", where=Where(source, number, column, text, min(length, 80))
    )


def _placed(error: UsageError, code: str, source: str, line: int | None) -> UsageError:
    if error.where is None:
        where = _whole_line(code, source, line)
        error.where = None if where is None else _narrowed(where, error.message)
        return error
    lines = code.splitlines()
    if line is None or error.where.text in lines:
        return error
    # The place is within a notation, which may have lines of its own; say where that is in the block.
    for number in (line - 2 + error.where.line, *range(line - 1, len(lines))):
        at = lines[number].find(error.where.text) if 0 <= number < len(lines) else -1
        if at >= 0:
            error.where = Where(source, number + 1, at + error.where.column, lines[number], error.where.length)
            break
    return error


def _whole_line(code: str, source: str, line: int | None) -> Where | None:
    lines = code.splitlines()
    if line is None or not 0 < line <= len(lines):
        return None
    text = lines[line - 1]
    indent = len(text) - len(text.lstrip())
    return Where(source, line, indent + 1, text, max(1, min(len(text.strip()), 80)))


_NUMBER: Final = r"(?<![\w.])-?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?!\w)"


def _narrowed(where: Where, message: str) -> Where:
    """The word of the line that the message quotes, or the number that cannot be, where it stands there once."""
    for quoted in re.findall(r"'([^']{1,80})'", message):
        found = [*re.finditer(rf"(?<!\w){re.escape(quoted)}(?!\w)", where.text)]
        if len(found) == 1:
            return replace(where, column=found[0].start() + 1, length=len(quoted))
    if ("cannot be" in message or "must be" in message) and (said := re.search(_NUMBER, message)):
        same = [each for each in re.finditer(_NUMBER, where.text) if float(each[0]) == float(said[0])]
        behind = [each for each in same if each.start() >= _arguments(where.text, message)]
        for found in (same, behind):
            if len(found) == 1:
                return replace(where, column=found[0].start() + 1, length=len(found[0][0]))
    return where


def _arguments(text: str, message: str) -> int:
    """Where the arguments begin of the function that the message begins with (`every: ...`), if it is there once."""
    name = re.match(r"(\w+): ", message)
    calls = [*re.finditer(rf"\b{name[1]}\(", text)] if name is not None else []
    return calls[0].end() if len(calls) == 1 else 0


def _line(frames: TracebackType | None, source: str) -> int | None:
    """The line of the block that led to the error: the innermost frame of the user's own code."""
    line = None
    while frames is not None:
        if frames.tb_frame.f_code.co_filename == source:
            line = frames.tb_lineno
        frames = frames.tb_next
    return line
