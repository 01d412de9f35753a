"""A real Redis for streams, that can be killed and started again."""

import contextlib
import subprocess
from pathlib import Path

import redis

from marmalade_sc.jam.servers import events_server, find_redis, redis_version
from tests.player.deadline import eventually

__all__ = ["Server"]


class Server:
    """An events server that can be killed and started again at the same socket."""

    def __init__(self, folder: Path) -> None:
        program = find_redis()
        self.path = str(folder / "e.sock")
        self._spec = events_server(
            program, redis_version(program), socket=folder / "e.sock", folder=folder, memory_mb=32
        )
        self.process: subprocess.Popen[bytes]

    def start(self) -> None:
        self.process = subprocess.Popen(self._spec.argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        eventually(self.answers)

    def answers(self) -> bool:
        with contextlib.suppress(redis.RedisError, OSError), redis.Redis(unix_socket_path=self.path) as client:
            return bool(client.ping())
        return False

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
