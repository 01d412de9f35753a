"""Another key for this player: the old one says who follows it, the new one agrees, the other players hear of it."""

import os
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from marmalade_sc.errors import IdentityError
from marmalade_sc.identity.keys import Identity, make_identity, read_identity
from marmalade_sc.jam.jams import Jams
from marmalade_sc.peers.records import VERSION, Rotation, accept_rotation, signed
from marmalade_sc.player.peers.rollbook import Rollbook
from marmalade_sc.settings.places import Places

__all__ = ["rotate"]

_KEPT_MS: Final = 365 * 86_400_000


def rotate(places: Places, path: Path) -> tuple[Identity, Identity, Path]:
    """A new key in the place of the one in `path`; the old and the new, and where the old one lies now.

    For each jam the old key signs once who follows it. The player must not run: it would go on with the old key.

    Raises:
        IdentityError: there is no key, or it cannot be replaced; then the old one is still in its place.
    """
    old = read_identity(path)
    aside = path.with_name(f"{path.name}.{old.public.long_player}")
    fresh = path.with_name(f"{path.name}.new")
    try:
        # One that an earlier try has left may be known to others already.
        new = read_identity(fresh) if fresh.exists() else make_identity(fresh)
        for jam in Jams(places).names():
            _announce(places, jam, old, new)
        if not aside.exists():
            os.link(path, aside)
        fresh.replace(path)
        fresh.with_name(f"{fresh.name}.pub").replace(path.with_name(f"{path.name}.pub"))
    except OSError as error:
        raise IdentityError(f"The key {path} cannot be replaced: {error.strerror}") from error
    return old, new, aside


def _announce(places: Places, name: str, old: Identity, new: Identity) -> None:
    jam = Jams(places).make(name, datetime.now(UTC))
    now = time.time_ns() // 1_000_000
    record = Rotation(
        version=VERSION,
        jam=name,
        jam_id=bytes.fromhex(jam.id),
        maker=old.public.raw,
        sequence=now * 1000,
        made=now,
        expires=now + _KEPT_MS,
        new=new.public.raw,
        proof=accept_rotation(new, old.public),
    )
    Rollbook(places.jam(name).root).keep(signed(old, record).data)
