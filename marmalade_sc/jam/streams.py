"""Frames through Redis streams: a writer for sources, a reader for the dispatcher, records of state with retention.

The only place of the hot path that knows redis-py. A connection that breaks is made again by the next call; nothing
here ever waits for Redis longer than it was told to.
"""

import contextlib
import json
import select
import socket
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import Final, Protocol, cast

import redis
from redis.backoff import NoBackoff
from redis.connection import UnixDomainSocketConnection
from redis.exceptions import RedisError, ResponseError
from redis.retry import Retry

from marmalade_sc.clock.timetag import units_to_milliseconds
from marmalade_sc.errors import JamError
from marmalade_sc.sdk.frames import Frame

__all__ = ["Entry", "FrameReader", "FrameWriter", "StateLog", "connect"]

_KEPT_FRAMES: Final = 512
_UNREAD_S: Final = 0.5
"""Frames whose window ended this long ago are not sent again after Redis came back."""

Entry = tuple[str, str, dict[bytes, bytes]]
"""Stream, id, fields."""


def connect(socket_path: str, timeout_s: float = 1.0) -> "redis.Redis":
    """A client on a Unix socket. Nothing is sent yet.

    It never tries again by itself: redis-py's own three retries would hold its caller for four seconds. It does not say
    which library it is: that takes two round trips, and four times as long to prepare.
    """
    return redis.Redis(
        unix_socket_path=socket_path,
        socket_timeout=timeout_s,
        socket_connect_timeout=timeout_s,
        protocol=2,
        retry=Retry(NoBackoff(), 0),
        driver_info=None,
    )


_Rows = list[tuple[bytes, dict[bytes, bytes]]]


class _Wire(Protocol):
    """The part of redis-py's connection that the reader uses."""

    _sock: socket.socket

    def connect(self) -> None:
        """Open it."""

    def disconnect(self) -> None:
        """Close it."""

    def can_read(self, timeout: float) -> bool:
        """Whether a reply has begun to arrive."""

    def send_command(self, *args: str) -> None:
        """Write one command."""

    def read_response(self) -> object:
        """Read one reply."""


class FrameWriter:
    """Writes the frames of one instance; keeps the latest to write them again where Redis was lost.

    Args:
        socket_path: of the events server.
        key: stream of the instance.
    """

    def __init__(self, socket_path: str, key: str, timeout_s: float = 0.05) -> None:
        self._client = connect(socket_path, timeout_s)
        self._key = key
        self._recent: deque[Frame] = deque(maxlen=64)
        self._unsent: deque[Frame] = deque(maxlen=64)
        self._last_id = (0, 0)
        self.news_id = "0"
        self.failures = 0

    @property
    def is_unsent(self) -> bool:
        """Whether frames wait here for Redis to come back."""
        return bool(self._unsent)

    def write(self, frames: Iterable[Frame], now: int, news: str | None = None) -> list[dict[str, object]]:
        """Append frames in one round trip, and read what is new on the stream `news`.

        While Redis is away frames wait here, and those still of use are written when it is back.

        Args:
            now: jam time.

        Returns:
            The new records on `news`, oldest first; empty while Redis is away.
        """
        self._unsent.extend(frames)
        while self._unsent and self._unsent[0].last < now:
            self._unsent.popleft()
        if not self._unsent and news is None:
            return []
        records, collided = self._send(now, news)
        if collided:  # the writer before us was here in the same millisecond; a frame that comes twice counts once
            with contextlib.suppress(RedisError, OSError):
                self._last_id = max(self._last_id, _top(self._client, self._key))
            records += self._send(now, news)[0]
        return records

    def _send(self, now: int, news: str | None) -> tuple[list[dict[str, object]], bool]:
        """Write what is unsent; the news, and whether a frame was refused because its id was taken."""
        batch = list(self._unsent)
        pipeline = self._client.pipeline(transaction=False)
        for frame in batch:
            # Explicit ids from jam time, never "*": an entry's id says when its music is.
            self._last_id = max((units_to_milliseconds(frame.first), 0), (self._last_id[0], self._last_id[1] + 1))
            pipeline.execute_command(  # type: ignore[no-untyped-call]
                *("XADD", self._key, "MAXLEN", "~", _KEPT_FRAMES, _id(self._last_id)),
                *(part for pair in frame.fields().items() for part in pair),
            )
        if news is not None:
            pipeline.xread({news: self.news_id}, count=100)
        try:
            answers = pipeline.execute(raise_on_error=False)
        except (RedisError, OSError):
            if not self.failures:
                self._unsent.extendleft(reversed([f for f in self._recent if f.last >= now and f not in self._unsent]))
            self.failures += 1
            return [], False
        collided = False
        for frame, answer in zip(batch, answers, strict=False):
            if isinstance(answer, Exception):
                if _is_taken(answer):
                    collided = True
                    continue
                self.failures += 1
                return [], False
            with contextlib.suppress(ValueError):
                self._unsent.remove(frame)
            self._recent.append(frame)
        self.failures = 0
        return self._news(answers[-1]) if news is not None else [], collided

    def _news(self, answer: object) -> list[dict[str, object]]:
        if isinstance(answer, Exception) or not answer:
            return []
        records: list[dict[str, object]] = []
        for _, entries in cast(list[tuple[bytes, _Rows]], answer):
            for identifier, fields in entries:
                self.news_id = identifier.decode()
                records.append(_record(fields))
        return records

    def close(self) -> None:
        """Give the connection back."""
        self._client.close()


