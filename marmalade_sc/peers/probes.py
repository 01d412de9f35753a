"""Questions that a player has asked and that wait for an answer. Pure."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

__all__ = ["Probe", "Probes"]

_LATE_S: Final = 4.0
_MOST: Final = 1024


@dataclass(slots=True)
class Probe:
    """One question. `asker` and `asker_nonce` are of the player that we ask for, if for another."""

    target: bytes
    sent: float
    deadline: float
    ask_others: float
    asker: bytes = b""
    asker_nonce: int = 0
    has_failed: bool = False


class Probes:
    """By their nonces. One that has failed is kept a while: an answer that is late proves as much."""

    def __init__(self) -> None:
        self._waiting: dict[int, Probe] = {}

    def add(self, nonce: int, probe: Probe) -> bool:
        """Wait for an answer; False where too many wait."""
        if len(self._waiting) >= _MOST:
            return False
        self._waiting[nonce] = probe
        return True

    def answered(self, nonce: int, target: bytes, sender: bytes) -> Probe | None:
        """The question that this answers, which waits no longer. For others only the target itself answers."""
        probe = self._waiting.get(nonce)
        if probe is None or probe.target != target or (probe.asker and sender != target):
            return None
        return self._waiting.pop(nonce)

    @property
    def targets(self) -> set[bytes]:
        """Whom we have asked for ourselves, and may still hear from in time."""
        return {each.target for each in self._waiting.values() if not each.asker and not each.has_failed}

    def to_ask_others(self, now: float) -> Iterator[tuple[int, Probe]]:
        """Those for which it is time to ask others, once each."""
        for nonce, probe in self._waiting.items():
            if now >= probe.ask_others:
                probe.ask_others = math.inf
                yield nonce, probe

    def failed(self, now: float) -> list[Probe]:
        """Those of our own whose time is over, once each."""
        found = []
        for nonce, probe in list(self._waiting.items()):
            if now < probe.deadline:
                continue
            if probe.has_failed:
                del self._waiting[nonce]
            else:
                probe.has_failed, probe.deadline = True, now + _LATE_S
                if not probe.asker:
                    found.append(probe)
        return found

    @property
    def next_due(self) -> float:
        """When to look again."""
        return min((min(each.deadline, each.ask_others) for each in self._waiting.values()), default=math.inf)
