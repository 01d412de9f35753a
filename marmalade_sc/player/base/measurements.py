"""What the player measures of itself beside the engine's state: who is here, how far away, how busy. Plain records."""

import base64
import os
from collections.abc import Mapping, Sequence

from marmalade_sc.peers.records import RegisterWrite

__all__ = ["network_state", "players_state", "register_record"]


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


def register_record(write: RegisterWrite, who: str) -> dict[str, object]:
    """One record of `state:registers:<name>`: what the jam's players share, and who has written it. `who` is an ID."""
    try:
        value = write.value.decode("ascii")
    except UnicodeDecodeError:
        value = "base64:" + base64.b64encode(write.value).decode()
    return {"value": value, "who": who, "policy": write.policy, "clock": write.clock, "effective_ms": write.effective}
