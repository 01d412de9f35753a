"""Who comes in: invites given, listed and revoked by the user, and what is told to those who show one."""

import asyncio
import datetime
from collections.abc import Callable, Mapping

from marmalade_sc.identity.keys import PublicKey
from marmalade_sc.peers.invites import Invite, written_invite
from marmalade_sc.peers.passes import Pass, read_knock
from marmalade_sc.peers.reach import endpoint
from marmalade_sc.peers.refusals import refused
from marmalade_sc.peers.requests import JamName
from marmalade_sc.peers.station import Station
from marmalade_sc.player.control.protocol import Message
from marmalade_sc.player.trust.acquaintances import Acquaintances
from marmalade_sc.player.trust.invitations import Invitation, Invitations
from marmalade_sc.player.trust.membership import Membership

__all__ = ["Door"]

_DAY_HOURS = 24.0


class Door:
    """See the module. `say` takes a sentence for people."""

    def __init__(
        self,
        jam: JamName,
        station: Station,
        invitations: Invitations,
        membership: Membership,
        friends: Acquaintances,
        wall_ms: Callable[[], int],
        say: Callable[[str], None],
    ) -> None:
        self._jam = jam
        self._station = station
        self._invitations = invitations
        self._membership = membership
        self._friends = friends
        self._wall_ms = wall_ms
        self._say = say
        self._told: set[tuple[str, PublicKey]] = set()

    def is_guest(self, key: bytes) -> bool:
        """Whether a key has come in by an invite of ours."""
        return any(str(PublicKey(key)) in each.guests for each in self._invitations.rows() if not each.is_revoked)

    async def invite(self, message: Message) -> Message:
        """A text with which others join: for ever, or `once`, or for so many `hours`."""
        node = self._station.node
        own = node.ledger.player(node.key)
        address = own.addresses[0] if own is not None and own.addresses else ""
        endpoint(address, is_local=self._station.is_local)
        is_once, is_trusted = bool(message.get("once")), bool(message.get("trusted"))
        asked = message.get("hours")
        if not is_once and asked is None:
            seed = await asyncio.to_thread(self._membership.seed) if is_trusted else b""
            return {"value": written_invite(Invite(address, node.key, self._jam.name, self._jam.id, seed))}
        if is_trusted:
            await asyncio.to_thread(self._membership.seed)  # the key is made now, not when somebody is at the door
        hours = _DAY_HOURS if asked is None else float(str(asked))
        found, word = await asyncio.to_thread(self._invitations.give, hours, is_once, is_trusted)
        text = written_invite(Pass(address, node.key, self._jam.name, word, found.expires))
        return {"value": text, "invite": found.name}

    async def invites(self, message: Message) -> Message:
        """Those that were given for a time or for one player."""
        rows = await asyncio.to_thread(self._invitations.rows)
        return {
            "invites": [self._row(each) for each in rows],
            "value": "\n".join(self._line(each) for each in rows)
            or "No invite was given for a time or for one player.",
        }

    async def revoke(self, message: Message) -> Message:
        """Let one open nothing any more."""
        found = await asyncio.to_thread(self._invitations.revoke, str(message["invite"]))
        came = ", ".join(self._names(found))
        more = f" {came} came in by it: marmalade peers trust ID block shuts out whom you name." if came else ""
        return {"value": f"{found.name} opens nothing any more.{more}"}

    async def open(self, data: bytes) -> Mapping[str, object]:
        """What somebody gets who shows an invite. Raises PeerError, GeneratorError."""
        shown = read_knock(data, PublicKey(self._station.node.key), self._wall_ms())
        key = PublicKey(shown.sender)
        if self._friends.level(key) == "block":
            raise refused("blocked")
        found = await asyncio.to_thread(self._invitations.show, shown.word, key)
        seed = await asyncio.to_thread(self._membership.seed) if found.is_trusted else b""
        if (found.name, key) not in self._told:  # who shows it again and again is let in, and told of once
            self._told.add((found.name, key))
            self._say(f"{self._friends.title(key)} (SHA256:{key.fingerprint}) comes in by the invite {found.name}.")
        return {"jam": self._jam.name, "id": self._jam.id.hex(), "seed": seed.hex()}

    def _names(self, found: Invitation) -> list[str]:
        return [self._friends.title(PublicKey.parse(each)) for each in found.guests]

    def _row(self, found: Invitation) -> Message:
        return {
            "invite": found.name,
            "state": found.state(self._wall_ms()),
            "expires_ms": found.expires,
            "once": found.is_once,
            "trusted": found.is_trusted,
            "guests": self._names(found),
        }

    def _line(self, found: Invitation) -> str:
        until = datetime.datetime.fromtimestamp(found.expires / 1000).astimezone()
        kind = ("once " if found.is_once else "") + ("with the jam's key " if found.is_trusted else "")
        state, guests = found.state(self._wall_ms()), " ".join(self._names(found))
        return f"{found.name}  {state:8} until {until:%Y-%m-%d %H:%M}  {kind}{guests}".rstrip()
