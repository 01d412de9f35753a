"""Datagrams that go by HTTP where UDP does not get through: whom that is true of, and what waits for them. Pure.

A player from whom nothing has come by UDP for a while is written to over HTTP as well: sealed as ever, several in one
request. Whoever gets such a request answers in it with what waits for its senders, so that one of two may be behind a
router that lets nobody in.
"""

import struct
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from marmalade_sc.peers.refusals import refused

__all__ = ["LARGEST_POST", "Letters", "packed_letters", "read_letters"]

LARGEST_POST: Final = 48 << 10
_LENGTH: Final = struct.Struct(">H")
_MOST: Final = 64
_MOST_BOXES: Final = 4096
_DEAF_S: Final = 3.0
"""So long UDP has to bring an answer before letters go by HTTP as well."""
_STALE_S: Final = 5.0
_CALLER_S: Final = 5.0
_COLLECT_S: Final = 0.5
"""So long a letter waits for a caller to fetch it before it is carried there."""
_PAUSE_S: Final = 0.2
_LONGEST_PAUSE_S: Final = 8.0


def packed_letters(letters: Iterable[bytes]) -> bytes:
    """Letters as they travel: each behind its length (2 bytes, big endian)."""
    return b"".join(_LENGTH.pack(len(each)) + each for each in letters)


def read_letters(data: bytes) -> Iterator[bytes]:
    """What `packed_letters` has made. Raises PeerError where it is cut, too large, or has too many."""
    if len(data) > LARGEST_POST:
        raise refused("large", f"{LARGEST_POST} bytes are allowed")
    found: list[bytes] = []
    at = 0
    while at < len(data):
        if at + _LENGTH.size > len(data):
            raise refused("malformed", "a letter is cut")
        (size,) = _LENGTH.unpack_from(data, at)
        at += _LENGTH.size
        if not size or at + size > len(data) or len(found) >= _MOST:
            raise refused("malformed", "a letter is cut, or there are too many")
        found.append(data[at : at + size])
        at += size
    return iter(found)


@dataclass(slots=True)
class _Box:
    """Of one player: what waits for it, and how it is reached."""

    waiting: deque[tuple[float, bytes]] = field(default_factory=lambda: deque(maxlen=_MOST))
    begun: float = 0.0
    by_udp: float = float("-inf")
    called: float = float("-inf")
    next_post: float = 0.0
    pause_s: float = _PAUSE_S
    is_open: bool = False


class Letters:
    """See the module. `now` gives monotonic seconds."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._boxes: dict[bytes, _Box] = {}

    def heard(self, key: bytes, by_http: bool = False) -> None:
        """Something of a player has come."""
        box = self._box(key)
        if by_http:
            box.called = self._now()
        else:
            box.by_udp = self._now()

    def by_http(self, key: bytes) -> bool:
        """Whether a player is reached, or reaches us, by HTTP only."""
        box = self._boxes.get(key)
        if box is None:
            return False
        now = self._now()
        return now - box.by_udp > _DEAF_S and (now - box.begun > _DEAF_S or now - box.called < _CALLER_S)

    def put(self, key: bytes, letter: bytes) -> None:
        """A letter is on its way by UDP; it is kept for HTTP where that may be in vain."""
        box = self._box(key)
        if self.by_http(key):
            box.waiting.append((self._now(), letter))

    def collected(self, keys: Iterable[bytes]) -> list[bytes]:
        """What waits for these players, which have called: it goes with the answer."""
        return [letter for key in dict.fromkeys(keys) for letter in self._take(self._box(key))]

    def due(self) -> list[tuple[bytes, list[bytes]]]:
        """What is to be carried to whom, now; tell `carried` what came of it."""
        now, found = self._now(), []
        for key, box in self._boxes.items():
            if box.is_open or now < box.next_post or not box.waiting:
                continue
            if now - box.called < _CALLER_S and now - box.waiting[0][0] < _COLLECT_S:
                continue
            if letters := self._take(box):
                box.is_open = True
                found.append((key, letters))
        return found

    def carried(self, key: bytes, worked: bool) -> None:
        """A request has been answered, or not."""
        box = self._box(key)
        box.is_open = False
        box.pause_s = _PAUSE_S if worked else min(_LONGEST_PAUSE_S, 2 * box.pause_s)
        box.next_post = self._now() + box.pause_s

    def forget(self, key: bytes) -> None:
        """The player is gone: it begins anew."""
        self._boxes.pop(key, None)

    def _take(self, box: _Box) -> list[bytes]:
        now = self._now()
        fresh, size = [], 0
        while box.waiting:
            when, letter = box.waiting[0]
            if size + len(letter) + _LENGTH.size > LARGEST_POST:
                break
            box.waiting.popleft()
            if now - when <= _STALE_S:
                fresh.append(letter)
                size += len(letter) + _LENGTH.size
        return fresh

    def _box(self, key: bytes) -> _Box:
        box = self._boxes.get(key)
        if box is None:
            while len(self._boxes) >= _MOST_BOXES:
                del self._boxes[next(iter(self._boxes))]
            box = self._boxes[key] = _Box(begun=self._now())
        return box
