"""What a killed scsynth or jackd leaves behind in shared memory. Removed where nobody uses it.

scsynth leaves 8 MiB each, named by its port; a jackd its socket and a semaphore for each client, named by the server.
"""

import contextlib
import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

__all__ = ["remove_jack_leftovers", "remove_leftovers"]

_PREFIX: Final = "SuperColliderServer_"
_SETTLED_S: Final = 60.0
"""A scsynth that starts makes its memory before it opens its port, by less than this."""
_MAPPED_S: Final = 2.0
"""It maps its memory as soon as it has made it: within microseconds."""
_SERVERS: Final = ("scsynth", "supernova")
_TABLES: Final = ("udp", "udp6", "tcp", "tcp6")


def remove_leftovers(
    memory: Path = Path("/dev/shm"),
    tables: Path = Path("/proc/net"),
    processes: Path = Path("/proc"),
    servers: Sequence[str] = _SERVERS,
) -> list[str]:
    """Remove shared memory of servers that are gone; the names of what was removed. Never raises.

    A file stays when it is another user's, when anybody has its port open, and while it may be that of a server that
    starts: for two seconds, or as long as a process with one of the names `servers` in its own has it mapped; for a
    minute where that cannot be known.
    """
    removed = []
    with contextlib.suppress(OSError):
        found = [path for path in memory.iterdir() if path.name.startswith(_PREFIX)]
        taken = _open_ports(tables) if found else frozenset()
        for path in found:
            with contextlib.suppress(OSError, ValueError):
                stat = path.stat()
                age_s = datetime.now(UTC).timestamp() - stat.st_mtime
                if int(path.name.removeprefix(_PREFIX)) in taken or stat.st_uid != os.geteuid():
                    continue
                if age_s > _SETTLED_S or (age_s > _MAPPED_S and _is_mapped(path, processes, servers) is False):
                    path.unlink()
                    removed.append(path.name)
    return removed


def remove_jack_leftovers(server: str, memory: Path = Path("/dev/shm")) -> list[str]:
    """Remove what a JACK server of ours called `server` left; the names of what was removed. Never raises.

    Only when it has ended: the caller owns the name and knows that.
    """
    removed = []
    with contextlib.suppress(OSError):
        for path in memory.iterdir():
            kind, _, rest = path.name.partition("_")
            is_socket = kind == "jack" and rest.startswith(f"{server}_{os.geteuid()}_")
            is_semaphore = kind == "jack" and rest.startswith(f"sem.{os.geteuid()}_{server}_")
            if is_socket or is_semaphore:
                with contextlib.suppress(OSError):
                    path.unlink()
                    removed.append(path.name)
    return removed


def _is_mapped(path: Path, processes: Path, servers: Sequence[str]) -> bool | None:
    """Whether a server has the file in its memory; None where one of them cannot be read."""
    needle, is_hidden = os.fsencode(path), False
    try:
        found = [process for process in processes.iterdir() if process.name.isdigit()]
    except OSError:
        return None
    for process in found:
        with contextlib.suppress(OSError):  # it has ended
            name = (process / "comm").read_text(encoding="utf-8", errors="replace")
            if not any(server in name for server in servers):
                continue
            try:
                if needle in (process / "maps").read_bytes():
                    return True
            except PermissionError:
                is_hidden = True
    return None if is_hidden else False


def _open_ports(tables: Path) -> frozenset[int]:
    """Every local port that is open. Raises OSError when that cannot be known."""
    ports = set()
    for name in _TABLES:
        path = tables / name
        if name.endswith("6") and not path.exists():
            continue
        for line in path.read_text(encoding="ascii").splitlines()[1:]:
            ports.add(int(line.split()[1].rpartition(":")[2], 16))
    return frozenset(ports)
