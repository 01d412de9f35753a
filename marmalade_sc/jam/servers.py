"""The two Redis servers of a jam: how they are started, and how the music plays on when their disk is full.

State is persistent: an append-only file, written before each reply, so that a killed server loses nothing. Events are
not state: they live in a server without any file. Both listen on a Unix socket in a folder that only this user may
enter; that, and no password, is what keeps others out.
"""

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from marmalade_sc.errors import JamError

__all__ = [
    "MINIMUM",
    "Persistence",
    "RedisServer",
    "events_server",
    "find_redis",
    "jobs_server",
    "redis_version",
    "state_server",
]

MINIMUM = (6, 2)
"""The oldest redis-server that will do. From 7.0 on, ACLs tell reading from writing."""

_VERSION = re.compile(r"\bv=(\d+)\.(\d+)\.(\d+)")
_MIB = 1 << 20
_SPARE_BYTES = 16 * _MIB
_JOBS_MB = 512


@dataclass(frozen=True, slots=True)
class RedisServer:
    """A server to be started: its command, and the socket that answers once it is up (10 to 17 ms)."""

    argv: tuple[str, ...]
    socket: Path


class Client(Protocol):
    """The part of a Redis client that is needed here; `redis.Redis` has it."""

    def info(self, section: str) -> object:
        """A section of INFO as a mapping."""

    def config_set(self, name: str, value: str) -> object:
        """Set one directive."""


def find_redis(wished: str = "", path: str | None = None) -> str:
    """The program to start: the wished one, else the first redis-server on `path` (default: PATH).

    Raises:
        JamError: there is none.
    """
    found = shutil.which(wished or "redis-server", path=path)
    if found is None:
        raise JamError(
            f"{wished or 'redis-server'} was not found. Install redis-server, or set jam.redis to its path; "
            "`marmalade doctor` shows what is missing."
        )
    return found


def redis_version(program: str) -> tuple[int, int, int]:
    """The version of a redis-server, asked of the program itself (about 3 ms).

    Raises:
        JamError: it does not run, says nothing known, or is older than 6.2.
    """
    try:
        said = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=10, check=False).stdout
    except (OSError, subprocess.TimeoutExpired) as error:
        raise JamError(f"{program} does not run: {error}. Install redis-server anew.") from error
    match = _VERSION.search(said)
    if match is None:
        raise JamError(f"{program} is no redis-server: it says {said.strip()[:80]!r}. Set jam.redis to one.")
    version = (int(match[1]), int(match[2]), int(match[3]))
    if version[:2] < MINIMUM:
        raise JamError(f"{program} is Redis {'.'.join(map(str, version))}; 6.2 is the oldest that will do. Update it.")
    return version


def state_server(
    program: str, version: tuple[int, int, int], *, socket: Path, folder: Path, memory_mb: int
) -> RedisServer:
    """The jam's single source of truth: persistent in `folder`, which has to exist.

    Synced to disk each second: a killed server loses nothing, a power cut at most about 2 s. A torn end of the file is
    cut off at the next start.
    """
    own = (
        *("--dir", str(folder), "--dbfilename", "state.rdb"),
        *("--appendonly", "yes", "--appendfilename", "state.aof", "--appendfsync", "everysec"),
        *("--no-appendfsync-on-rewrite", "yes", "--aof-load-truncated", "yes", "--aof-use-rdb-preamble", "yes"),
        *("--auto-aof-rewrite-percentage", "100", "--auto-aof-rewrite-min-size", "32mb"),
        *("--stop-writes-on-bgsave-error", "no", "--maxmemory-policy", "noeviction"),
    )
    return RedisServer((program, *_common(version, socket, memory_mb), *own), socket)


def events_server(
    program: str, version: tuple[int, int, int], *, socket: Path, folder: Path, memory_mb: int
) -> RedisServer:
    """The way of the events: nothing on disk, and a write never fails for lack of memory.

    Streams are capped by their writers. Where they still grow beyond `memory_mb` together, the stream that nobody
    touched for longest goes: that of an instance that stopped.
    """
    own = ("--dir", str(folder), "--appendonly", "no", "--maxmemory-policy", "allkeys-lru", "--maxmemory-samples", "10")
    return RedisServer((program, *_common(version, socket, memory_mb), *own), socket)


def jobs_server(program: str, version: tuple[int, int, int], *, socket: Path, folder: Path) -> RedisServer:
    """The queue of jobs on this machine: persistent in `folder`, which has to exist, as the state of a jam is."""
    return state_server(program, version, socket=socket, folder=folder, memory_mb=_JOBS_MB)


def _common(version: tuple[int, int, int], socket: Path, memory_mb: int) -> tuple[str, ...]:
    newer = ("--busy-reply-threshold", "50", "--maxmemory-clients", "64mb") if version >= (7, 0, 0) else ()
    return (
        *("--port", "0", "--unixsocket", str(socket), "--unixsocketperm", "700", "--daemonize", "no"),
        *("--save", "", "--databases", "1", "--maxclients", "512", "--timeout", "0", "--loglevel", "notice"),
        *("--maxmemory", f"{memory_mb}mb", "--client-query-buffer-limit", "1mb", "--proto-max-bulk-len", "1mb"),
        *("--client-output-buffer-limit", "normal", "64mb", "16mb", "10"),
        *("--client-output-buffer-limit", "pubsub", "4mb", "1mb", "5"),
        *("--stream-node-max-bytes", "4096", "--stream-node-max-entries", "100", "--slowlog-log-slower-than", "5000"),
        *newer,
    )


class Persistence:
    """Keeps the state server taking writes when its disk is full, and has it keep them again when there is room.

    Redis 7.0 refuses every write with MISCONF while its append-only file cannot be written (measured on a 4 MiB tmpfs;
    `stop-writes-on-bgsave-error` does not help). Turning the file off takes 0.1 ms and what is in memory stays.

    Args:
        folder: the server's folder, whose disk is meant.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def look(self, client: Client) -> str:
        """Look once; call it every second or so, and when a write was refused with MISCONF.

        Returns:
            What changed, as a sentence for the user; empty when nothing did.

        Raises:
            redis.RedisError: the server does not answer; it is looked at again next time.
        """
        found = client.info("persistence")
        info = found if isinstance(found, dict) else {}
        kept = bool(info.get("aof_enabled"))
        if kept and info.get("aof_last_write_status") != "ok":
            client.config_set("appendonly", "no")
            return (
                f"The disk of {self._folder} is full or fails: the jam's state is no longer kept there. "
                "The music plays on; make room, and it is kept again."
            )
        if not kept and not info.get("aof_rewrite_in_progress") and self._has_room(client):
            client.config_set("appendonly", "yes")
            return f"The jam's state is kept in {self._folder} again."
        return ""

    def _has_room(self, client: Client) -> bool:
        # Turning the file on writes the whole memory at once. With too little room Redis 7.0 would fork and fail
        # ten times a second (measured), so wait for twice of what it holds.
        memory = client.info("memory")
        used = int(memory.get("used_memory", 0)) if isinstance(memory, dict) else 0
        try:
            free = shutil.disk_usage(self._folder).free
        except OSError:
            return False
        return free > 2 * used + _SPARE_BYTES
