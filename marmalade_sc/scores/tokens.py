"""The words of a score's text, each with its line and column: what Alda's scanner tells apart, to the letter."""

import re
from dataclasses import dataclass
from enum import Enum
from typing import Final, NamedTuple, NoReturn

from marmalade_sc.errors import ScoreError, Where
from marmalade_sc.scores.limits import MAX_CHARACTERS

__all__ = ["INT32_MAX", "Kind", "Text", "Token", "asks_for_extensions", "scan", "whole"]

INT32_MAX: Final = 2**31 - 1


class Kind(Enum):
    """What a word is."""

    ALIAS = "an alias"
    AT_MARKER = "a jump to a marker"
    BARLINE = "a barline"
    COLON = "a colon"
    CRAM_CLOSE = "a closing brace"
    CRAM_OPEN = "an opening brace"
    END = "the end of the score"
    ENDINGS = "a list of repetitions"
    EQUALS = "an equals sign"
    FLAT = "a flat"
    LENGTH = "a note length"
    LIST_CLOSE = "a closing parenthesis"
    LIST_OPEN = "an opening parenthesis"
    MARKER = "a marker"
    MILLISECONDS = "a length in time"
    NAME = "a name"
    NATURAL = "a natural"
    NOTE = "a note"
    NUMBER = "a number"
    OCTAVE = "an octave"
    OCTAVE_DOWN = "an octave down"
    OCTAVE_UP = "an octave up"
    QUOTE = "a quote"
    REPEAT = "a repeat"
    REST = "a rest"
    SEPARATOR = "a slash"
    SEQUENCE_CLOSE = "a closing bracket"
    SEQUENCE_OPEN = "an opening bracket"
    SHARP = "a sharp"
    STRING = "a string"
    SYMBOL = "a symbol"
    TIE = "a tie"
    VOICE = "a voice"


class Token(NamedTuple):
    """A word: its kind, its characters, what they mean, and where they begin (line and column from 1)."""

    kind: Kind
    text: str
    value: object
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Text:
    """A score's text and where it came from; makes places of positions and errors of places."""

    source: str
    text: str

    def refuse(self, message: str, line: int, column: int, hint: str = "", length: int = 1) -> NoReturn:
        """Raise a ScoreError at a line and column."""
        lines = self.text.split("\n")
        shown = lines[line - 1].rstrip("\r") if line <= len(lines) else ""
        raise ScoreError(message, where=Where(self.source, line, column, shown, length), hint=hint)


_NUMBER: Final = re.compile(r"[0-9]+(?:\.[0-9]+)?")
_SIGNED: Final = re.compile(r"-?[0-9]*(?:\.(?=[0-9]))?[0-9]*")
_DIGITS: Final = re.compile(r"[0-9]*")
_NAME: Final = re.compile(r"[A-Za-z0-9_\-+'().]*")
_MARKER: Final = re.compile(r"[A-Za-z0-9_\-+'.]*")
_PRAGMA: Final = re.compile(r"\ufeff?#\s*marmalade:\s*extended\b")
_SYMBOL: Final = re.compile(r"[^ \t\r\n()\[\]{}\"]*")
_RANGE: Final = re.compile(r"([0-9]+)(-[0-9]+)?")
_AFTER_SECONDS: Final = frozenset(" \r\n/~]}")
_AFTER_REPEAT: Final = frozenset(" \r\n]}")
_AFTER_OCTAVE: Final = frozenset(" \r\n")
_AFTER_REST: Final = frozenset("0123456789# \r\n/~*'}]<>")
_AFTER_NOTE: Final = _AFTER_REST | frozenset("+-_")
_LETTERS: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
_DIGIT: Final = frozenset("0123456789")
_SINGLE: Final = {
    "{": Kind.CRAM_OPEN,
    "}": Kind.CRAM_CLOSE,
    "[": Kind.SEQUENCE_OPEN,
    "]": Kind.SEQUENCE_CLOSE,
    "-": Kind.FLAT,
    "+": Kind.SHARP,
    "_": Kind.NATURAL,
    "/": Kind.SEPARATOR,
    "<": Kind.OCTAVE_DOWN,
    ">": Kind.OCTAVE_UP,
    ":": Kind.COLON,
    "~": Kind.TIE,
    "|": Kind.BARLINE,
    "=": Kind.EQUALS,
}


