"""A text being read from left to right, and errors that point into it."""

from collections.abc import Callable
from typing import NoReturn, TypeVar

from marmalade_sc.errors import NotationError, Where

__all__ = ["MAX_NESTING", "Cursor"]

MAX_NESTING = 64  # brackets inside brackets
CLOSERS = {"[": "]", "<": ">", "{": "}", "(": ")"}

Result = TypeVar("Result")


class Cursor:
    """A place in a text: `position` is the next character; `open` holds the brackets not yet closed."""

    def __init__(self, text: str, source: str) -> None:
        self.text = text
        self.source = source
        self.position = 0
        self.open: list[tuple[str, int]] = []

    def fail(self, message: str, position: int, length: int = 1, hint: str = "") -> NoReturn:
        """Raise a NotationError at a position of the text."""
        before = self.text[:position]
        line_start = before.rfind("\n") + 1
        line = self.text[line_start:].split("\n", 1)[0]
        column = position - line_start
        if len(line) > 200:  # a long line is shown around the place only
            cut = max(0, column - 100)
            message += f" (column {column + 1} of the line)"
            line, column = line[cut : cut + 200], column - cut
        where = Where(self.source, before.count("\n") + 1, column + 1, line, max(1, min(length, len(line) - column)))
        raise NotationError(message, where=where, hint=hint)

    def unexpected(self, expected: str) -> NoReturn:
        """Raise for what stands at the position, naming the open bracket when that is what it does not fit."""
        found = self.peek()
        if not found and self.open:
            opener, at = self.open[-1]
            self.fail(f"this {opener!r} is never closed", at, hint=f"add {CLOSERS[opener]!r} where the group ends")
        if found and found in "])>}":
            if self.open:
                opener, at = self.open[-1]
                if CLOSERS[opener] != found:
                    self.fail(
                        f"{found!r} does not close {opener!r}", self.position,
                        hint=f"{opener!r} at column {at + 1} needs {CLOSERS[opener]!r} first",
                    )  # fmt: skip
            else:
                opener = {closer: each for each, closer in CLOSERS.items()}[found]
                self.fail(f"{found!r} closes nothing", self.position, hint=f"take it away, or open {opener!r} before")
        self.fail(f"expected {expected}, found {found!r}" if found else f"expected {expected}", self.position)

    def peek(self) -> str:
        """The next character, or an empty string at the end."""
        return self.text[self.position : self.position + 1]

    def skip_spaces(self) -> None:
        """Go to the next character that is not white space."""
        while self.peek().isspace():
            self.position += 1

    def take(self, characters: str) -> bool:
        """Step over `characters` when they come next."""
        if self.text.startswith(characters, self.position):
            self.position += len(characters)
            return True
        return False

    def bracketed(self, read: Callable[[], Result]) -> Result:
        """What `read` gives between the bracket at the position and its closer."""
        opener = self.peek()
        if len(self.open) >= MAX_NESTING:
            self.fail(f"brackets are nested deeper than {MAX_NESTING}", self.position)
        self.open.append((opener, self.position))
        self.position += 1
        result = read()
        self.skip_spaces()
        if not self.take(CLOSERS[opener]):
            self.unexpected(repr(CLOSERS[opener]))
        self.open.pop()
        return result
