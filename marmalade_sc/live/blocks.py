"""Evaluated blocks as their texts refer to them, and where their lines stand in their file as it is now."""

from collections import deque
from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher
from typing import Final
from weakref import WeakSet

__all__ = ["Block", "Blocks", "rows_in", "watched"]

_REMEMBERED: Final = 512
"""Blocks that are kept for functions that were bound in them; what plays keeps its own."""
_MOST_FILES: Final = 16
_MOST_CHARS: Final = 150_000
"""Of all files together: as JSON they have to fit into a line of 1 MiB."""
_MOST_HEADS: Final = 200
"""Places that are tried for a block; of a file in which all lines are the same there could be any number."""


class Block(str):
    """The name of a block, `source`; two blocks of one name, such as two statements of a file, are different.

    Attributes:
        number: tells them apart.
        lines: its code.
        file: the lines of its file as it is now, None for one that nobody follows.
    """

    __slots__ = ("__weakref__", "_rows", "file", "lines", "number")

    number: int
    lines: Sequence[str]
    file: Sequence[str] | None
    _rows: Mapping[int, int] | None

    def __new__(cls, source: str, number: int = 0, lines: Sequence[str] = ()) -> "Block":
        """A block as it is evaluated."""
        self = super().__new__(cls, source)
        self.number, self.lines, self.file, self._rows = number, lines, None, None
        return self

    def __eq__(self, other: object) -> bool:
        # Not by number: the cache of parsed notations outlives a session, and another one counts from 1 as well.
        return self is other if isinstance(other, Block) else str.__eq__(self, other) is True

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = str.__hash__

    def follow(self, file: Sequence[str] | None) -> None:
        """Its file looks like this now; lines are looked for when somebody asks, for most blocks play no longer."""
        self.file, self._rows = file, None

    def row(self, line: int) -> int | None:
        """Where a line of it stands now; None where it stands no longer."""
        if self.file is None:
            return line
        if self._rows is None:
            self._rows = rows_in(self.lines, self.file)
        return self._rows.get(line)


class Blocks:
    """The blocks of a session, and the files of which it was said what they look like."""

    def __init__(self) -> None:
        self._latest: deque[Block] = deque(maxlen=_REMEMBERED)
        self._all: WeakSet[Block] = WeakSet()
        self._texts: Mapping[str, str] = {}
        self._files: Mapping[str, Sequence[str]] = {}

    def begin(self, source: str, code: str) -> Block:
        """A block is about to be evaluated."""
        number = self._latest[-1].number + 1 if self._latest else 1
        block = Block(source, number, code.splitlines())
        self._latest.append(block)
        self._all.add(block)
        block.follow(self._files.get(source))
        return block

    def of(self, source: str, number: int) -> Block:
        """The block of a number; a long time after that, one without its code."""
        found = (each for each in reversed(self._latest) if each.number == number)
        return next(found, None) or Block(source, number)

    def saved(self, texts: Mapping[str, str]) -> bool:
        """Files look like this now, by the source of their blocks; whether that is news."""
        if texts == self._texts:
            return False
        self._texts = dict(texts)
        self._files = {source: text.splitlines() for source, text in texts.items()}
        for block in list(self._all):
            block.follow(self._files.get(str(block)))
        return True


def rows_in(lines: Sequence[str], text: Sequence[str]) -> dict[int, int]:
    """Where the lines of a block stand in a text, both from 1: all of them together, as near as can be, or one by one.

    Empty lines before its first one, which give it the line numbers of its file, do not count.
    """
    first = next((at for at, line in enumerate(lines) if line.strip()), len(lines))
    sent = [*lines[first:]]
    size = len(sent)
    heads = [at for at in range(len(text) - size + 1) if text[at] == sent[0]] if sent else []
    heads.sort(key=lambda at: abs(at - first))
    begin = next((at for at in heads[:_MOST_HEADS] if [*text[at : at + size]] == sent), None)
    if begin is not None:
        return {first + at + 1: begin + at + 1 for at in range(size)}
    match = SequenceMatcher(
        None, sent, [*text]
    )  # with its rule for lines that are everywhere: this runs where it plays
    return {
        first + own + at + 1: there + at + 1 for own, there, same in match.get_matching_blocks() for at in range(same)
    }


def watched(watches: Mapping[str, object], message: Mapping[str, object]) -> dict[str, object]:
    """What generations are told of those who watch: `steps`, and `texts` of files; changed by a message.

    The message says whether `steps` are wanted, or the `text` of a `source`; an empty one takes it out. The files that
    were named longest ago make room.
    """
    found = watches.get("texts")
    texts = {str(key): str(text) for key, text in found.items()} if isinstance(found, Mapping) else {}
    steps = bool(watches.get("steps"))
    if "source" in message:
        source, text = str(message["source"]), str(message.get("text", ""))
        texts.pop(source, None)
        if text and len(text) <= _MOST_CHARS:
            texts[source] = text
        while len(texts) > _MOST_FILES or sum(map(len, texts.values())) > _MOST_CHARS:
            del texts[next(iter(texts))]
    else:
        steps = bool(message.get("steps"))
    return {"steps": steps, "texts": texts}