def whole(digits: str) -> int:
    """A number of 32 bits: what is larger becomes the largest, nothing is 0 (as Go's ParseInt leaves it)."""
    digits = digits.lstrip("0")
    return min(int(digits), INT32_MAX) if 0 < len(digits) <= 10 else (INT32_MAX if digits else 0)


def asks_for_extensions(text: str) -> bool:
    """Whether a score's first line says that it uses more than Alda's language."""
    return _PRAGMA.match(text) is not None


def scan(text: str, source: str, strict: bool = True) -> list[Token]:
    """The words of `text`, with Kind.END at last.

    Args:
        strict: whether a repeat has a number and nothing else.

    Raises:
        ScoreError: a character that cannot stand where it stands, or a text that is too long.
    """
    if len(text) > MAX_CHARACTERS:
        raise ScoreError(
            f"{source} is too long: {len(text)} characters", hint=f"A score may have {MAX_CHARACTERS}: split it."
        )
    return _Scanner(Text(source, text), strict).run()


class _Scanner:
    """Goes through the text once; `at` is the next character, `line_start` where the present line begins."""

    def __init__(self, text: Text, strict: bool) -> None:
        self.origin = text
        self.strict = strict
        self.text = text.text
        self.at = 0
        self.start = 0
        self.line = 1
        self.line_start = 0
        self.lists = 0
        self.tokens: list[Token] = []

    def run(self) -> list[Token]:
        text, end = self.text, len(self.text)
        while self.at < end:
            self.start = self.at
            letter = text[self.at]
            self.at += 1
            if letter in " \r\t":
                continue
            if letter == "\n":
                self.line += 1
                self.line_start = self.at
            elif letter == "#":
                newline = text.find("\n", self.at)
                self.at = end if newline < 0 else newline
            elif letter == "(":
                self.lists += 1
                self._add(Kind.LIST_OPEN)
            elif letter == ")":
                self.lists -= 1
                self._add(Kind.LIST_CLOSE)
            elif self.lists > 0:
                self._in_list(letter)
            elif letter in _SINGLE:
                self._add(_SINGLE[letter])
            else:
                self._event(letter)
        self.start = self.at
        self._add(Kind.END)
        return self.tokens

    def _add(self, kind: Kind, value: object = None) -> None:
        column = self.start - self.line_start + 1
        self.tokens.append(Token(kind, self.text[self.start : self.at], value, self.line, column))

    def _peek(self, ahead: int = 0) -> str:
        """A character further on; empty at the end."""
        place = self.at + ahead
        return self.text[place : place + 1]

    def _take(self, pattern: re.Pattern[str]) -> str:
        """What matches here (perhaps nothing), gone past."""
        found = pattern.match(self.text, self.at)
        assert found is not None
        self.at = found.end()
        return found.group()

    def _unexpected(self, context: str, hint: str = "", back: int = 0) -> NoReturn:
        """Refuse the character that is next (or `back` before it)."""
        place = self.at - back
        letter = self.text[place : place + 1]
        what = f"{letter!r} cannot stand {context}" if letter else f"the score ends {context}"
        self.origin.refuse(what, self.line, place - self.line_start + 1, hint)

    def _in_list(self, letter: str) -> None:
        if letter == "'":
            self._add(Kind.QUOTE)
        elif letter == '"':
            close = self.text.find('"', self.at)
            if close < 0:
                column = self.start - self.line_start + 1
                self.origin.refuse("a string has no end", self.line, column, 'Close it with ".')
            inside = self.text[self.at : close]
            self.at = close + 1
            self._add(Kind.STRING, inside)
            self._newlines(self.start)
        elif letter == "-" or letter in _DIGIT:
            self.at = self.start
            number = self._take(_SIGNED)
            self._add(Kind.NUMBER, float(number) if number.strip("-") else 0.0)
        elif letter not in "[]{}":
            self._take(_SYMBOL)
            self._add(Kind.SYMBOL)
        else:
            self._unexpected("inside parentheses", "Lists are written (list 1 2), or '(1 2).", back=1)

    def _newlines(self, begin: int) -> None:
        """Count the lines between `begin` and here."""
        count = self.text.count("\n", begin, self.at)
        if count:
            self.line += count
            self.line_start = self.text.rindex("\n", begin, self.at) + 1

    def _event(self, letter: str) -> None:
        if letter in _DIGIT:
            self._length()
        elif letter in _LETTERS:
            self._word(letter)
        elif letter == "'":
            self._endings()
        elif letter == "*":
            self._repeat()
        elif letter == '"':
            self._take(_NAME)
            if not self._peek():
                self._unexpected("before an alias is closed", 'Close it with ".')
            name = self.text[self.start + 1 : self.at]
            self.at += 1  # whatever it is: the parser refuses what follows
            self._add(Kind.ALIAS, name)
            self._newlines(self.start)
        elif letter in "%@":
            name = self._take(_NAME)
            if not name:
                self._unexpected("in a marker's name", "Markers are written %name, and @name jumps there.")
            self._add(Kind.MARKER if letter == "%" else Kind.AT_MARKER, name)
        else:
            self._unexpected("here", "Notes are a to g, rests r, names have two letters or more.", back=1)

    def _word(self, letter: str) -> None:
        following = self._peek()
        if following in _LETTERS:
            self._take(_NAME)
            self._add(Kind.NAME)
        elif "a" <= letter <= "g" and (not following or following in _AFTER_NOTE):
            self._add(Kind.NOTE, letter)
        elif letter == "r" and (not following or following in _AFTER_REST):
            self._add(Kind.REST)
        elif letter == "o" and (not following or following in _DIGIT):
            digits = self._take(_DIGITS)
            if self._peek() and self._peek() not in _AFTER_OCTAVE:
                self._unexpected("after an octave", "Put a space after it: o4 c.")
            self._add(Kind.OCTAVE, whole(digits))
        elif letter == "V" and following in _DIGIT:
            digits = self._take(_DIGITS)
            if self._peek() != ":":
                self._unexpected("in a voice", "Voices are written V1: and end with V0:.")
            self.at += 1
            self._add(Kind.VOICE, whole(digits))
        else:
            self._unexpected(f"after {letter!r}", "Notes are a to g, rests r, names have two letters or more.")

    def _length(self) -> None:
        self.at = self.start
        number = float(self._take(_NUMBER))
        unit, after = self._peek(), self._peek(1)
        if unit == "s" and (not after or after in _AFTER_SECONDS):
            self.at += 1
            self._add(Kind.MILLISECONDS, number * 1000)
        elif unit == "m" and after == "s":
            self.at += 2
            self._add(Kind.MILLISECONDS, number)
        else:
            dots = 0
            while self._peek() == ".":
                dots += 1
                self.at += 1
            self._add(Kind.LENGTH, (number, dots))

    def _endings(self) -> None:
        ranges: list[tuple[int, int]] = []
        while True:
            found = _RANGE.match(self.text, self.at)
            if not found:
                self._unexpected("in a list of repetitions", "Write '1 or '1-3,5 after an event.")
            self.at = found.end()
            first, last = found.group(1), found.group(2)
            if last is None and self._peek() == "-":
                self.at += 1
                self._unexpected("in a list of repetitions", "Write '1 or '1-3,5 after an event.")
            ranges.append((whole(first), whole(last[1:] if last else first)))
            if self._peek() != ",":
                break
            self.at += 1
        self._add(Kind.ENDINGS, tuple(ranges))

    def _repeat(self) -> None:
        while self._peek() == " ":
            self.at += 1
        if not self.strict and self._peek() == "%":
            self.at += 1
            name = self._take(_MARKER)
            if not name:
                self._unexpected("in a repeat", "Write *%verse for: until the marker verse.")
            self._add(Kind.REPEAT, name)
            return
        digits = self._take(_DIGITS)
        following = self._peek()
        if not digits or (following and following not in _AFTER_REPEAT):
            self._unexpected("in a repeat", "Write *4 and a space after it.")
        self._add(Kind.REPEAT, whole(digits))
