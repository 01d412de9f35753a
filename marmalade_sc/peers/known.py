"""The list of players that a setting names: `192.168.1.7:2468/AAAAC3Nz...`, separated by spaces or commas. Pure."""

import re
from dataclasses import dataclass
from typing import Final

from marmalade_sc.errors import IdentityError, SettingsError
from marmalade_sc.identity.keys import PublicKey

__all__ = ["Known", "read_known"]

_ENTRY: Final = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+):([0-9]{1,5})/([A-Za-z0-9+/=]+)")
_MOST: Final = 256


@dataclass(frozen=True, slots=True)
class Known:
    """One of them. `host` is an address or a name that is the user's own word, and is looked up."""

    host: str
    port: int
    key: PublicKey


def read_known(text: str) -> list[Known]:
    """The players that a text names.

    Raises:
        SettingsError: an entry is none; says which.
    """
    words = text.replace(",", " ").split()
    if len(words) > _MOST:
        raise SettingsError(f"peers.known names {len(words)} players; {_MOST} are the most.")
    found = []
    for number, word in enumerate(words, 1):
        parts = _ENTRY.fullmatch(word)
        try:
            if parts is None or not 1024 <= int(parts[2]) < 65536:
                raise ValueError
            found.append(Known(parts[1].strip("[]"), int(parts[2]), PublicKey.parse(f"ssh-ed25519 {parts[3]}")))
        except (ValueError, IdentityError):
            raise SettingsError(
                f"Entry {number} of peers.known, {word!r:.80}, names no player.",
                hint="Write HOST:PORT/KEY: the KEY is the long word of `marmalade key show`, the PORT 1024 or above.",
            ) from None
    return found
