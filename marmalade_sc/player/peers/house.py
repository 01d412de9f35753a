"""What a player tells of itself over HTTP: its players and generators, archives, and what becomes of requests."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from marmalade_sc.identity.keys import PublicKey
from marmalade_sc.peers.records import GeneratorRecord, PlayerRecord, Record
from marmalade_sc.peers.refusals import refused
from marmalade_sc.peers.requests import Desk
from marmalade_sc.peers.server import Archive
from marmalade_sc.peers.station import Station
from marmalade_sc.player.shared.deliveries import Deliveries
from marmalade_sc.player.trust.acquaintances import Acquaintances

__all__ = ["Reception"]


@dataclass(frozen=True, slots=True)
class Reception:
    """See the module; `peers.server.House` says what each is for.

    Attributes:
        carry: does what a record asks for, and says in one word what came of it.
        offered: the file of a sound that the jam has by name.
        enter: takes who shows an invite.
    """

    station: Station
    desk: Desk
    friends: Acquaintances
    deliveries: Deliveries
    carry: Callable[[Record], Awaitable[str]]
    offered: Callable[[str], Path | None]
    enter: Callable[[bytes], Awaitable[Mapping[str, object]]]

    def players(self) -> Sequence[Mapping[str, object]]:
        """As GET /players has them."""
        node, found = self.station.node, []
        for record in node.ledger.of(PlayerRecord):
            key = PublicKey(record.maker)
            member = node.members.get(record.maker)
            found.append(
                {
                    "id": str(self.friends.name(key)),
                    "key": str(key),
                    "addresses": list(record.addresses),
                    "last_seen": record.made,
                    "state": "here" if record.maker == node.key else member.state if member else record.state,
                }
            )
        return found

    def generators(self) -> Sequence[Mapping[str, object]]:
        """As GET /generators has them."""
        return [
            {
                "id": each.generator,
                "version": each.name,
                "sha256": each.sha256.hex(),
                "size": each.size,
                "author": str(PublicKey(each.maker)),
            }
            for each in self.station.node.ledger.of(GeneratorRecord)
            if self.deliveries.offered(each.sha256.hex()) is not None
        ]

    async def archive(self, generator: str, sha256: str) -> Archive:
        """As GET /generator has it."""
        for each in self.station.node.ledger.of(GeneratorRecord):
            if each.generator == generator and sha256 in ("", each.sha256.hex()):
                path = self.deliveries.offered(each.sha256.hex())
                record = self.station.node.ledger.at(*each.slot)
                if path is not None and record is not None:
                    return Archive(path, each.sha256.hex(), record.data)
        raise refused("unknown")

    def sound(self, sha256: str) -> Path:
        """As GET /asset has it."""
        found = self.offered(sha256)
        if found is None:
            raise refused("unknown")
        return found

    async def join(self, data: bytes) -> Mapping[str, object]:
        """As POST /join has it."""
        return await self.enter(data)

    async def carry_out(self, method: str, data: bytes) -> Mapping[str, object]:
        """As POST has it."""
        checked = self.desk.check(data, method)
        if self.friends.level(checked.sender) == "block":
            raise refused("blocked")
        self.station.node.take(checked.record.data)
        self.station.kick()
        return {"status": await self.carry(checked.record.message)}

    async def letters(self, data: bytes, host: str) -> bytes:
        """As POST /letters has it."""
        return self.station.letters(data, host)
