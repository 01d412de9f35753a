"""What whoever keeps a shared value needs of the player around it, and which writes it has not seen yet."""

from collections.abc import Callable
from dataclasses import dataclass, field

from marmalade_sc.clock.timeline import Timeline
from marmalade_sc.jam.streams import StateLog
from marmalade_sc.peers.records import RegisterWrite
from marmalade_sc.peers.station import Station
from marmalade_sc.player.control.livelink import LiveLink
from marmalade_sc.player.shared.sharedvalues import SharedValues

__all__ = ["Keeping", "Unseen"]


@dataclass(frozen=True, slots=True)
class Keeping:
    """See the module.

    Attributes:
        live, runs: the processes that play the user's code, and generators.
        timeline: this player's, as it is now.
        clock: jam time, in units of 2**-32 s.
        monotonic: seconds.
        name: of a key, for records; `title` for people.
        say: takes a sentence for people.
    """

    shared: SharedValues
    station: Station
    live: LiveLink
    runs: LiveLink
    state: StateLog
    timeline: Callable[[], Timeline | None]
    clock: Callable[[], int]
    monotonic: Callable[[], float]
    name: Callable[[bytes], str]
    title: Callable[[bytes], str]
    say: Callable[[str], None]

    def who(self, write: RegisterWrite) -> str:
        """Who wrote it, for people; "" for this player."""
        return "" if write.maker == self.shared.own else self.title(write.maker)


@dataclass(slots=True)
class Unseen:
    """Of writes that hold, those that were not there when it was asked last."""

    _seen: dict[str, tuple[bytes, int]] = field(default_factory=dict)

    def is_first(self, name: str) -> bool:
        """Whether no write of this register was ever seen."""
        return name not in self._seen

    def take(self, name: str, write: RegisterWrite | None) -> bool:
        """Whether this is another write than last time; from now on it is seen."""
        if write is None or self._seen.get(name) == write.identity:
            return False
        self._seen[name] = write.identity
        return True

    def forget(self, name: str) -> None:
        """Take it again the next time: it could not be dealt with."""
        self._seen.pop(name, None)
