"""Looking after the state server from another process: whether it still keeps what it is told."""

from pathlib import Path

from redis.exceptions import RedisError

from marmalade_sc.jam.servers import Persistence
from marmalade_sc.jam.streams import connect

__all__ = ["Keeper"]


class Keeper:
    """Has the state server take writes on a full disk, see `servers.Persistence`.

    Args:
        socket_path: of the state server.
        folder: its folder, whose disk is meant.
    """

    def __init__(self, socket_path: str, folder: Path) -> None:
        self._client = connect(socket_path)
        self._persistence = Persistence(folder)

    def look(self) -> str:
        """Look once; what changed, as a sentence, or nothing. A server that is away is looked at again later."""
        try:
            return self._persistence.look(self._client)
        except (RedisError, OSError):
            return ""
