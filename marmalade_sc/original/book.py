"""What is known of original players: their keys, where they are, what was fetched from them; one file, bounded."""

import contextlib
import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from marmalade_sc.errors import IdentityError, IdError, PeerError
from marmalade_sc.identity.rsa import RsaKey
from marmalade_sc.ids import GeneratorId, PlayerId
from marmalade_sc.original.wire import Address, Known
from marmalade_sc.peers.refusals import refused

__all__ = ["Book"]

_MOST_PLAYERS: Final = 500
_MOST_GENERATORS: Final = 2000
_MOST_OF_ONE: Final = 100
"""Generators of one player: of 10 MiB each they fill 1 GB at most."""


@dataclass(slots=True)
class Book:
    """The file `path`. Two keys with one name are told apart: the one that was here first keeps the name."""

    path: Path
    players: dict[PlayerId, Known] = field(default_factory=dict)
    generators: dict[GeneratorId, str] = field(default_factory=dict)

    @classmethod
    def open(cls, path: Path) -> "Book":
        """What is kept; damaged rows are left out."""
        found = cls(path)
        with contextlib.suppress(OSError, ValueError, TypeError, AttributeError):
            data = json.loads(path.read_bytes())
            for row in data.get("players", []):
                with contextlib.suppress(IdentityError, PeerError, KeyError, ValueError):
                    key = RsaKey.parse(str(row["key"]))
                    address = str(Address.parse(str(row["address"])))
                    found.players[key.player] = Known(key, address, int(row["last_seen"]))
            for name, sha256 in data.get("generators", {}).items():
                with contextlib.suppress(IdError):
                    found.generators[GeneratorId.parse(name)] = str(sha256)
        return found

    def check(self, key: RsaKey) -> None:
        """Raises PeerError where another key has this key's name."""
        known = self.players.get(key.player)
        if known is not None and known.key != key:
            raise refused("conflict", f"another key is called {key.player} here")

    def seen(self, key: RsaKey, address: Address, now_s: int) -> None:
        """A player was here, and what it asked for was done. Raises PeerError as `check`."""
        self.check(key)
        self.players[key.player] = Known(key, str(address), now_s)
        while len(self.players) > _MOST_PLAYERS:
            del self.players[min(self.players, key=lambda player: self.players[player].last_seen_s)]
        self._save()

    def check_room(self, player: PlayerId) -> None:
        """Raises PeerError where there is no room for one more generator of a player."""
        of_one = sum(each.player == player for each in self.generators)
        if of_one >= _MOST_OF_ONE or len(self.generators) >= _MOST_GENERATORS:
            raise refused("full")

    def fetched(self, generator: GeneratorId, sha256: str) -> None:
        """A version of a generator is here; there was room for it."""
        self.generators[generator] = sha256
        self._save()

    def newest(self) -> list[Known]:
        """The players, those seen last first."""
        return sorted(self.players.values(), key=lambda each: -each.last_seen_s)

    def _save(self) -> None:
        data = {
            "players": [
                {"key": str(each.key), "address": each.address, "last_seen": each.last_seen_s}
                for each in self.players.values()
            ],
            "generators": {str(generator): sha256 for generator, sha256 in self.generators.items()},
        }
        aside = self.path.with_name(f".{self.path.name}.{os.getpid()}.part")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            aside.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")
            aside.replace(self.path)
        except OSError:
            aside.unlink(missing_ok=True)  # a full disk: what is known here is known until the end
