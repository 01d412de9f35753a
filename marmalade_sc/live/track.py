"""A track as the scheduler sees it: the lane that plays, those that will, and how its strip is set."""

from dataclasses import dataclass, field
from fractions import Fraction

from marmalade_sc.live.fade import crossfade
from marmalade_sc.live.lane import Lane
from marmalade_sc.patterns.pattern import silence

__all__ = ["Track"]

_FAILED = 4


@dataclass(slots=True)
class Track:
    """A track: the lane that plays, and those that will, by the cycle at which they begin.

    Attributes:
        epoch: the latest number given to a version of the track; `playing` is that of `lane`, `announced` the latest
            that the dispatcher was told of.
        failed: the latest cycles in which the lane raised, so that it is not asked again for each frame of them; one is
            played while the next is asked for already.
        is_stopped: the lane took too long once and is not asked again.
    """

    name: str
    epoch: int = 0
    playing: int = 0
    announced: int = 0
    lane: Lane | None = None
    last_good: Lane | None = None
    coming: list[tuple[Fraction, int, Lane | None]] = field(default_factory=list)
    mix: dict[str, object] = field(default_factory=dict)
    failed: tuple[int, ...] = ()
    is_stopped: bool = False

    @property
    def is_failing(self) -> bool:
        """Whether the lane has raised since it plays."""
        return self.is_stopped or bool(self.failed)

    def has_failed(self, cycle: int) -> None:
        """The lane raised when it was asked for a cycle."""
        self.failed = (*self.failed[1 - _FAILED :], cycle)

    def take(self, lane: Lane | None, epoch: int) -> None:
        """Play another lane, whose notes carry `epoch`; the one before stays as a refuge."""
        older = self.last_good
        self.last_good = self.lane if self.lane is not None and not self.is_failing else self.last_good
        self.lane = lane
        self.playing = epoch
        self.failed = ()
        self.is_stopped = False
        if older is not None and older not in (self.lane, self.last_good):
            older.rest()

    def next_epoch(self) -> int:
        """A number that no note of this track carries yet."""
        self.epoch += 1
        return self.epoch

    def plays_from(self, at: Fraction, lane: Lane | None) -> bool:
        """Whether it plays `lane`, or fades to it, from `at` on as things stand."""
        there = [each for each in self.coming if each[0] <= at]
        later = [each[2] for each in self.coming if each[0] > at]
        stands = there[-1][2] if there else self.lane
        if later:
            return stands is not None and later == [lane] and stands.leads_to is lane
        return stands is lane

    def standing(self, at: Fraction) -> Lane | None:
        """What plays at a cycle, as things stand."""
        there = [each for each in self.coming if each[0] <= at]
        return there[-1][2] if there else self.lane

    def before(self, at: Fraction) -> Lane | None:
        """What plays up to a cycle, later landings left out: also where its frames were made already, and landed there.

        Else a change that is evaluated a moment before the bar would depend on whether it was a moment earlier.
        """
        there = [each[2] for each in self.coming if each[0] < at]
        found = there[-1] if there else self.lane
        return found.came[1] if found is not None and found.came is not None and found.came[0] >= at else found

    def faded(self, lane: Lane, at: Fraction, cycles: Fraction) -> Lane:
        """What leads from what plays at `at` to `lane` within `cycles`; later landings are dropped already."""
        before = self.before(at)
        if before is self.lane and self.is_failing:
            before = self.last_good
        pattern = before.in_cycles() if before is not None else silence()
        fading = Lane(crossfade(pattern, lane.in_cycles(), at, cycles), lane.seed, lane.source)
        fading.leads_to = lane
        return fading

    def lanes(self) -> list[Lane]:
        """All that it holds."""
        found = [self.lane, self.last_good, *(lane for _, _, lane in self.coming)]
        return [lane for lane in found if lane is not None]
