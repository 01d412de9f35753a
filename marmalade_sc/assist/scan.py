"""Reads unfinished code around a cursor: tokens, open brackets, the string that the cursor stands in. Never raises."""

import re
from dataclasses import dataclass
from typing import Final

__all__ = ["Call", "Place", "Text", "Token", "read", "tokens_of"]

_BACK: Final = 20_000
_AHEAD: Final = 4_000
"""Characters that are looked at: more would take time at each key, and what a cursor needs stands near."""

_TOKEN: Final = re.compile(
    r"""(?P<comment>\#[^\n]*)
      | (?P<string>[rRbBuUfF]{0,2}(?:
            \"{3}(?:\\(?:.|\Z)|(?!\"{3})[^\\])*(?:\"{3}|\Z)
          | '{3}(?:\\(?:.|\Z)|(?!'{3})[^\\])*(?:'{3}|\Z)
          | "(?:\\(?:.|\Z)|[^"\\\n])*"?
          | '(?:\\(?:.|\Z)|[^'\\\n])*'? ))
      | (?P<name>[^\W\d]\w*)
      | (?P<number>\d[\w.]*|\.\d\w*)
      | (?P<newline>\n)
      | (?P<space>(?:[^\S\n]|\\\n)+)
      | (?P<mark>>>|<<|[=!<>]=|\*\*|.)""",
    re.VERBOSE | re.DOTALL,
)
_QUOTES: Final = re.compile(r"[rRbBuUfF]{0,2}(\"{3}|'{3}|\"|')")
_OPENING: Final = {"(": ")", "[": "]", "{": "}"}
_CLOSING: Final = frozenset(")]}")
_STATEMENT: Final = re.compile(
    r"(?:def|for|while|if|with|class|import|from|del|return)\b|[^\W\d]\w*\s*(?:>>|=(?!=)|\.)"
)
"""A line that begins so at its very left is a new statement, whatever bracket the lines before it left open."""


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of code: kind ("name", "string", "number", "mark", "newline", "comment"), text and where it begins."""

    kind: str
    text: str
    start: int

    @property
    def end(self) -> int:
        return self.start + len(self.text)


@dataclass(frozen=True, slots=True)
class Text:
    """The string that the cursor stands in: its content, where that begins, and what of it is before the cursor."""

    content: str
    start: int
    before: str


@dataclass(frozen=True, slots=True)
class Call:
    """A bracket that is open where the cursor is.

    Attributes:
        bracket: "(", "[" or "{".
        index: of the bracket among the tokens; what is called stands before it.
        argument: how many arguments stand before the one of the cursor.
        keyword: the name of the cursor's argument, "" where it has none.
        given: names that other arguments of the call have, before and behind the cursor.
        first: the first argument when it is a plain string, else "".
    """

    bracket: str
    index: int
    argument: int
    keyword: str
    given: frozenset[str]
    first: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a cursor stands.

    Attributes:
        position: of the cursor.
        start: where the name begins that the cursor stands in or behind; the position where there is none.
        name: that name up to the cursor; `rest` goes on behind it.
        tokens: everything before `start` (or the string), without spaces and comments.
        text: the string of the cursor, None in code.
        calls: open brackets, the innermost last.
        is_comment: the cursor stands in a comment, or between quotes that belong together: nothing fits there.
        mark_behind: the mark that follows the name, "" where none does.
    """

    position: int
    start: int
    name: str
    rest: str
    tokens: tuple[Token, ...]
    text: Text | None
    calls: tuple[Call, ...]
    is_comment: bool = False
    mark_behind: str = ""

    @property
    def is_member(self) -> bool:
        """Whether a dot stands before the name."""
        return bool(self.tokens) and self.tokens[-1].text == "."


class _Open:
    """A bracket while it is read."""

    def __init__(self, bracket: str, index: int) -> None:
        self.bracket = bracket
        self.index = index
        self.argument = 0
        self.names: dict[int, str] = {}
        self.first = ""

    def call(self) -> Call:
        keyword = self.names.get(self.argument, "")
        given = frozenset(name for at, name in self.names.items() if at != self.argument)
        return Call(self.bracket, self.index, self.argument, keyword, given, self.first)


def tokens_of(code: str, begin: int = 0) -> list[Token]:
    """All tokens from `begin` on but spaces; every text has some."""
    found = []
    for match in _TOKEN.finditer(code, begin):
        kind = match.lastgroup or "mark"
        if kind != "space":
            found.append(Token(kind, match.group(), match.start()))
    return found


