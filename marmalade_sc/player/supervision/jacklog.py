"""What the log of a JACK server of ours tells: xruns, and what it died of."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

__all__ = ["JackLog", "last_words"]

_EMPTY: Final = ("jackdmp ", "Copyright ", "This is free software", "under certain conditions", "Failed to open server")

_MEANING: Final = {
    "Too many servers already active": "JACK runs 8 servers at once on one machine, and all 8 are taken: "
    "end another player or JACK server"
}
"""What of JACK's own words says too little; the registry of jackd 1.9 has 8 places, whoever's they are."""


def last_words(lines: Iterable[str]) -> str:
    """The last line of a log that says something, with what it means where it does not say so; "" where none does.

    jackd greets on its standard output, which is written only when it ends: behind what it died of, and behind that it
    did.
    """
    said = [words for line in lines if (words := line.strip()) and not words.startswith(_EMPTY)]
    last = said[-1] if said else ""
    return f"{last}: {_MEANING[last]}" if last in _MEANING else last


class JackLog:
    """The log of a JACK server of ours, from now on: it tells of xruns there and nowhere else."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._read = self._size()

    def fresh(self) -> int:
        """Xruns since the last call."""
        size = self._size()
        if self._path is None or size == self._read:
            return 0
        try:
            with self._path.open("rb") as file:
                file.seek(self._read if size > self._read else 0)  # smaller: it was rotated
                found = file.read().count(b"XRun")
        except OSError:
            return 0
        self._read = size
        return found

    def _size(self) -> int:
        try:
            return self._path.stat().st_size if self._path is not None else 0
        except OSError:
            return 0
