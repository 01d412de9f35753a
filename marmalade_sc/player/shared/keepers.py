"""All that keeps what players share: bars, pause, schedule, mix, sounds, votes, who plays what."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path

from marmalade_sc.clock.timeline import Timeline
from marmalade_sc.jam import keys
from marmalade_sc.peers.client import Client
from marmalade_sc.peers.registers import NAMES
from marmalade_sc.player.base.measurements import register_record
from marmalade_sc.player.control.protocol import Message
from marmalade_sc.player.shared.assetkeeping import Assetkeeper
from marmalade_sc.player.shared.deliveries import Deliveries
from marmalade_sc.player.shared.keeping import Keeping, Unseen
from marmalade_sc.player.shared.mixing import Mixing
from marmalade_sc.player.shared.pausing import Pausing
from marmalade_sc.player.shared.playbill import Playbill
from marmalade_sc.player.shared.schedulekeeping import Schedulekeeper
from marmalade_sc.player.shared.timekeeping import Timekeeper
from marmalade_sc.player.shared.voting import Voting

__all__ = ["Keepers"]

_KEPT = 500
_AT_ONCE = 64


class Keepers:
    """See the module.

    Args:
        own: this player's name.
        origin: the constant of jam time.
        assets: the folder of the jam's sounds.
        near: where else sound files are.
        mixes: whether others' mixes are followed.
    """

    def __init__(
        self,
        own: str,
        keeping: Keeping,
        origin: int,
        client: Client,
        deliveries: Deliveries,
        assets: Path,
        near: Sequence[Path],
        mixes: bool,
    ) -> None:
        self._keeping = keeping
        self._written = Unseen()
        self.time = Timekeeper(keeping, origin)
        self.schedule = Schedulekeeper(keeping)
        self.pausing = Pausing(keeping)
        self.playbill = Playbill(own, keeping.shared, keeping.live, keeping.runs)
        self.mixing = Mixing(keeping, mixes)
        self.assets = Assetkeeper(keeping, client, deliveries, assets, near)
        self.voting = Voting(keeping, self.pausing)

    @property
    def timeline(self) -> Timeline | None:
        """This player's own, as it was a moment ago."""
        return self.time.timeline

    def works(self) -> list[Awaitable[None]]:
        """What is to run until it is cancelled."""
        all_ = (self.time, self.schedule, self.pausing, self.playbill, self.mixing, self.assets, self.voting)
        return [each.run() for each in all_]

    def commands(self) -> Mapping[str, Callable[[Message], Awaitable[Message]]]:
        """What users may ask of them."""
        return {
            "pause_all": self.pausing.pause,
            "play_all": self.pausing.resume,
            "share_mix": self.mixing.share_mix,
            "asset": self.assets.asset,
            "assets": self.assets.assets,
            "vote": self.voting.vote,
            "votes": self.voting.votes,
        }

    def news(self) -> list[tuple[str, Mapping[str, object], int]]:
        """Entries for the jam's state: registers that hold something else than when this was asked last."""
        found: list[tuple[str, Mapping[str, object], int]] = []
        for prefix in NAMES:
            for name in self._keeping.shared.names(prefix):
                write = self._keeping.shared.current(name)
                if len(found) < _AT_ONCE and write is not None and self._written.take(name, write):
                    who = self._keeping.name(write.maker)
                    found.append((keys.register(name), register_record(write, who), _KEPT))
        return found
