"""When a process that died may start again, and what has to start again with it. Pure."""

from collections.abc import Iterable, Mapping, Sequence

__all__ = ["LIMIT", "WINDOW_S", "dependents", "ordered", "restart_delay_s"]

LIMIT = 50
WINDOW_S = 30.0
# 50 deaths within 30 s, as Sonic Pi's supervisor (tau_server_sup.erl): a set survives a bad minute, a broken
# installation is told within half a minute.

_DELAYS_S = (0.0, 0.0, 0.0, 0.05, 0.1, 0.2, 0.4, 0.5)
# The first three at once, because on stage the gap is heard; later ones slower, so that a process that cannot start
# does not take the CPU from those that play. 50 deaths take 0.75 s + 42 * 0.5 s = 22 s, which is inside the window.


def restart_delay_s(deaths: Sequence[float], now_s: float) -> float | None:
    """Seconds to wait before the next start, given the times of all deaths (the last one included); None: give up."""
    recent = sum(1 for death in deaths if now_s - death < WINDOW_S)
    if recent >= LIMIT:
        return None
    return _DELAYS_S[min(max(recent - 1, 0), len(_DELAYS_S) - 1)]


def dependents(name: str, needs: Mapping[str, Iterable[str]]) -> frozenset[str]:
    """All that need `name`, directly or through others; `name` itself is not among them."""
    found: set[str] = set()
    front = {name}
    while front:
        front = {other for other, needed in needs.items() if other not in found and front & set(needed)}
        found |= front
    return frozenset(found - {name})


def ordered(follows: Mapping[str, Iterable[str]]) -> tuple[str, ...]:
    """The names so that each comes behind those it follows, otherwise in the order given.

    Raises:
        ValueError: a name follows one that is not there, or itself through others.
    """
    for name, others in follows.items():
        if unknown := set(others) - set(follows):
            raise ValueError(f"{name} follows {sorted(unknown)}, which are no processes")
    order: list[str] = []
    while len(order) < len(follows):
        ready = next((n for n, others in follows.items() if n not in order and set(others) <= set(order)), None)
        if ready is None:
            raise ValueError(f"These follow each other in a circle: {sorted(set(follows) - set(order))}")
        order.append(ready)
    return tuple(order)
