"""Which words fit what was typed, best first."""

import re
from collections.abc import Iterable

from marmalade_sc.assist.page import Word

__all__ = ["fitting", "rank"]

_NONE = 9
_SHORTEST_SPREAD = 2
"""A single letter is somewhere in nearly every name: letters that stand apart count from two on."""


def rank(typed: str, name: str) -> int:
    """How well a name fits: 0 it is what was typed, 1 begins so, 2 begins so in other case, 3 a part of it begins so,
    4 it stands somewhere in it, 5 its letters do, in this order; 9 it does not fit."""
    if not typed or name.startswith(typed):
        return 0 if name == typed else 1
    low, name_low = typed.lower(), name.lower()
    if name_low.startswith(low):
        return 2
    at = name_low.find(low)
    if at > 0:
        return 3 if not name_low[at - 1].isalnum() else 4
    if len(low) < _SHORTEST_SPREAD:
        return _NONE
    begin = 0
    for letter in low:
        begin = name_low.find(letter, begin) + 1
        if not begin:
            return _NONE
    return 5


def fitting(typed: str, words: Iterable[Word]) -> list[Word]:
    """The words that fit, best first; equally good ones stay in their order. Of two that write the same, the first."""
    found: list[tuple[int, Word]] = []
    seen: set[str] = set()
    for word in words:
        quality = rank(typed, word.name)
        if quality != _NONE and word.written not in seen:
            seen.add(word.written)
            found.append((quality, word))
    found.sort(key=lambda each: each[0])
    return [word for _, word in found]


def words_of(text: str) -> list[str]:
    """The words of a text in lower case, for a search."""
    return re.findall(r"\w+", text.lower())
