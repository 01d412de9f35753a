"""Rules of the editor: when Enter evaluates, what a block and a line are, how deep the next line stands. Pure."""

import ast
import codeop
import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

__all__ = [
    "INDENT",
    "Stretch",
    "block_at",
    "dedent_column",
    "enter_evaluates",
    "is_complete",
    "margin_after",
    "statement_at",
    "with_example",
]

INDENT: Final = "    "
_OPENS: Final = re.compile(r":\s*(#.*)?$")
_ENDS_BLOCK: Final = re.compile(r"\s+(return|pass|break|continue|raise)\b")


@dataclass(frozen=True, slots=True)
class Stretch:
    """Lines of a text, from `first` to `last` (from 0, both included), and what is sent for them."""

    first: int
    last: int
    code: str


def is_complete(text: str) -> bool:
    """Whether Enter evaluates this text: one finished line, or a block that ends with an empty line."""
    if not text.strip():
        return True
    try:
        finished = codeop.compile_command(text, "<prompt>", "exec") is not None
    except (SyntaxError, ValueError, OverflowError):
        return True  # let the evaluation say what is wrong, and where
    last = text.split("\n")[-1]
    return finished and ("\n" not in text or not last.strip() or not last[0].isspace())


def enter_evaluates(text: str, position: int) -> bool:
    """Whether Enter with the cursor at `position` evaluates: the text is whole, and nothing but closers stand behind.

    In a single line the cursor may be anywhere, but not between two brackets: there a list of lines begins.
    """
    before, behind = text[:position], text[position:]
    if before[-1:] in ("(", "[", "{") and behind[:1] in (")", "]", "}"):
        return False
    return is_complete(text) and ("\n" not in text or not behind.strip(")]}>\"' \n"))


def margin_after(line: str) -> str:
    """What the line after `line` begins with, when Enter is pressed at its end."""
    margin = line[: len(line) - len(line.lstrip())]
    if _OPENS.search(line) and not line.lstrip().startswith("#"):
        return margin + INDENT
    if _ENDS_BLOCK.match(line):
        return margin[: -len(INDENT)]
    return margin


def dedent_column(before: str) -> int:
    """How many characters Backspace takes where only spaces stand before the cursor: back to the last indent."""
    if before and not before.strip(" "):
        return (len(before) - 1) % len(INDENT) + 1
    return 1


def block_at(lines: Sequence[str], row: int) -> Stretch | None:
    """The block around line `row`: its paragraph; what is indented belongs to its head, over empty lines as well.

    On an empty line it is the block above. None where there is none.
    """
    while row >= 0 and not lines[row].strip():
        row -= 1
    if row < 0:
        return None
    first = last = row
    while first > 0 and lines[first - 1].strip():
        first -= 1
    while last + 1 < len(lines) and lines[last + 1].strip():
        last += 1
    small = first, last
    while first > 0 and lines[first][:1].isspace():
        first -= 1
        while first > 0 and (not lines[first].strip() or (lines[first - 1].strip() and lines[first][:1].isspace())):
            first -= 1
    while first > 0 and lines[first - 1].strip():
        first -= 1
    while (below := _below(lines, last)) is not None and lines[below][:1].isspace():
        last = below
        while last + 1 < len(lines) and lines[last + 1].strip():
            last += 1
    if (first, last) != small and not _parses(lines, first, last) and _parses(lines, *small):
        first, last = small
    if not _parses(lines, first, last):
        first, last = _whole_string(lines, first, last)
    return Stretch(first, last, _code(lines, first, last))


def _below(lines: Sequence[str], row: int) -> int | None:
    return next((at for at in range(row + 1, len(lines)) if lines[at].strip()), None)


def _whole_string(lines: Sequence[str], first: int, last: int) -> tuple[int, int]:
    """Grown by the paragraphs around it if that makes it whole: a text in three quotes may hold empty lines."""
    for begin, end in ((first, _paragraph_end(lines, last)), (_paragraph_begin(lines, first), last)):
        if (begin, end) != (first, last) and _parses(lines, begin, end):
            return begin, end
    return first, last


def _paragraph_end(lines: Sequence[str], last: int) -> int:
    below = _below(lines, last)
    if below is None:
        return last
    while below + 1 < len(lines) and lines[below + 1].strip():
        below += 1
    return below


def _paragraph_begin(lines: Sequence[str], first: int) -> int:
    above = first - 1
    while above >= 0 and not lines[above].strip():
        above -= 1
    while above > 0 and lines[above - 1].strip():
        above -= 1
    return above if above >= 0 else first


def _code(lines: Sequence[str], first: int, last: int) -> str:
    return textwrap.dedent("\n".join(lines[first : last + 1]))


def _parses(lines: Sequence[str], first: int, last: int) -> bool:
    return _tree(_code(lines, first, last)) is not None


def _tree(code: str) -> ast.Module | None:
    try:
        return ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def statement_at(lines: Sequence[str], row: int) -> Stretch | None:
    """The statement on line `row`: more lines where it goes on over them. None on an empty line."""
    if not lines[row].strip():
        return None
    block = block_at(lines, row)
    tree = _tree(block.code) if block is not None else None
    if block is None or tree is None:
        return Stretch(row, row, lines[row].strip())
    found: tuple[int, int] | None = None
    for node in ast.walk(tree):
        if isinstance(node, ast.stmt):
            begin, end = node.lineno - 1 + block.first, (node.end_lineno or node.lineno) - 1 + block.first
            if begin <= row <= end and (found is None or end - begin < found[1] - found[0]):
                found = begin, end
    if found is None:  # a comment
        return Stretch(row, row, lines[row].strip())
    return Stretch(found[0], found[1], _code(lines, *found))


def with_example(text: str, position: int, example: str, latest: str, asked: str) -> tuple[str, int]:
    """A text with an example of a page, and where the cursor is then: behind the example.

    It takes the place of the example that was put in before it, and of the name that was asked about where nothing else
    stands in the line; else it begins a line below the cursor's. A pattern of sounds is given to a track, to be heard.

    Args:
        latest: the example that was put in before, where that was done.
        asked: the page's title.
    """
    example, latest = _heard(example), _heard(latest)
    begin = position - len(latest)
    if latest and begin >= 0 and text[begin:position] == latest and text[begin - 1 : begin] in ("", "\n"):
        return text[:begin] + example + text[position:], begin + len(example)
    begin = text.rfind("\n", 0, position) + 1
    end = len(text) if (found := text.find("\n", position)) < 0 else found
    line = text[begin:end].strip()
    lead = "" if not line or line.rstrip("?").rpartition(".")[2] == asked.rpartition(".")[2] else text[begin:end] + "\n"
    return text[:begin] + lead + example + text[end:], begin + len(lead) + len(example)


def _heard(example: str) -> str:
    return f"d1 >> {example}" if example.startswith("s(") and "\n" not in example else example
