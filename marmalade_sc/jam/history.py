"""Series of the jam's state over time: what is in Redis and what was moved to disk, read as one; who moves it.

The value at a time, the last change and a range of 100 points over 10^6 cost below 5 ms (bench/history.py).
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, cast

from redis.exceptions import RedisError

from marmalade_sc.errors import JamError
from marmalade_sc.jam.segments import LAST, Point, Segments, Stamp, after, before, stamp_of
from marmalade_sc.jam.streams import connect

__all__ = ["HOT", "History", "Retention"]

HOT: Final = 1500
"""Points of a series that Redis holds; beyond that all but the youngest half go to disk. Whoever writes caps its stream
higher, so that nothing is lost in the seconds between two moves."""

_BATCH: Final = 250
_BATCHES: Final = 40
_PREFIXES: Final = ("tags:*", "state:*", "schedule:*")
_MOST_OF_ONE: Final = 64 << 20
"""Bytes on disk of all tags of one instance: 256 KB a second of a flood would fill a disk."""

_Rows = list[tuple[bytes, list[bytes]]]


class History:
    """Reads series. For one thread.

    Args:
        socket_path: of the state server.
        segments: what is on disk.
    """

    def __init__(self, socket_path: str, segments: Segments) -> None:
        self._client = connect(socket_path)
        self._segments = segments

    def at(self, key: str, at_ms: int) -> tuple[int, dict[str, object]] | None:
        """The newest record at a time or before: when it was set (ms of jam time), its fields. Raises JamError."""
        found = self.between(key, 0, at_ms, 1)
        return found[-1] if found else None

    def between(
        self, key: str, first_ms: int = 0, last_ms: int | None = None, most: int = 100
    ) -> list[tuple[int, dict[str, object]]]:
        """The latest `most` records of a time (ms of jam time, both included), in order.

        Raises:
            JamError: Redis is away.
        """
        first, last = (first_ms, 0), LAST if last_ms is None else (last_ms, LAST[1])
        points = self._hot(key, first, last, most)
        if len(points) < most:  # Redis first: what is moved meanwhile is there twice, not missing
            until = before(points[0][0]) if points else last
            points = self._segments.latest(key, first, until, most - len(points)) + points
        return [(stamp[0], _record(fields)) for stamp, fields in points]

    def keys(self, pattern: str) -> list[str]:
        """Keys of series that Redis knows, by a glob. Raises JamError."""
        try:
            return sorted(each.decode() for each in self._client.scan_iter(match=pattern, count=1000))
        except (RedisError, OSError) as error:
            raise JamError(f"The jam's Redis cannot be reached: {error}") from error

    def close(self) -> None:
        """Give the connection back."""
        self._client.close()

    def _hot(self, key: str, first: Stamp, last: Stamp, most: int) -> list[Point]:
        high = "+" if last == LAST else str(last[0])
        try:
            answer = self._client.execute_command(  # type: ignore[no-untyped-call]
                "XREVRANGE", key, high, str(first[0]), "COUNT", most
            )
        except (RedisError, OSError) as error:
            raise JamError(f"The jam's Redis cannot be reached: {error}") from error
        return list(_points(answer))[::-1]


class Retention:
    """Moves points from Redis to disk. For one thread; the only one that appends.

    Args:
        hot: points that a series may have in Redis.
    """

    def __init__(self, socket_path: str, segments: Segments, hot: int = HOT) -> None:
        self._client = connect(socket_path)
        self._segments = segments
        self._hot = hot
        self._sizes: dict[str, int] = {}
        self.full: set[str] = set()

    def look(self) -> int:
        """Look at all series once; how many points were moved. Raises JamError where the disk does not take them."""
        try:
            keys = [key for pattern in _PREFIXES for key in self._client.scan_iter(match=pattern, count=1000)]
            pipeline = self._client.pipeline(transaction=False)
            for key in keys:
                pipeline.xlen(key)
            lengths = pipeline.execute(raise_on_error=False)
            found = 0
            for key, length in zip(keys, lengths, strict=True):
                if isinstance(length, int) and length > self._hot:
                    found += self._move(key.decode(), length - self._hot // 2)
            return found
        except (RedisError, OSError):
            return 0  # it comes back, and so do we

    def close(self) -> None:
        """Give the connection back."""
        self._client.close()

    def _move(self, key: str, count: int) -> int:
        moved = 0
        for _ in range(_BATCHES):
            wanted = min(_BATCH, count - moved)
            if wanted <= 0:
                break
            answer = self._client.execute_command(  # type: ignore[no-untyped-call]
                "XRANGE", key, "-", "+", "COUNT", wanted
            )
            points = list(_points(answer))
            if not points:
                break
            if self._has_room(key, points):
                self._segments.append(key, points)
            ms, number = after(points[-1][0])
            self._client.execute_command("XTRIM", key, "MINID", "=", f"{ms}-{number}")  # type: ignore[no-untyped-call]
            moved += len(points)
        return moved

    def _has_room(self, key: str, points: Iterable[Point]) -> bool:
        """An instance's tags may fill so much of the disk; what comes then is not kept."""
        if not key.startswith("tags:"):
            return True
        whose = key.rpartition(":")[0]
        if whose not in self._sizes:
            self._sizes[whose] = self._segments.size(whose)
        self._sizes[whose] += sum(len(each) for _, fields in points for each in fields)
        if self._sizes[whose] > _MOST_OF_ONE:
            self._sizes[whose] = self._segments.size(whose)  # on disk it is packed
        if self._sizes[whose] > _MOST_OF_ONE:
            self.full.add(whose)
            return False
        return True


def _points(answer: object) -> Iterator[Point]:
    for row in cast(list[tuple[bytes, object]], answer or []):
        identity, fields = row
        flat: list[bytes] = []
        if isinstance(fields, Mapping):
            for pair in fields.items():
                flat += pair
        else:
            flat = list(cast(list[bytes], fields or []))
        yield stamp_of(identity), tuple(flat)


def _record(fields: tuple[bytes, ...]) -> dict[str, object]:
    found: dict[str, object] = {}
    for name, value in zip(fields[::2], fields[1::2], strict=False):
        text = value.decode(errors="replace")
        try:
            found[name.decode(errors="replace")] = json.loads(text)
        except (ValueError, RecursionError):
            found[name.decode(errors="replace")] = text
    return found
