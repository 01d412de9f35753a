"""What a killed scsynth leaves behind: 8 MiB of shared memory each, named by its port. Removed where nobody uses it."""

import contextlib
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

__all__ = ["remove_leftovers"]

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