class FrameReader:
    """One blocking read over many streams, beside other sockets.

    Args:
        socket_path: of the events server.
        keys: streams to read, each from `start` on.
        start: "$" for what comes from now on, "0" for all that is there.
    """

    def __init__(self, socket_path: str, keys: Iterable[str], start: str = "$") -> None:
        self._path = socket_path
        self._ids = dict.fromkeys(keys, start)
        self._connection: _Wire | None = None
        self._asked = False
        self.losses = 0

    def add(self, key: str) -> None:
        """Read one more stream, from its start on, with the next read."""
        self._ids[key] = "0"
        self._renew()

    def remove(self, key: str) -> None:
        """Read a stream no more. Idempotent."""
        if self._ids.pop(key, None) is not None:
            self._renew()

    def _renew(self) -> None:
        """Ask anew with the next read: the question that waits does not know of the change. Nothing is lost."""
        if self._connection is not None and self._asked:
            self.close()

    def read(self, timeout_s: float, *others: int) -> tuple[list[Entry], list[int]]:
        """Wait at most `timeout_s` for entries or for one of the file descriptors `others`.

        Never raises for a Redis that is away: it tries again with the next call and counts `losses`.

        Returns:
            New entries in order, and the descriptors that are ready.
        """
        entries: list[Entry] = []
        watched = list(others)
        try:
            connection = self._open()
            descriptor = connection._sock.fileno()
            if not connection.can_read(0):
                ready = select.select([descriptor, *watched], [], [], max(0.0, timeout_s))[0]
            else:
                ready = [descriptor]
            if descriptor in ready:
                entries = self._parse(connection.read_response())
                self._asked = False
            return entries, [each for each in ready if each != descriptor]
        except (RedisError, OSError, AttributeError):
            self._lose()
            return [], select.select(watched, [], [], min(max(0.0, timeout_s), 0.01))[0]

    def close(self) -> None:
        """Give the connection back."""
        if self._connection is not None:
            self._connection.disconnect()
            self._connection = None

    def _open(self) -> _Wire:
        if self._connection is None:
            make = cast(Callable[..., _Wire], UnixDomainSocketConnection)
            connection = make(
                path=self._path,
                socket_timeout=1.0,
                socket_connect_timeout=0.05,
                protocol=2,
                retry=Retry(NoBackoff(), 0),
            )
            connection.connect()
            self._connection = connection
            self._asked = False
        if not self._asked:
            for key, since in self._ids.items():
                if since == "$":  # fixed now, so that nothing falls between two reads
                    self._ids[key] = self._latest(self._connection, key)
            self._connection.send_command(
                *("XREAD", "COUNT", "256", "BLOCK", "0", "STREAMS", *self._ids, *self._ids.values())
            )
            self._asked = True
        return self._connection

    @staticmethod
    def _latest(connection: _Wire, key: str) -> str:
        connection.send_command("XREVRANGE", key, "+", "-", "COUNT", "1")
        entries = cast(list[tuple[bytes, object]], connection.read_response())
        return entries[0][0].decode() if entries else "0-0"

    def _lose(self) -> None:
        self.losses += 1
        if self._connection is not None:
            self._connection.disconnect()
            self._connection = None
        # The places stay: ids come from jam time, so they grow even where a new server has begun with nothing, and
        # an order that was carried out is not read again.
        self._asked = False

    def _parse(self, answer: object) -> list[Entry]:
        entries: list[Entry] = []
        for key, rows in cast(list[tuple[bytes, list[tuple[bytes, list[bytes]]]]], answer or []):
            name = key.decode()
            for identifier, flat in rows:
                self._ids[name] = identifier.decode()
                entries.append((name, self._ids[name], dict(zip(flat[::2], flat[1::2], strict=False))))
        return entries


