"""What a killed scsynth or jackd leaves behind in shared memory. Removed where nobody uses it.

scsynth leaves 8 MiB each, named by its port; a jackd its socket and a semaphore for each client, named by the server.
"""

import contextlib
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

__all__ = ["remove_jack_leftovers", "remove_leftovers"]

_PREFIX: Final = "SuperColliderServer_"
_SETTLED_S: Final = 60.0
"""A scsynth that starts makes its memory before it opens its port."""
_TABLES: Final = ("udp", "udp6", "tcp", "tcp6")


def remove_leftovers(memory: Path = Path("/dev/shm"), tables: Path = Path("/proc/net")) -> list[str]:
    """Remove shared memory of servers that are gone; the names of what was removed. Never raises.

    A file stays when it is another user's, younger than a minute, or when anybody has its port open.
    """
    removed = []
    with contextlib.suppress(OSError):
        found = [path for path in memory.iterdir() if path.name.startswith(_PREFIX)]
        taken = _open_ports(tables) if found else frozenset()
        for path in found:
            with contextlib.suppress(OSError, ValueError):
                stat = path.stat()
                is_old = datetime.now(UTC).timestamp() - stat.st_mtime > _SETTLED_S
                if int(path.name.removeprefix(_PREFIX)) not in taken and is_old and stat.st_uid == os.geteuid():
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
