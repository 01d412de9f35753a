"""What the runner keeps of each instance, and what it needs of the player around it."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

from marmalade_sc.clock.timeline import Timeline
from marmalade_sc.clock.timetag import units_to_milliseconds
from marmalade_sc.generators.gateway.older import Older
from marmalade_sc.generators.gateway.policy import Bounds
from marmalade_sc.generators.gateway.server import Gateway
from marmalade_sc.generators.grants import NOTHING
from marmalade_sc.generators.instance import Play
from marmalade_sc.generators.manifest import Control
from marmalade_sc.generators.sandbox.cell import Cell
from marmalade_sc.generators.sandbox.launch import Quota
from marmalade_sc.generators.sandbox.probe import Layer
from marmalade_sc.generators.sounds import Sounds
from marmalade_sc.generators.weaving import Weave
from marmalade_sc.sdk.instruments import Instrument

__all__ = ["MOST_INSTANCES", "Ports", "Running", "Surroundings"]


MOST_INSTANCES: Final = 64
"""There are users, buffers and channel strips for so many."""


class Ports(Protocol):
    """What the runner needs of the player around it. All but `now` may block; they are called from one thread."""

    def now(self) -> int:
        """Jam time."""

    def timeline(self) -> Timeline | None:
        """The jam's timeline as it is now. Never blocks."""

    def instruments(self) -> tuple[Mapping[str, Instrument], Sequence[Mapping[str, object]]]:
        """What can be played, by name; and the same as rows."""

    def log(self, key: str, record: Mapping[str, object], kept: int, at: int | None = None) -> None:
        """A record of the jam's state, at a jam time, or now."""

    def is_open(self, track: str) -> bool:
        """Whether a strip of that name is there now, whoever plays into it."""

    def denied(self, path: str, who: str, what: str) -> None:
        """An instance was refused something. From any thread; never blocks for long."""

    def order(self, record: Mapping[str, object]) -> None:
        """An order for the engine."""

    def forget(self, key: str) -> None:
        """Remove a stream of events that an older incarnation has left."""

    def try_out(self, sounds: Sounds) -> None:
        """Render what it brings before it is heard. Raises SynthDefError for what nobody should load."""

    def login(self, path: str, grants: Sequence[str]) -> tuple[bytes, ...]:
        """What an instance says to either server first. Raises JamError while one is away."""

    def revoke(self, path: str) -> None:
        """Its instance has ended."""

    def remember(self, rows: Sequence[Mapping[str, object]]) -> None:
        """Write down what runs, for whoever comes after a crash."""

    def say(self, text: str) -> None:
        """A sentence for the people at the shells. Never blocks."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Where things are.

    Attributes:
        jam: folder of the jam.
        gates: folder for sockets, short.
        library: what Python inside imports from, or None.
        state, events: sockets of the jam's servers.
        layers: of the sandbox, as they were found.
        older: what of the series is no more in Redis.
        uid: the first of MOST_INSTANCES users where the player is root, else None.
        quota, bounds: of each sandbox, and each gateway.
        most: instances that may run at once.
        refused: levels of trust whose generators do not run.
        grants: keys that a level of trust grants by itself.
    """

    jam: Path
    gates: Path
    library: Path | None
    state: Path
    events: Path
    layers: Sequence[Layer]
    origin: int
    uid: int | None = None
    quota: Quota = Quota()  # noqa: RUF009  a frozen value
    older: Older | None = None
    bounds: Bounds = Bounds()  # noqa: RUF009  a frozen value
    most: int = MOST_INSTANCES
    refused: frozenset[str] = frozenset()
    grants: Mapping[str, frozenset[str]] = field(default_factory=lambda: NOTHING)


@dataclass(slots=True)
class Running:
    """One instance.

    Attributes:
        slot: a small number that it alone has while it runs: its socket's folder, user and buffers.
        strips: tracks that it has played into.
        woven: those of its controls that are patterns; `told` until which jam time their values are written.
        state: starting, playing, ending or ended.
        starts: incarnations.
        why: how it has ended; `ended_at` when, in jam time.
        title, composer, ranges: as its manifest has them; ranges are those of its controls.
        sounds: the slot whose buffers its samples are in, where that is another than `slot`; else -1.
        is_changing: whether another version is about to take its place.
        lines: the last lines of its output.
        denied: requests that its gateway has refused, and the latest in words.
    """

    play: Play
    slot: int
    home: Path
    since: int
    controls: dict[str, float]
    strips: set[str] = field(default_factory=set)
    woven: dict[str, Weave] = field(default_factory=dict)
    told: int = 0
    state: str = "starting"
    starts: int = 0
    why: str = ""
    lines: Sequence[str] = ()
    gateway: Gateway | None = None
    cell: Cell | None = None
    stopping: str = ""
    sounds: int = -1
    is_changing: bool = False
    ranges: Mapping[str, Control] = field(default_factory=dict)
    title: str = ""
    composer: str = ""
    ended_at: int | None = None
    stop_now: asyncio.Event = field(default_factory=asyncio.Event)
    started: asyncio.Event = field(default_factory=asyncio.Event)
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    def clamp(self, name: str, value: float) -> float:
        """A value within its control's range."""
        control = self.ranges.get(name)
        return control.clamp(value) if control is not None else value

    def row(self) -> dict[str, object]:
        """As the control protocol lists it."""
        counts = self.gateway.counts if self.gateway is not None else None
        return {
            **self.play.to_json(),
            "path": self.play.path,
            "controls": self.controls,
            "state": self.state,
            "since_ms": units_to_milliseconds(self.since),
            "ended_ms": None if self.ended_at is None else units_to_milliseconds(self.ended_at),
            "title": self.title,
            "composer": self.composer,
            "starts": self.starts,
            "why": self.why,
            "requests": counts.requests if counts else 0,
            "denied": counts.denied if counts else 0,
            "denials": list(counts.denials[-5:]) if counts else [],
            "pid": self.cell.pid if self.cell is not None and self.cell.is_running else None,
        }
