"""What stands before a dot or a bracket: a pattern, a track, the clock. Guesses that need no evaluation."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from marmalade_sc.assist.scan import Token

__all__ = ["Kinds", "Owner", "callee", "owner"]

_DEPTH: Final = 40
_SOUNDS: Final = frozenset({"s", "sound"})
_STEP: Final = re.compile(r"[^\W\d_][\w]*")


@dataclass(frozen=True, slots=True)
class Owner:
    """A thing in code as far as it can be told.

    Attributes:
        kind: "pattern", "track", "clock", "jam", "scene", "tutorial", "effect", "placed", "text", "voice", "function",
            or "" when nothing of ours can follow it.
        voices: instruments whose controls its events have, as far as they are named.
    """

    kind: str
    voices: tuple[str, ...] = ()


class Kinds(Protocol):
    """What names are; `Words` has it."""

    @property
    def results(self) -> Mapping[str, str]:
        """What a call of a function gives, by the function's name."""

    @property
    def methods(self) -> Mapping[str, Mapping[str, str]]:
        """By kind of owner, what each of its members gives."""

    @property
    def instruments(self) -> Mapping[str, object]:
        """Everything that has controls, by name."""

    def kind_of(self, name: str) -> str:
        """What kind of thing a name stands for."""


def owner(tokens: Sequence[Token], last: int, kinds: Kinds, depth: int = 0) -> Owner:
    """The thing whose last token is number `last`."""
    if last < 0 or depth > _DEPTH:
        return Owner("")
    token = tokens[last]
    if token.kind == "newline":  # a chain of methods may go over lines, inside brackets
        return owner(tokens, last - 1, kinds, depth + 1)
    if token.kind == "string":
        return Owner("text")
    if token.kind == "name":
        before = last - 1
        if before >= 0 and tokens[before].text == ".":
            above = owner(tokens, before - 1, kinds, depth + 1)
            return Owner(kinds.methods.get(above.kind, {}).get(token.text, ""), above.voices)
        return Owner(kinds.kind_of(token.text), (token.text,) if token.text in kinds.instruments else ())
    if token.text == ")":
        return _called(tokens, last, kinds, depth)
    return Owner("pattern") if token.text == "]" else Owner("")


def callee(tokens: Sequence[Token], bracket: int, kinds: Kinds) -> tuple[str, Owner | None]:
    """The name before a bracket, and what it is a member of (None: of nothing). The name is "" for a bare bracket."""
    last = bracket - 1
    if last < 0 or tokens[last].kind != "name":
        return "", None
    before = last - 1
    if before >= 0 and tokens[before].text == ".":
        return tokens[last].text, owner(tokens, before - 1, kinds)
    return tokens[last].text, None


def _called(tokens: Sequence[Token], last: int, kinds: Kinds, depth: int) -> Owner:
    begin = _matching(tokens, last)
    name, above = callee(tokens, begin, kinds) if depth < _DEPTH else ("", None)
    inside = tokens[begin + 1 : last]
    if not name:
        if begin > 0 and tokens[begin - 1].text in (")", "]"):
            return Owner("pattern", _named_by(inside, kinds))  # voice("bass")("0 3")
        return owner(tokens, last - 1, kinds, depth + 1)
    if above is None:
        voices = _named_by(inside, kinds) if name in _SOUNDS else (name,) if name in kinds.instruments else ()
        return Owner(kinds.results.get(name, "pattern"), voices)
    return Owner(kinds.methods.get(above.kind, {}).get(name, ""), above.voices)


def _named_by(tokens: Sequence[Token], kinds: Kinds) -> tuple[str, ...]:
    """Instruments that a text names."""
    found: dict[str, None] = {}
    for token in tokens[:1]:
        if token.kind == "string":
            found |= dict.fromkeys(name for name in _STEP.findall(token.text) if name in kinds.instruments)
    return tuple(found)


def _matching(tokens: Sequence[Token], last: int) -> int:
    depth = 0
    for index in range(last, -1, -1):
        text = tokens[index].text if tokens[index].kind == "mark" else ""
        if text in (")", "]", "}"):
            depth += 1
        elif text in ("(", "[", "{"):
            depth -= 1
            if not depth:
                return index
    return 0