class StateLog:
    """Appends records to streams of state, with ids from jam time and a cap per stream.

    A Redis that is away costs at most the timeout, once a second; records are dropped then and counted.
    """

    def __init__(self, socket_path: str, timeout_s: float = 0.2) -> None:
        self._client = connect(socket_path, timeout_s)
        self._last: dict[str, tuple[int, int]] = {}
        self.dropped = 0
        self.error = ""

    def append(self, now: int, records: Iterable[tuple[str, Mapping[str, object], int]]) -> bool:
        """Append (key, fields, most entries kept) records at jam time `now`. False when they were dropped."""
        rows = list(records)
        try:
            answers = self._send(now, rows)
            taken = [row for row, answer in zip(rows, answers, strict=True) if _is_taken(answer)]
            if taken:  # another process writes there too, or the wall clock went back between two sessions
                for key, _, _ in taken:
                    self._last[key] = max(self._last[key], _top(self._client, key))
                answers = [each for each in answers if not _is_taken(each)] + self._send(now, taken)
        except (RedisError, OSError) as error:
            self.dropped += len(rows)
            self.error = str(error)
            return False
        failed = [answer for answer in answers if isinstance(answer, Exception)]
        for answer in failed:
            self.error = str(answer)
        self.dropped += len(failed)
        if not failed:
            self.error = ""
        return not failed

    def _send(self, now: int, rows: Iterable[tuple[str, Mapping[str, object], int]]) -> list[object]:
        pipeline = self._client.pipeline(transaction=False)
        for key, fields, kept in rows:
            pipeline.execute_command(*self.command(now, key, fields, kept))  # type: ignore[no-untyped-call]
        return list(pipeline.execute(raise_on_error=False))

    def command(self, now: int, key: str, fields: Mapping[str, object], kept: int) -> tuple[str | int, ...]:
        """What is sent to append one record; its id is taken with this."""
        stamp = self._last[key] = max((units_to_milliseconds(now), 0), _next(self._last.get(key)))
        pairs = ((name, _encoded(value)) for name, value in fields.items())
        return ("XADD", key, "MAXLEN", "~", kept, _id(stamp), *(part for pair in pairs for part in pair))

    def remove(self, key: str) -> None:
        """Remove a stream; nothing happens while Redis is away."""
        with contextlib.suppress(RedisError, OSError):
            self._client.delete(key)
        self._last.pop(key, None)

    def latest(self, key: str) -> dict[str, object]:
        """The newest record of a stream, or an empty one.

        Raises:
            JamError: Redis is away.
        """
        row = self.newest(key)
        return row[1] if row is not None else {}

    def newest(self, key: str) -> tuple[str, dict[str, object]] | None:
        """The newest record of a stream with its id. Raises JamError like `latest`."""
        try:
            entries = cast(_Rows, self._client.xrevrange(key, count=1))
        except (RedisError, OSError) as error:
            raise JamError(f"The jam's Redis cannot be reached: {error}") from error
        return (entries[0][0].decode(), _record(entries[0][1])) if entries else None

    def since(self, key: str, identifier: str = "-", count: int = 10_000) -> list[tuple[str, dict[str, object]]]:
        """Records from an id on, oldest first. Raises JamError like `latest`."""
        try:
            entries = cast(_Rows, self._client.xrange(key, min=identifier, count=count))
        except (RedisError, OSError) as error:
            raise JamError(f"The jam's Redis cannot be reached: {error}") from error
        return [(row[0].decode(), _record(row[1])) for row in entries]

    def close(self) -> None:
        """Give the connection back."""
        self._client.close()


def _id(stamp: tuple[int, int]) -> str:
    return f"{stamp[0]}-{stamp[1]}"


def _top(client: "redis.Redis", key: str) -> tuple[int, int]:
    """The id of a stream's newest entry. Raises RedisError or OSError."""
    entries = cast(_Rows, client.xrevrange(key, count=1))
    milliseconds, _, number = (entries[0][0].decode() if entries else "0-0").partition("-")
    return int(milliseconds), int(number)


def _is_taken(answer: object) -> bool:
    return isinstance(answer, ResponseError) and "equal or smaller" in str(answer)


def _next(stamp: tuple[int, int] | None) -> tuple[int, int]:
    return (stamp[0], stamp[1] + 1) if stamp else (0, 1)


def _encoded(value: object) -> str:
    """As JSON, but plain text as it is, for other readers (Grafana); text that reads as JSON is quoted."""
    if not isinstance(value, str):
        return json.dumps(value)
    try:
        json.loads(value)
    except ValueError:
        return value
    return json.dumps(value)


def _record(fields: Mapping[bytes, bytes]) -> dict[str, object]:
    record: dict[str, object] = {}
    for name, value in fields.items():
        text = value.decode(errors="replace")
        try:
            record[name.decode(errors="replace")] = json.loads(text)
        except ValueError:
            record[name.decode(errors="replace")] = text
    return record
