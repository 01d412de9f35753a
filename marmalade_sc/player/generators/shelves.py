"""The player's generators and who may run them, and the users that they become: for its process and for commands."""

import hashlib
import os
from typing import Final

from marmalade_sc.blobs.store import Blobs
from marmalade_sc.generators.shelf import Shelf
from marmalade_sc.generators.trust import Trust
from marmalade_sc.identity.keys import identity_at
from marmalade_sc.settings.load import Settings
from marmalade_sc.settings.places import Places

__all__ = ["first_uid", "shelf_of"]

_FIRST_UID: Final = 600_000
_USERS: Final = 128
"""Twice as many as may run at once: one that ends keeps its own until it is gone."""


def shelf_of(places: Places, settings: Settings) -> Shelf:
    """The player's generators. Makes its key where there is none yet. Raises IdentityError."""
    own = identity_at(settings.path("player.key", places.key)).public
    return Shelf(places.generators, Blobs(places.blobs), Trust(places.players, own))


def first_uid(places: Places) -> int | None:
    """Where the player is root, the first of the users that its instances become; two players' do not meet."""
    if os.geteuid() != 0:
        return None
    mark = hashlib.sha256(os.fsencode(places.root)).digest()
    return _FIRST_UID + _USERS * (int.from_bytes(mark[:2], "big") % 1024)
