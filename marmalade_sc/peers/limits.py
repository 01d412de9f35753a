"""How often somebody may do something: token buckets by address, in bounded room. Pure."""

from collections import OrderedDict

__all__ = ["Buckets"]


class Buckets:
    """`rate` a second for each name, `burst` at once; the names that were quiet for longest are forgotten first.

    A name that is forgotten begins with a full bucket: with `most` names in use an attacker needs as many addresses.
    """

    def __init__(self, rate: float, burst: float, most: int = 4096) -> None:
        self._rate = rate
        self._burst = burst
        self._most = most
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._levels)

    def has(self, name: str, now: float, amount: float = 1.0) -> bool:
        """Whether `name` could; nothing is taken."""
        level, since = self._levels.get(name, (self._burst, now))
        return min(self._burst, level + (now - since) * self._rate) >= amount

    def take(self, name: str, now: float, amount: float = 1.0) -> bool:
        """Whether `name` may, now."""
        level, since = self._levels.get(name, (self._burst, now))
        level = min(self._burst, level + (now - since) * self._rate)
        may = level >= amount
        self._levels[name] = (level - amount if may else level, now)
        self._levels.move_to_end(name)
        while len(self._levels) > self._most:
            self._levels.popitem(last=False)
        return may
