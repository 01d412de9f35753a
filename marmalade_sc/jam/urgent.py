"""A record that is on its way to Redis before somebody is told of it, without waiting for the answer.

What is written into Redis' socket is carried out also when its sender is killed right behind it. To wait for the answer
would take 1.6 ms of an evaluation's twenty on a busy machine, where Redis stands back.
"""

from collections.abc import Callable, Mapping
from typing import Protocol, cast

from redis import UnixDomainSocketConnection
from redis.backoff import NoBackoff
from redis.exceptions import RedisError, ResponseError
from redis.retry import Retry

from marmalade_sc.jam.streams import StateLog

__all__ = ["Urgent"]


class _Wire(Protocol):
    """The part of redis-py's connection that is used here."""

    def disconnect(self) -> None:
        """Close it."""

    def send_command(self, *args: str | int) -> None:
        """Write one command; connects where that is needed."""

    def read_response(self) -> object:
        """Read one reply."""


class Urgent:
    """See the module. One record at a time: each is settled before the next is sent.

    Args:
        log: gives ids, and appends what did not get through.
        socket_path: of the state server.
    """

    def __init__(self, log: StateLog, socket_path: str, timeout_s: float = 0.2) -> None:
        self._log = log
        make = cast(Callable[..., _Wire], UnixDomainSocketConnection)
        self._wire = make(
            path=socket_path,
            socket_timeout=timeout_s,
            socket_connect_timeout=timeout_s,
            protocol=2,
            retry=Retry(NoBackoff(), 0),
            driver_info=None,
        )

    def send(self, now: int, key: str, fields: Mapping[str, object], kept: int) -> Callable[[], bool]:
        """Send a record at jam time `now`; `kept` entries stay at most.

        Returns:
            What waits for the answer, and says whether the record was taken. Call it once.
        """
        try:
            self._wire.send_command(*self._log.command(now, key, fields, kept))
        except (RedisError, OSError):
            self._wire.disconnect()
            return lambda: self._log.append(now, [(key, fields, kept)])

        def settle() -> bool:
            try:
                self._wire.read_response()
            except ResponseError:  # its id was taken by another process, or Redis takes nothing now
                return self._log.append(now, [(key, fields, kept)])
            except (RedisError, OSError):
                self._wire.disconnect()
                return False  # it may be there: twice would be worse
            return True

        return settle