def read(code: str, position: int) -> Place:
    """Where the cursor stands; a position outside the code is brought into it."""
    position = min(max(position, 0), len(code))
    begin = _begin(code, position)
    before: list[Token] = []
    behind: list[Token] = []
    text: Text | None = None
    name, rest, start, is_comment = "", "", position, False
    for token in tokens_of(code[: position + _AHEAD], begin):
        if token.start >= position:
            behind.append(token)
        elif token.kind == "string" and (found := _text(token, position)) is not None:
            text = found
        elif token.kind in ("string", "comment") and position < token.end + (token.kind == "comment"):
            is_comment = True
        elif token.kind == "name" and token.end >= position:
            start, cut = token.start, position - token.start
            name, rest = token.text[:cut], token.text[cut:]
        elif token.kind == "number" and token.end >= position:
            start, name = token.start, token.text[: position - token.start]
        elif token.kind != "comment":
            before.append(token)
    if start == position and behind and behind[0].kind == "name" and behind[0].start == position:
        rest = behind[0].text
        behind = behind[1:]
    calls = _open(code, before)
    if calls:
        _look_behind(calls[-1], behind)
    mark = behind[0].text if behind and behind[0].kind == "mark" else ""
    called = tuple(each.call() for each in calls)
    return Place(position, start, name, rest, tuple(before), text, called, is_comment, mark)


def _begin(code: str, position: int) -> int:
    """Where to begin to read: the statement of the cursor, so that a long buffer costs nothing at each key."""
    first = max(0, position - _BACK)
    if first:
        first = code.find("\n", first, position) + 1 or first
    if any(code.find(quotes, first, position) >= 0 for quotes in ('"""', "'''")):
        return first  # the cursor may stand in a text of many lines
    line = code.rfind("\n", first, position) + 1
    while line > first:
        if _STATEMENT.match(code, line, position):
            return line
        line = code.rfind("\n", first, line - 1) + 1
    return first


def _text(token: Token, position: int) -> Text | None:
    """The string, when the cursor stands inside it."""
    quotes = _QUOTES.match(token.text)
    if quotes is None:
        return None
    begin = token.start + quotes.end()
    content = token.text[quotes.end() :]
    is_closed = content.endswith(quotes[1]) and not _is_escaped(content, len(content) - len(quotes[1]))
    if is_closed:
        content = content[: -len(quotes[1])]
    if begin <= position <= begin + len(content) and (not is_closed or position < token.end):
        return Text(content, begin, content[: position - begin])
    return None


def _is_escaped(text: str, at: int) -> bool:
    head = text[:at]
    return (len(head) - len(head.rstrip("\\"))) % 2 == 1


def _open(code: str, tokens: list[Token]) -> list[_Open]:
    """The brackets that are still open behind the tokens."""
    stack: list[_Open] = []
    for index, token in enumerate(tokens):
        if token.kind == "newline" and stack and _STATEMENT.match(code, token.end):
            stack.clear()
        _step(stack, tokens, index)
    return stack


def _step(stack: list[_Open], tokens: list[Token], index: int) -> None:
    token = tokens[index]
    if token.text in _OPENING and token.kind == "mark":
        stack.append(_Open(token.text, index))
    elif token.text in _CLOSING and token.kind == "mark":
        if stack:
            stack.pop()
    elif stack:
        top = stack[-1]
        if token.text == ",":
            top.argument += 1
        elif token.text == "=" and index and tokens[index - 1].kind == "name":
            top.names.setdefault(top.argument, tokens[index - 1].text)
        elif token.kind == "string" and index == top.index + 1 and (quotes := _QUOTES.match(token.text)):
            top.first = token.text[quotes.end() : -len(quotes[1])]


def _look_behind(call: _Open, tokens: list[Token]) -> None:
    """Names of arguments behind the cursor, up to the end of the call."""
    depth, argument = 0, call.argument
    for index, token in enumerate(tokens):
        if token.kind != "mark":
            continue
        if token.text in _OPENING:
            depth += 1
        elif token.text in _CLOSING:
            depth -= 1
            if depth < 0:
                return
        elif not depth and token.text == ",":
            argument += 1
        elif not depth and token.text == "=" and index and tokens[index - 1].kind == "name":
            call.names.setdefault(argument, tokens[index - 1].text)
