"""Who stands where somebody trusted stood, without that one's word: a key that was changed and not signed for. Pure.

A player that has rotated its key is vouched for by its old one. Any other key at its address is somebody else, or its
owner has lost the old one; only people can find out which.
"""

from collections.abc import Callable, Mapping
from typing import Final

__all__ = ["Succession"]

_PATIENCE_S: Final = 5.0
"""A rotation may be a moment behind the new key."""
_MOST: Final = 256


class Succession:
    """See the module. `whole` is a key for people who are to compare it."""

    def __init__(self, whole: Callable[[bytes], str]) -> None:
        self._whole = whole
        self._waiting: dict[bytes, tuple[str, float]] = {}
        self._said: set[tuple[bytes, bytes]] = set()

    def heard(self, key: bytes, address: str, now_s: float) -> None:
        """A player that is not trusted says where it is."""
        if key in self._waiting or len(self._waiting) < _MOST:
            self._waiting[key] = (address, self._waiting.get(key, ("", now_s + _PATIENCE_S))[1])

    def look(self, absent: Mapping[bytes, str], now_s: float) -> list[str]:
        """What to tell the user by now, each once.

        Args:
            absent: where those were last who are trusted and not here.
        """
        found = []
        for key, (address, until) in list(self._waiting.items()):
            if now_s < until:
                continue
            del self._waiting[key]
            for old, was_at in absent.items():
                if was_at == address and old != key and (old, key) not in self._said and len(self._said) < _MOST:
                    self._said.add((old, key))
                    found.append(
                        f"Caution: {self._whole(key)} is where {self._whole(old)} was, and the old key has not signed "
                        "for it. It is somebody else, or that player has lost its key: ask before you trust it."
                    )
        return found
