"""Generators rehearsed for a render or a check: cast, tried, played in their sandboxes, ready as a source. A wiring."""

import asyncio
import contextlib
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from marmalade_sc.clock.timeline import Timeline
from marmalade_sc.clock.timetag import UNITS_PER_SECOND
from marmalade_sc.engine.definitions import Definitions
from marmalade_sc.engine.trial import Trial
from marmalade_sc.generators.rehearsal.ensemble import rehearse
from marmalade_sc.generators.rehearsal.partner import Surroundings, WallClockError
from marmalade_sc.generators.rehearsal.take import Role, Take
from marmalade_sc.player.rendering.casting import brought, surroundings, try_out
from marmalade_sc.player.rendering.onstage import rehearse_in_real_time
from marmalade_sc.player.rendering.render import START, SetPlayer
from marmalade_sc.player.rendering.takes import TakePlayer
from marmalade_sc.settings.load import Settings
from marmalade_sc.settings.places import Places

__all__ = ["Rehearsed", "Sounding", "rehearsed"]

_BUDGET_S: Final = 120.0
"""Beside twice the length of the music: what is slower than that would never do live."""


@dataclass(frozen=True, slots=True)
class Sounding:
    """With what a rehearsal is made: what scsynth has loaded, scsynth itself, and where its plugins are."""

    definitions: Definitions
    scsynth: str
    plugins: str | None = None

    @classmethod
    def of(cls, definitions: Definitions, settings: Settings) -> "Sounding":
        """As the settings and the environment say."""
        plugins = os.environ.get("MARMALADE_PLUGINS") or None
        return cls(definitions, settings.text("engine.scsynth") or "scsynth", plugins)


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """A take that can be rendered, with what scsynth must have loaded; what a voice costs by synthdef brought."""

    take: Take
    player: TakePlayer
    definitions: Definitions
    costs: dict[str, float]


@contextlib.contextmanager
def rehearsed(
    roles: Sequence[Role],
    places: Places,
    sounding: Sounding,
    timeline: Timeline,
    end: int,
    *,
    beside: SetPlayer | None = None,
    real_time: bool | None = False,
    is_lenient: bool = False,
    progress: Callable[[float], None] = lambda share: None,
) -> Iterator[Rehearsed]:
    """Play generators from START to jam time `end`; their files are there as long as the block lasts.

    Args:
        beside: a set that plays as well.
        real_time: as long as it sounds, which those need that were not written with the SDK; None where these decide.
        is_lenient: a fault of one of them is noted in its account; else it is raised.
        progress: called with a share from 0 to 1; may raise to cancel.

    Raises:
        MarmaladeError: one of them cannot be played; says why, and what to do.
    """
    definitions = sounding.definitions
    with surroundings(places, definitions.rows) as around:
        costs = try_out(roles, Trial(sounding.scsynth, sounding.plugins))
        take = _take(roles, around, timeline, end, real_time, is_lenient, progress)
        guests, theirs = brought(roles, Path(around.folder))
        merged = Definitions(
            (*definitions.rows, *theirs.rows),
            (*definitions.compiled, *theirs.compiled),
            (*definitions.buffers, *theirs.buffers),
        )
        yield Rehearsed(take, TakePlayer(take, guests, beside), merged, costs)


def _take(
    roles: Sequence[Role],
    around: Surroundings,
    timeline: Timeline,
    end: int,
    real_time: bool | None,
    is_lenient: bool,
    progress: Callable[[float], None],
) -> Take:
    if not real_time:
        try:
            folder = around.folder / "in-step"
            folder.mkdir()
            near = replace(around, folder=folder, budget_s=_BUDGET_S + 2 * (end - START) / UNITS_PER_SECOND)
            return asyncio.run(rehearse(roles, near, timeline, START, end, is_lenient=is_lenient, progress=progress))
        except WallClockError:
            if real_time is not None:
                raise
    return asyncio.run(
        rehearse_in_real_time(roles, around, timeline, START, end, is_lenient=is_lenient, progress=progress)
    )
