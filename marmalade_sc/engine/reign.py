"""Which epoch of a track plays at a time: each evaluation is an epoch, and a swap says from when on it rules."""

from dataclasses import dataclass, field

from marmalade_sc.clock.timeline import Timeline

__all__ = ["Reign"]


@dataclass(slots=True)
class Reign:
    """What the dispatcher knows of one track.

    Attributes:
        swaps: (since when, jam time; which epoch), in order.
    """

    name: str
    swaps: list[tuple[int, int]] = field(default_factory=list)

    def remap(self, timeline: Timeline, older: Timeline) -> None:
        """Move the swaps to where a new timeline puts the same cycles."""
        self.swaps = [(timeline.remap(when, older), epoch) for when, epoch in self.swaps]

    def swap(self, when: int, epoch: int) -> None:
        """From `when` on `epoch` plays; what was to begin later, or is newer, is overruled."""
        self.swaps = [(w, e) for w, e in self.swaps if w < when and e < epoch][-8:]
        self.swaps.append((when, epoch))

    def plays(self, when: int, epoch: int) -> bool:
        """Whether a note of that epoch is heard at `when`."""
        ruling = 0
        for since, then in self.swaps:
            if since <= when:
                ruling = then
        return epoch >= ruling and not any(since > when and then == epoch for since, then in self.swaps)
