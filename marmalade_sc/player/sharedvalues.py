"""Values that all players share, as this player writes them: signed, kept, passed on."""

from collections.abc import Callable

from marmalade_sc.errors import PeerError
from marmalade_sc.identity.keys import Identity
from marmalade_sc.peers.records import RegisterWrite, signed
from marmalade_sc.peers.registers import Registers
from marmalade_sc.peers.station import Station

__all__ = ["SharedValues"]


class SharedValues:
    """See the module."""

    def __init__(self, own: Identity, station: Station, registers: Registers, wall_ms: Callable[[], int]) -> None:
        self._own = own
        self._station = station
        self._registers = registers
        self._wall_ms = wall_ms

    @property
    def own(self) -> bytes:
        """This player's raw key."""
        return self._own.public.raw

    def current(self, name: str) -> RegisterWrite | None:
        """The write that holds, for this player."""
        return self._registers.current(name)

    def of(self, name: str, maker: bytes) -> RegisterWrite | None:
        """What one player has written last, whether it holds or not."""
        found = self._station.node.ledger.at("register", name, maker)
        return found.message if found is not None and isinstance(found.message, RegisterWrite) else None

    def tell(self, name: str, value: bytes) -> bool:
        """Write a value; whether it is on its way. It is not where there is no room for it."""
        node = self._station.node
        try:
            write = self._registers.write(name, value, self._wall_ms(), node.sequence())
            node.publish(signed(self._own, write))
        except (PeerError, ValueError):
            return False
        self._station.kick()
        return True

    def is_heir(self, write: RegisterWrite) -> bool:
        """Whether who wrote it is not here any more, and of those that are we have the smallest key: one must go on."""
        present = {each.key for each in self._station.node.members.present}
        return write.maker not in present and self.own == min({*present, self.own})
