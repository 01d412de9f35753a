"""What goes to scsynth: messages for one instant, in as many datagrams as they need."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

__all__ = ["Packet", "packed"]


@dataclass(frozen=True, slots=True)
class Packet:
    """Messages for one instant.

    Attributes:
        when: jam time at which scsynth is to run them; 0 at once.
        due: jam time at which they are heard; differs from `when` for exact voices.
    """

    when: int
    due: int
    messages: tuple[bytes, ...]


def packed(when: int, due: int, messages: Iterable[bytes], largest: int) -> Iterator[Packet]:
    """The messages in order, in packets of at most `largest` bytes; a message that is larger has one of its own."""
    part: list[bytes] = []
    size = 16
    for content in messages:
        if part and size + len(content) + 4 > largest:
            yield Packet(when, due, tuple(part))
            part, size = [], 16
        part.append(content)
        size += len(content) + 4
    if part:
        yield Packet(when, due, tuple(part))
