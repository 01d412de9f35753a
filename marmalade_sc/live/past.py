"""What has worked in a session, as far as it takes to do it again after a crash: the latest blocks, and before them the
code that says what all older ones had come to; and how strips are set that the user's code has no names for. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

__all__ = ["BLOCKS", "Past", "since_mark"]

BLOCKS: Final = 100
"""At least so many blocks are kept as they were typed, so that they can still be undone after a crash; at most twice as
many. A block takes some 2 ms to be done again: an hour of one each second, all done again, was 58 s of silence."""
_SOURCE: Final = "what played"
_STRIPS: Final = 512
_ENDS: Final = {"unmute": "mute", "unsolo": "solo"}

Block = tuple[str, str]


class Past:
    """(code, source) of blocks, oldest first; replace, never change `blocks` from outside.

    Args:
        strips: commands that have worked on strips of hosted tracks, oldest first.
    """

    def __init__(self, blocks: Iterable[Block] = (), strips: Iterable[Mapping[str, object]] = ()) -> None:
        self.blocks: list[Block] = list(blocks)
        self._mark: tuple[str, int] | None = None
        self._strips: dict[tuple[str, str], Mapping[str, object]] = {}
        for each in strips:
            self.command(each, "")

    @property
    def strips(self) -> list[Mapping[str, object]]:
        """Commands that set the strips of hosted tracks as they are."""
        return list(self._strips.values())

    def command(self, message: Mapping[str, object], code: str) -> None:
        """This command has worked; `code` says the same, or is empty."""
        name = str(message.get("name"))
        kind = _ENDS.get(name, name)
        if code:
            self.add((code, "key"))
        elif message.get("is_hosted") and kind in ("mix", "mute", "solo"):
            self._strips.pop((str(message.get("track")), kind), None)
            if name == kind:
                self._strips[str(message.get("track")), kind] = message
            if len(self._strips) > _STRIPS:
                del self._strips[next(iter(self._strips))]

    def add(self, *blocks: Block) -> None:
        """These have worked."""
        self.blocks += blocks

    def drop(self) -> None:
        """The latest was the end of its generation: it is not done again."""
        if self.blocks:
            self.blocks.pop()
        if self._mark is not None and self._mark[1] > len(self.blocks):
            self._mark = None

    def shorten(self, code: str) -> bool:
        """`code` says what all blocks have come to by now. Whether it was kept as a mark, from which one may begin."""
        since = self._mark[1] if self._mark is not None else 0
        if len(self.blocks) - since < BLOCKS:
            return False
        if self._mark is not None:
            self.blocks = [*_head(self._mark[0]), *self.blocks[since:]]
        self._mark = (code, len(self.blocks))
        return True


def since_mark(rows: Sequence[tuple[str, str] | str]) -> list[Block]:
    """What is to be done again of a record of blocks, (code, source), and marks, just code: as `Past` has it."""
    begin = 0
    code = ""
    blocks = 0
    for place in range(len(rows) - 1, -1, -1):
        row = rows[place]
        if isinstance(row, str):
            if blocks >= BLOCKS:
                begin, code = place + 1, row
                break
        else:
            blocks += 1
    return [*_head(code), *(row for row in rows[begin:] if not isinstance(row, str))]


def _head(code: str) -> list[Block]:
    return [(code, _SOURCE)] if code else []
