"""How loud and where a shared track is, for all players: a register for each, so that two hands do not undo each other.

What others set never silences: it goes from -24 to +6 dB. Mute, solo, volume and panic are each player's own. Pure.
"""

import json
import math
from dataclasses import dataclass
from typing import Final

from marmalade_sc.peers.refusals import refused

__all__ = ["HIGHEST_DB", "LOWEST_DB", "MIX", "SharedMix", "read_mix"]

MIX: Final = "mix-"
"""The register's name begins so; the track's follows."""
LOWEST_DB: Final = -24.0
HIGHEST_DB: Final = 6.0


@dataclass(frozen=True, slots=True)
class SharedMix:
    """What a strip is set to.

    Attributes:
        gain_db: LOWEST_DB to HIGHEST_DB.
        pan: -1 left to +1 right.
    """

    gain_db: float = 0.0
    pan: float = 0.0

    def to_bytes(self) -> bytes:
        """As a register's value."""
        return json.dumps({"gain_db": self.gain_db, "pan": self.pan}, sort_keys=True).encode()


def read_mix(data: bytes) -> SharedMix:
    """What a register holds. Raises PeerError for what is none, or beyond the ranges."""
    try:
        found = json.loads(data)
        gain_db, pan = _number(found["gain_db"]), _number(found["pan"])
        if not (LOWEST_DB <= gain_db <= HIGHEST_DB and -1 <= pan <= 1):
            raise ValueError
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        raise refused("malformed", "a mix that cannot be") from None
    return SharedMix(gain_db, pan)


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError
    return float(value)
