"""The jam's key: whoever has it shows so, and is trusted by all others that have it. Not every jam has one."""

import contextlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from marmalade_sc.errors import IdentityError, MarmaladeError
from marmalade_sc.identity.keys import Identity, PublicKey, identity_at, keep_private, read_identity
from marmalade_sc.peers.records import VERSION, Record, Signed, prove_membership
from marmalade_sc.peers.records import Membership as MembershipRecord
from marmalade_sc.peers.requests import JamName
from marmalade_sc.player.trust.acquaintances import Acquaintances

__all__ = ["Membership", "take_jam_key"]

_KEPT_MS: Final = 7 * 86_400_000


def take_jam_key(path: Path, seed: bytes) -> None:
    """Keep the key of a jam that an invite has brought. Raises IdentityError where there is another one already."""
    key = Identity.from_private(seed)
    try:
        keep_private(path, key.to_openssh())
    except FileExistsError:
        if read_identity(path).public != key.public:
            raise IdentityError(
                f"{path} is another key of this jam", hint="Put the jam away first: marmalade jam archive."
            ) from None


class Membership:
    """See the module. `publish` signs and spreads a record; `path` is the key's file."""

    def __init__(
        self,
        own: Identity,
        jam: JamName,
        path: Path,
        publish: Callable[[Record], Signed[Record]],
        friends: Acquaintances,
    ) -> None:
        self._own = own
        self._jam = jam
        self._path = path
        self._publish = publish
        self._friends = friends
        self._key: Identity | None = None
        if path.exists():
            with contextlib.suppress(IdentityError):  # a file that cannot be read trusts nobody
                self._key = read_identity(path)

    def seed(self) -> bytes:
        """The private key for an invite; made where there is none yet. Raises IdentityError. May block."""
        if self._key is None:
            self._key = identity_at(self._path)
        self.show()
        return self._key.to_private()

    def show(self) -> None:
        """Tell the others that we have it."""
        if self._key is None:
            return
        now = time.time_ns() // 1_000_000
        record = MembershipRecord(
            version=VERSION,
            jam=self._jam.name,
            jam_id=self._jam.id,
            maker=self._own.public.raw,
            sequence=now * 1000,
            made=now,
            expires=now + _KEPT_MS,
            jam_key=self._key.public.raw,
            proof=prove_membership(self._key, self._jam.id, self._own.public),
        )
        with contextlib.suppress(MarmaladeError):  # without room on the disk it is told at the next start
            self._publish(record)

    def heard(self, record: MembershipRecord) -> None:
        """Somebody has shown that it has a key, whose proof was checked; whether it is ours is looked at here."""
        if self._key is not None and record.jam_key == self._key.public.raw:
            self._friends.vouched(PublicKey(record.maker))
