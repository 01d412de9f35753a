"""A user of its own on both Redis servers for each instance: the second wall, behind its gateway."""

import secrets
from collections.abc import Iterable

from redis.exceptions import RedisError

from marmalade_sc.errors import JamError
from marmalade_sc.jam.streams import connect

__all__ = ["Access"]

_COMMANDS = ("-@all", "+xadd", "+xrange", "+xrevrange", "+xread", "+xlen", "+hello", "+ping")


class Access:
    """Makes and removes users. Redis forgets them when it is restarted, so they are made anew with each connection.

    The patterns of Redis's lists are globs: `path` and `grants` must be made of checked names.

    Args:
        state, events: paths of the sockets.
    """

    def __init__(self, state: str, events: str) -> None:
        self._state, self._events = connect(state), connect(events)
        self._secrets: dict[str, str] = {}
        self._is_split: bool | None = None

    def allow(self, path: str, grants: Iterable[str] = ()) -> tuple[bytes, ...]:
        """What the instance at `path` says to either server first. Blocks for 0.3 ms.

        Raises:
            JamError: a server is away.
        """
        secret = self._secrets.setdefault(path, secrets.token_hex(16))
        try:
            if self._is_split is None:  # keys to read and keys to write are told apart since 7.0
                version = self._state.info("server")
                assert isinstance(version, dict)
                self._is_split = int(str(version.get("redis_version", "0")).partition(".")[0]) >= 7
            read, write = ("%R~", "%RW~") if self._is_split else ("~", "~")
            shared = [f"{read}{kind}:*" for kind in ("tags", "state", "schedule")]
            own = [f"{write}{key}" for key in (f"tags:{path}:*", *grants)]
            head = ("ACL", "SETUSER", _user(path), "reset", "on", f">{secret}")
            self._state.execute_command(*head, *shared, *own, *_COMMANDS, "+scan")  # type: ignore[no-untyped-call]
            self._events.execute_command(*head, f"~events:{path}", *_COMMANDS)  # type: ignore[no-untyped-call]
        except (RedisError, OSError) as error:
            raise JamError(f"The jam's Redis cannot be reached: {error}") from error
        return (b"AUTH", _user(path).encode(), secret.encode())

    def revoke(self, path: str) -> None:
        """Remove the user of an instance that has ended, with its connections. Nothing happens while Redis is away."""
        self._secrets.pop(path, None)
        for client in (self._state, self._events):
            try:
                client.execute_command("ACL", "DELUSER", _user(path))  # type: ignore[no-untyped-call]
            except (RedisError, OSError):
                continue

    def close(self) -> None:
        """Give the connections back."""
        self._state.close()
        self._events.close()


def _user(path: str) -> str:
    return f"instance:{path}"
