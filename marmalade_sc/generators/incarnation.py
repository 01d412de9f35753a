"""One incarnation of an instance: a program in its sandbox, behind a gateway of its own, with what it can play."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

from marmalade_sc.clock.timetag import units_to_milliseconds
from marmalade_sc.errors import GeneratorError
from marmalade_sc.generators.archive import Tree
from marmalade_sc.generators.entrance import opening
from marmalade_sc.generators.gateway.policy import Scope
from marmalade_sc.generators.gateway.server import Gateway
from marmalade_sc.generators.grants import granted
from marmalade_sc.generators.notes import Notes
from marmalade_sc.generators.records import Records, stream_of
from marmalade_sc.generators.running import Ports, Running, Surroundings
from marmalade_sc.generators.sandbox.cell import Cell
from marmalade_sc.generators.sandbox.launch import Sandbox
from marmalade_sc.generators.sandbox.watchdog import Watchdog
from marmalade_sc.generators.shelf import Generator
from marmalade_sc.generators.sounds import Sounds
from marmalade_sc.generators.words import what_went_wrong
from marmalade_sc.sdk.instruments import Instrument

__all__ = ["Incarnation", "Incarnations", "Program"]

_READY_S: Final = 20.0
_LOOK_S: Final = 0.01

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Program:
    """What an instance is made of: the generator as its shelf knows it, its files, its sounds."""

    found: Generator
    tree: Tree
    sounds: Sounds


@dataclass(slots=True)
class Incarnation:
    """See the module.

    Attributes:
        slot: whose socket's folder and user it has.
        home: folder with its files.
        named, samples: what it can play by name; changed in place when its sounds are.
    """

    slot: int
    home: Path
    named: dict[str, Instrument] = field(default_factory=dict)
    samples: dict[str, tuple[int, int, float]] = field(default_factory=dict)
    notes: Notes | None = None
    gateway: Gateway | None = None
    cell: Cell | None = None


class Incarnations:
    """Begins and ends them.

    Args:
        in_works: does something that may block, one after another with all else that is written down.
        placed: called when an instance names the strip that it plays into.
    """

    def __init__(
        self,
        ports: Ports,
        around: Surroundings,
        records: Records,
        watchdog: Watchdog,
        in_works: Callable[[Callable[[], object]], Awaitable[object]],
        placed: Callable[[Running, str], None],
    ) -> None:
        self._ports = ports
        self._around = around
        self._records = records
        self._watchdog = watchdog
        self._in_works = in_works
        self._placed = placed

    def gate(self, slot: int) -> Path:
        """The folder of the sockets of a slot."""
        return self._around.gates / str(slot)

    async def open(self, running: Running, one: Incarnation, program: Program) -> None:
        """Lay out what it finds, and open its gateway. Raises MarmaladeError where that cannot be."""

        def lay_out() -> None:
            named, samples = self._records.lay_out(self.gate(one.slot), program.sounds)
            one.named.clear()
            one.named.update(named)
            one.samples.clear()
            one.samples.update(samples)

        await self._in_works(lay_out)
        if one.gateway is None:
            one.notes = Notes(running.play.track, lambda: one.named, one.samples, self._ports.timeline, self._ports.now)
            one.gateway = self._gateway(running, one, program.found)
            await one.gateway.open()

    async def begin(
        self, running: Running, one: Incarnation, program: Program, variables: Mapping[str, str] | None = None
    ) -> Cell:
        """Start its program. Raises PlayerError where the sandbox cannot be built."""
        around = self._around
        sandbox = Sandbox(
            one.home,
            [f"/gen/{program.tree.entry_point}"],
            self.gate(one.slot),
            {**self._environment(running, program), **(variables or {})},
            around.quota,
            None if around.uid is None else around.uid + one.slot,
            around.library,
        )
        denied = partial(self._ports.denied, running.play.path)
        one.cell = cell = await Cell.start(sandbox, denied)
        self._watchdog.add(cell.inner, around.quota, cell.kill, denied)
        return cell

    async def ready(self, one: Incarnation) -> None:
        """Return when its program has come to ask for something: it could be read, and its beginning did not fail.

        Raises:
            GeneratorError: it ended before; says where.
        """
        assert one.cell is not None and one.gateway is not None
        deadline = time.monotonic() + _READY_S
        while not one.gateway.counts.requests:
            if not one.cell.is_running:
                ending = await one.cell.wait()
                words = what_went_wrong(one.cell.lines)
                raise GeneratorError(words or f"Its program does not begin: {ending}")
            if time.monotonic() > deadline:
                raise GeneratorError(f"It asks for nothing within {_READY_S:g} s")
            await asyncio.sleep(_LOOK_S)

    async def end(self, one: Incarnation, grace_s: float = 0.0, reason: str = "it was left") -> None:
        """End it: told, then for certain. Idempotent."""
        cell, gateway = one.cell, one.gateway
        if cell is not None:
            if grace_s and cell.is_running:
                await cell.stop(grace_s, reason)
            cell.kill(reason)
            self._watchdog.remove(cell.inner)
        if gateway is not None:
            await gateway.close()

    def _gateway(self, running: Running, one: Incarnation, found: Generator) -> Gateway:
        path, around = running.play.path, self._around
        keys = granted(found.manifest.writes, found.trusted.level, found.trusted.grants, around.grants)
        scope = Scope(path, keys)

        async def logged_in() -> tuple[bytes, ...]:
            answer = await self._in_works(partial(self._ports.login, path, sorted(scope.grants)))
            assert isinstance(answer, tuple)
            return answer

        return Gateway(
            self.gate(one.slot),
            around.state,
            around.events,
            scope,
            now_ms=lambda: units_to_milliseconds(self._ports.now()),
            now=time.monotonic,
            notes=one.notes,
            login=logged_in,
            bounds=around.bounds,
            older=around.older,
            denied=lambda words: self._ports.denied(path, "gateway", words),
            placed=lambda track: self._placed(running, track),
        )

    def _environment(self, running: Running, program: Program) -> dict[str, str]:
        play = running.play
        return {
            "MARMALADE_SOCKET": "/run/jam/redis.sock",
            "MARMALADE_ORCHESTRA": "/run/jam/orchestra.json",
            "MARMALADE_INSTANCE": play.path,
            "MARMALADE_EVENTS": stream_of(play),
            "MARMALADE_TAGS": f"tags:{play.path}:",
            "MARMALADE_TRACK": play.track,
            "MARMALADE_ORIGIN": str(self._around.origin),
            "MARMALADE_SEED": str(play.seed),
            "MARMALADE_CONTROLS": json.dumps(running.controls),
            **({"MARMALADE_BEGIN": str(opening(play.begin))} if play.begin else {}),
            "MARMALADE_INCARNATION": str(running.starts + 1),
            **({"MARMALADE_KEEPS_STATE": "1"} if program.found.manifest.keeps_state else {}),
        }
