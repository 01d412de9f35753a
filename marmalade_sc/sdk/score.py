"""The jam's schedule as a generator's author holds it: which context now, since when, what next, how long."""

from collections.abc import Mapping
from fractions import Fraction
from typing import TYPE_CHECKING, Final, Protocol

from marmalade_sc.errors import UsageError
from marmalade_sc.sdk.memory import Memory, View

if TYPE_CHECKING:  # 8 ms, for those who have a schedule
    from marmalade_sc.sdk.schedule import Position, Schedule

__all__ = ["KEY", "ScheduleHandle"]

KEY: Final = "schedule:main"


class Playing(Protocol):
    """Who plays along with it."""

    moment: Fraction

    @property
    def view(self) -> View:
        """The state as the present frame sees it."""

    @property
    def bar(self) -> int:
        """The present bar."""

    @property
    def seed(self) -> int:
        """Of dice."""

    @property
    def now_ms(self) -> int:
        """Jam time in ms."""

    def write(self, key: str, fields: Mapping[str, object]) -> None:
        """An entry for a stream."""

    def complain(self, text: str) -> None:
        """A sentence for the author."""


class ScheduleHandle:
    """See the module. Everybody follows the newest schedule by the values that they see: at forks ways may part."""

    def __init__(self, jam: Playing) -> None:
        self._jam = jam
        self._stamp = (-1, -1)
        self._schedule: Schedule | None = None
        self._position: Position | None = None
        self._seed = 0

    @property
    def context(self) -> str | None:
        """The context now; None without a schedule."""
        return self._position.context if self._position is not None else None

    @property
    def since(self) -> int | None:
        """The bar in which it began."""
        return self._position.since if self._position is not None else None

    @property
    def bars_left(self) -> Fraction | None:
        """How long it still lasts; None where that is open."""
        if self._schedule is None or self._position is None:
            return None
        return self._schedule.bars_left(self._position, self._jam.moment)

    @property
    def next(self) -> tuple[str, ...]:
        """What may follow."""
        if self._schedule is None or self._position is None:
            return ()
        return tuple(way.to for way in self._schedule.following(self._position))

    @property
    def tags(self) -> Mapping[str, str]:
        """The tags that hold in it, `Context` among them."""
        if self._schedule is None or self._position is None:
            return {}
        return self._schedule.tags(self._position)

    def set(self, schedule: "Schedule | str", begin: int | None = None) -> None:
        """Make this the jam's schedule from a bar on, by default the next. Needs the grant to write `schedule:main`.

        Raises:
            UsageError: it cannot be read.
        """
        from marmalade_sc.sdk.schedule import Schedule

        found = Schedule.parse(schedule) if isinstance(schedule, str) else schedule
        bar = self._jam.bar + 1 if begin is None else begin
        self._jam.write(KEY, {"schedule": found.to_json(), "begin": bar, "seed": self._jam.seed})

    def edit(self, schedule: "Schedule | str") -> None:
        """Change contexts of the schedule while it runs: those that are named are put in the place of those of their
        names, the others stay, and everybody goes on where they are. Needs the grant to write `schedule:main`.

        Raises:
            UsageError: it cannot be read.
        """
        from marmalade_sc.sdk.schedule import edited

        found = edited(self._schedule, schedule, self._jam.now_ms)
        self._jam.write(KEY, {"schedule": found.to_json(), "begin": None, "seed": self._seed or self._jam.seed})

    def look(self, memory: Memory, until_ms: int) -> None:
        """Go on to the present bar. For those who drive it."""
        entry = memory.before(KEY, until_ms)
        if entry is None:
            return
        if entry.stamp != self._stamp:
            self._stamp = entry.stamp
            try:
                self._take(entry.fields)
            except UsageError as error:
                self._jam.complain(f"The jam's schedule: {error}")
                return
        if self._schedule is not None and self._position is not None:
            self._position = self._schedule.at(self._position, self._jam.bar, self._jam.view, self._seed)

    def _take(self, fields: Mapping[str, object]) -> None:
        """A new schedule, or an edit (without `begin`): merged into what is there, and nobody is moved."""
        from marmalade_sc.sdk.schedule import taken

        self._schedule, self._position, self._seed = taken(fields, self._schedule, self._position, self._jam.bar)
