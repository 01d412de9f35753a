"""What the player measures of itself beside the engine's state: who is here, how far away, how busy. Plain records."""

import os
from collections.abc import Mapping, Sequence

__all__ = ["network_state", "players_state"]


def players_state(ids: Sequence[str], origin: int) -> dict[str, object]:
    """One record of `state:players`: how many players there are, and their IDs; the first is this one."""
    return {"count": len(ids), "ids": list(ids), "origin": str(origin)}


def network_state(engine: Mapping[str, object], now_ms: int, origin: int) -> dict[str, object]:
    """One record of `state:network:<player>` of this player itself: no way to go, so no round trip and no offset.

    Args:
        engine: the latest record of `state:engine:main`.
        now_ms: jam time in ms.
    """
    cores = os.cpu_count() or 1
    return {
        "rtt_ms": 0.0,
        "offset_ms": 0.0,
        "uncertainty_ms": 0.0,
        "load": round(os.getloadavg()[0] / cores, 3),
        "late": engine.get("late_dropped", 0),
        "last_seen": now_ms,
        "origin": str(origin),
    }
