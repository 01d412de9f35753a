"""Text of a notation cut into words, numbers, operators, rests and brackets, for colours. Reads anything. Pure."""

import re
from typing import Final

__all__ = ["CLASSES", "notation_parts"]

CLASSES: Final = ("word", "number", "operator", "rest", "bracket", "text")

_PART: Final = re.compile(
    r"(?P<rest>~|(?<![\w)\]}>])-(?![\w.]))"
    r"|(?P<number>-?(?:\d+(?:\.\d+)?|\.\d+)(?:e-?\d+)?(?![\w]))"
    r"|(?P<word>[^\W\d][\w#']*|\d+[^\W\d]\w*)"
    r"|(?P<bracket>[\[\]<>{}()])"
    r"|(?P<operator>\.\.|[*/!@?:,|%.^_+-])"
    r"|(?P<text>.)",
    re.DOTALL,
)


def notation_parts(text: str) -> list[tuple[str, int, int]]:
    """The parts of `text` as (class, start, end), in order and without gaps."""
    return [(found.lastgroup or "text", found.start(), found.end()) for found in _PART.finditer(text)]
