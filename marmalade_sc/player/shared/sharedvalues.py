"""Values that all players share, as this player writes them: signed, kept, passed on."""

import contextlib
from collections.abc import Callable

from marmalade_sc.errors import PeerError
from marmalade_sc.identity.keys import Identity
from marmalade_sc.peers.records import RegisterWrite, signed
from marmalade_sc.peers.registers import KEPT_MS, Registers
from marmalade_sc.peers.station import Station

__all__ = ["SharedValues"]


class SharedValues:
    """See the module. `keep` writes our write of a register to disk."""

    def __init__(
        self,
        own: Identity,
        station: Station,
        registers: Registers,
        wall_ms: Callable[[], int],
        keep: Callable[[str, bytes], None],
    ) -> None:
        self._own = own
        self._station = station
        self._registers = registers
        self._wall_ms = wall_ms
        self._keep = keep

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

    def names(self, prefix: str) -> list[str]:
        """Registers that somebody has written and whose names begin so."""
        return [name for name in self._station.node.ledger.registers() if name.startswith(prefix)]

    def family(self, prefix: str) -> dict[str, RegisterWrite]:
        """The writes that hold of all registers whose names begin so, by what stands behind it."""
        found = ((name, self._registers.current(name)) for name in self.names(prefix))
        return {name.removeprefix(prefix): write for name, write in found if write is not None}

    def voices(self, name: str) -> dict[bytes, list[RegisterWrite]]:
        """Of a register that is voted for, what is wanted by whom."""
        return self._registers.voices(name)

    def electors(self, name: str) -> int:
        """How many may vote."""
        return len(self._registers.electors(name))

    def tell(self, name: str, value: bytes, lasts_ms: int = KEPT_MS, is_kept: bool = False) -> bool:
        """Write a value; whether it is on its way. It is not where there is no room for it.

        Args:
            lasts_ms: when it is forgotten.
            is_kept: it is told again after a restart, even where all others were gone meanwhile.
        """
        node = self._station.node
        try:
            write = self._registers.write(name, value, self._wall_ms(), node.sequence(), lasts_ms)
            record = signed(self._own, write)
            node.publish(record)
        except (PeerError, ValueError):
            return False
        if is_kept:
            with contextlib.suppress(OSError):  # without a disk it holds as long as somebody is there
                self._keep(name, record.data)
        self._station.kick()
        return True

    def must_tell(self, name: str, value: bytes, lasts_ms: int = KEPT_MS, is_kept: bool = False) -> None:
        """As `tell`, where a user waits for it. Raises PeerError where there is no room for it."""
        if not self.tell(name, value, lasts_ms, is_kept):
            raise PeerError("There is no room for it; try again in a while")

    def is_heir(self, write: RegisterWrite) -> bool:
        """Whether who wrote it is not here any more, and of those that are we have the smallest key: one must go on."""
        present = {each.key for each in self._station.node.members.present}
        return write.maker not in present and self.own == min({*present, self.own})
