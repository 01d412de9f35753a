"""Colours of code: Python by pygments, and notation inside strings; a line is looked at again only when it changed."""

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from prompt_toolkit.document import Document
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.lexers import Lexer

from marmalade_sc.shell.notation import notation_parts
from marmalade_sc.shell.scan import NORMAL, Piece, scan

if TYPE_CHECKING:
    from pygments.lexers.python import PythonLexer

__all__ = ["CodeLexer", "line_parts", "warm"]

_KEPT: Final = 3000
"""Lines kept in colour: more than anybody has open. One takes up to 2 KiB, and each key makes another."""


@lru_cache(maxsize=_KEPT)
def line_parts(line: str, state: str) -> tuple[tuple[tuple[str, str], ...], str]:
    """A line as (style, text) and the state of the next line; see `scan` for states."""
    pieces, after = scan(line, state)
    parts: list[tuple[str, str]] = []
    for piece in pieces:
        text = line[piece.start : piece.end]
        if piece.kind == "comment":
            parts.append(("class:pygments.comment", text))
        elif piece.kind == "string":
            parts += _string(line, piece)
        else:
            parts += _python(text)
    return tuple(parts), after


def _string(line: str, piece: Piece) -> list[tuple[str, str]]:
    inner = line[piece.inner_start : piece.inner_end]
    style = "class:pygments.string"
    if not piece.is_notation:
        return [(style, line[piece.start : piece.end])]
    parts = [(style, line[piece.start : piece.inner_start])]
    parts += [(f"{style} class:notation.{name}", inner[begin:end]) for name, begin, end in notation_parts(inner)]
    return [*parts, (style, line[piece.inner_end : piece.end])]


@lru_cache(maxsize=_KEPT)
def _python(text: str) -> tuple[tuple[str, str], ...]:
    parts = []
    tokens = _pygments().get_tokens_unprocessed(text)  # type: ignore[no-untyped-call]
    for _, kind, value in tokens:
        name = "".join(f".{part.lower()}" for part in kind)
        parts.append((f"class:pygments{name}" if name not in (".text", ".text.whitespace") else "", value))
    return tuple(parts)


@lru_cache(maxsize=1)
def _pygments() -> "PythonLexer":
    from pygments.lexers.python import PythonLexer

    return PythonLexer()  # type: ignore[no-untyped-call]


def warm() -> None:
    """Import and build what colours code: 80 ms, which the first key would wait for. May be called in a thread."""
    line_parts('d1 >> s("bd")  # warm', NORMAL)


class CodeLexer(Lexer):
    """For a buffer of prompt_toolkit: the states at the beginnings of lines are kept, and each line's parts."""

    def lex_document(self, document: Document) -> Callable[[int], StyleAndTextTuples]:
        """A function from a line's number to its parts."""
        lines = document.lines
        states = [NORMAL]

        def parts(number: int) -> StyleAndTextTuples:
            if number >= len(lines):
                return []
            while len(states) <= number:
                states.append(line_parts(lines[len(states) - 1], states[-1])[1])
            return list(line_parts(lines[number], states[number])[0])

        return parts
