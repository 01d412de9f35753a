"""Other players' clocks, by probes: whom to ask next, what came of it, and which addresses were proven by it. Pure."""

import random
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from marmalade_sc.clock.offsets import UNSURE_S, Offset, Offsets, Sample
from marmalade_sc.clock.timetag import units_to_seconds
from marmalade_sc.peers.chatter import ClockAnswer, ClockProbe

__all__ = ["Soundings"]

_MOST: Final = 1024
_FIRST: Final = 16
_SOON_S: Final = 0.1
_STEADY_S: Final = 1.0
_UNSURE: Final = 0.25
_AT_ONCE: Final = 8


@dataclass(slots=True)
class _Asked:
    key: bytes
    address: str
    sent: int


class Soundings:
    """See the module. Times are jam time in units of 2**-32 s; estimates are seconds since `since`."""

    def __init__(self, dice: random.Random, since: int) -> None:
        self._dice = dice
        self._since = since
        self._asked: OrderedDict[int, _Asked] = OrderedDict()
        self._offsets: dict[bytes, Offsets] = {}
        self._last: dict[bytes, float] = {}
        self._proven: dict[bytes, str] = {}

    def due(self, members: Sequence[tuple[bytes, str]], now_s: float) -> list[tuple[bytes, str]]:
        """Whom to ask now, of (key, address): newcomers ten times a second, others once, or four times
        where their way is shaky, or less where many are.
        """
        steady = _STEADY_S * max(1.0, len(members) / _AT_ONCE)
        found = []
        for key, address in members:
            known = self._offsets.get(key)
            pause = _SOON_S if known is None or known.count < _FIRST else steady * self._haste(known)
            if now_s - self._last.get(key, -pause) >= pause:
                found.append((key, address))
        found.sort(key=lambda each: self._last.get(each[0], 0.0))
        for key, _ in found[:_AT_ONCE]:
            self._last[key] = now_s
        return found[:_AT_ONCE]

    @staticmethod
    def _haste(known: Offsets) -> float:
        """Where ways differ much from one another more of them are needed."""
        found = known.latest
        return _UNSURE if found is not None and found.uncertainty_s > UNSURE_S else 1.0

    def ask(self, key: bytes, address: str) -> ClockProbe:
        """A probe; say `sent` right before it goes."""
        nonce = self._dice.getrandbits(63)
        self._asked[nonce] = _Asked(key, address, 0)
        while len(self._asked) > _MOST:
            self._asked.popitem(last=False)
        return ClockProbe(nonce)

    def sent(self, probe: ClockProbe, now: int) -> None:
        """The probe goes now."""
        self._asked[probe.nonce].sent = now

    def hear(self, sender: bytes, answer: ClockAnswer, back: int) -> bool:
        """An answer; whether it counts. Only who was asked can answer, and its address is proven by that."""
        asked = self._asked.get(answer.nonce)
        if asked is None or asked.key != sender:
            return False
        del self._asked[answer.nonce]
        times = (asked.sent, answer.arrived, answer.answered, back)
        sample = Sample(*(units_to_seconds(each - self._since) for each in times))
        self._proven[sender] = asked.address
        return self._offsets.setdefault(sender, Offsets()).add(sample)

    def offset(self, key: bytes, now: int) -> Offset | None:
        """Their clock minus ours at a jam time; None before the first answer."""
        found = self._offsets.get(key)
        return None if found is None else found.estimate(units_to_seconds(now - self._since))

    def proven(self, key: bytes) -> str:
        """The address at which a player has answered, or nothing."""
        return self._proven.get(key, "")

    def forget(self, key: bytes) -> None:
        """The player is gone, or elsewhere: it has to prove its address anew."""
        self._proven.pop(key, None)
        self._last.pop(key, None)
