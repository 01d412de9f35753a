"""What an instance brings, between the processes: the one that runs generators writes it, the engine reads it."""

import json
from pathlib import Path

from marmalade_sc.engine.definitions import Definitions
from marmalade_sc.engine.guests import Guest, GuestLimits

__all__ = ["read_guest"]


def read_guest(path: Path, limits: GuestLimits) -> tuple[Guest, Definitions]:
    """An instance as the engine knows it, and what scsynth must load for it.

    Raises:
        OSError, ValueError, KeyError, TypeError: the file is gone, or damaged.
    """
    found = json.loads(path.read_text(encoding="utf-8"))
    buffers = tuple((int(number), Path(file)) for number, file in found["buffers"])
    numbers = tuple(number for number, _ in buffers)
    semitones, begin = float(found["semitones"]), int(found["begin"])
    guest = Guest(str(found["key"]), str(found["track"]), numbers, limits, semitones, begin)
    return guest, Definitions(tuple(found["rows"]), tuple(map(bytes.fromhex, found["compiled"])), buffers)
