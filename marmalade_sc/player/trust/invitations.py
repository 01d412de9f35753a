"""Invites that were given for a time or for one player: kept on disk, listed, revoked, changed for the jam's secret.

Of a word only its hash is kept. Who has come in by one is not sent away by revoking it: block its key.
"""

import contextlib
import hashlib
import json
import secrets
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final

from marmalade_sc.errors import GeneratorError, UnknownNameError, UsageError
from marmalade_sc.identity.keys import PublicKey
from marmalade_sc.peers.passes import WORD_BYTES
from marmalade_sc.peers.refusals import refused
from marmalade_sc.player.base.directory import written_aside

__all__ = ["Invitation", "Invitations"]

_MOST: Final = 64
_MOST_GUESTS: Final = 256
_LONGEST_HOURS: Final = 24 * 30
_HOUR_MS: Final = 3_600_000


@dataclass(frozen=True, slots=True)
class Invitation:
    """One invite. Times are ms since 1970.

    Attributes:
        name: by which it is listed and revoked.
        mark: SHA-256 of its word, in hexadecimal digits.
        is_trusted: whether the jam's key goes with it.
        guests: keys that have used it.
    """

    name: str
    mark: str
    made: int
    expires: int
    is_once: bool
    is_trusted: bool
    is_revoked: bool = False
    guests: tuple[str, ...] = ()

    def state(self, now_ms: int) -> str:
        """open, used, over or revoked."""
        if self.is_revoked:
            return "revoked"
        if self.is_once and self.guests:
            return "used"
        return "over" if self.expires <= now_ms else "open"


class Invitations:
    """Those of a jam, in the file `path`. What cannot be read there opens no door. All may block."""

    def __init__(self, path: Path, wall_ms: Callable[[], int]) -> None:
        self._path = path
        self._wall_ms = wall_ms
        self._lock = threading.Lock()
        self._all: list[Invitation] = []
        with contextlib.suppress(OSError, ValueError, TypeError, KeyError):
            rows = json.loads(path.read_text(encoding="utf-8"))
            self._all = [Invitation(**{**row, "guests": tuple(row["guests"])}) for row in rows]

    def give(self, hours: float, is_once: bool, is_trusted: bool) -> tuple[Invitation, bytes]:
        """A new one, and its word.

        Raises:
            UsageError: it would hold for too long or not at all, or too many are open.
            GeneratorError: it cannot be written down.
        """
        if not 0 < hours <= _LONGEST_HOURS:
            raise UsageError(f"An invite for {hours:g} hours cannot be", hint=f"Give up to {_LONGEST_HOURS} hours.")
        with self._lock:
            now = self._wall_ms()
            kept = [each for each in self._all if each.state(now) == "open"]
            if len(kept) >= _MOST:
                raise UsageError(f"{_MOST} invites are open", hint="Revoke some: marmalade peers invites lists them.")
            word = secrets.token_bytes(WORD_BYTES)
            found = Invitation(
                secrets.token_hex(3), _mark(word), now, now + round(hours * _HOUR_MS), is_once, is_trusted
            )
            closed = [each for each in self._all if each.state(now) != "open"]
            self._write([*closed[-_MOST:], *kept, found])
            return found, word

    def show(self, word: bytes, key: PublicKey) -> Invitation:
        """Somebody shows a word: the invite that it opens, written down as used first.

        The same key may show it again as long as it holds: an answer may have got lost.

        Raises:
            PeerError: it opens nothing. Which of the reasons it is a stranger is not told.
            GeneratorError: it cannot be written down.
        """
        with self._lock:
            mark, now = _mark(word), self._wall_ms()
            for number, each in enumerate(self._all):
                if not secrets.compare_digest(each.mark, mark):
                    continue
                if each.is_revoked or each.expires <= now:
                    break
                if str(key) in each.guests:
                    return each
                if (each.is_once and each.guests) or len(each.guests) >= _MOST_GUESTS:
                    break
                found = replace(each, guests=(*each.guests, str(key)))
                self._write([*self._all[:number], found, *self._all[number + 1 :]])
                return found
            raise refused("invite")

    def revoke(self, name: str) -> Invitation:
        """Let it open nothing any more. Raises UnknownNameError where there is none of that name, or GeneratorError."""
        with self._lock:
            for number, each in enumerate(self._all):
                if each.name == name:
                    found = replace(each, is_revoked=True)
                    self._write([*self._all[:number], found, *self._all[number + 1 :]])
                    return found
        raise UnknownNameError(f"There is no invite {name!r:.20}", hint="`marmalade peers invites` lists them.")

    def rows(self) -> list[Invitation]:
        """All, the newest last."""
        with self._lock:
            return list(self._all)

    def _write(self, rows: list[Invitation]) -> None:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            written_aside(self._path, json.dumps([asdict(each) for each in rows], indent=1) + "\n")
        except OSError as error:
            raise GeneratorError(f"{self._path} cannot be written: {error.strerror}") from error
        self._all = rows


def _mark(word: bytes) -> str:
    return hashlib.sha256(b"marmalade pass 1\0" + word).hexdigest()
