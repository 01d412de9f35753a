"""Another version of a program that plays: code from a bar on, sounds at once; one that fails changes nothing."""

import asyncio
import contextlib
import json
import shutil
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Final

from marmalade_sc.clock.timeline import Timeline
from marmalade_sc.clock.timetag import UNITS_PER_SECOND, units_to_milliseconds
from marmalade_sc.errors import GeneratorError, MarmaladeError
from marmalade_sc.generators.archive import Tree, unpack
from marmalade_sc.generators.incarnation import Incarnation, Incarnations, Program
from marmalade_sc.generators.records import Records
from marmalade_sc.generators.running import Ports, Running

__all__ = ["Changed", "Handover", "is_same_code"]

_AHEAD: Final = UNITS_PER_SECOND * 9 // 20
"""From being told the bar until it: frames are made 150 ms ahead, and programs hear of a bar 300 ms before."""
_AFTER: Final = UNITS_PER_SECOND // 10
_GRACE_S: Final = 0.5
_LAST_SLOT: Final = 67
"""The engine has buffers for so many."""
_SOUNDS: Final = ("synthdefs/", "samples/")
_WORDS: Final = "Another version of it plays then"


@dataclass(frozen=True, slots=True)
class Changed:
    """What came of it.

    Attributes:
        what: "nothing", "sounds" or "program".
        bar: from which the program plays; None where it is at once.
        older: the incarnation that goes then.
        at: jam time of that bar.
    """

    what: str
    bar: int | None = None
    older: Incarnation | None = None
    at: int = 0


def is_same_code(one: Tree, other: Tree) -> bool:
    """Whether two versions differ in nothing but what they bring to sound with."""
    code = [{path: file for path, file in tree.files.items() if not path.startswith(_SOUNDS)} for tree in (one, other)]
    return code[0] == code[1]


class Handover:
    """See the module.

    Args:
        in_works: does what may block, in the runner's own order; in_disk: what may take long.
    """

    def __init__(
        self,
        ports: Ports,
        incarnations: Incarnations,
        records: Records,
        in_works: Callable[[Callable[[], object]], Awaitable[object]],
    ) -> None:
        self._ports = ports
        self._incarnations = incarnations
        self._records = records
        self._in_works = in_works

    async def change(
        self, running: Running, one: Incarnation, before: Program, program: Program, slot: int
    ) -> tuple[Changed, Incarnation]:
        """Let a version follow. Returns what changed, and the incarnation that is the instance's from now on.

        Args:
            one: that plays now, with the program `before`.
            slot: that nobody has.

        Raises:
            MarmaladeError: it cannot be; the version before plays on as if nothing had been.
        """
        if before.tree.sha256 == program.tree.sha256:
            return Changed("nothing"), one
        if slot > _LAST_SLOT:
            raise GeneratorError("Too many instances are being changed at once", hint="Try again in a moment.")
        home, number = self._next_home(running, one)
        await asyncio.to_thread(unpack, program.tree, home)
        played = running.play
        running.play = replace(played, renewed=number)
        try:
            if is_same_code(before.tree, program.tree):
                await self._resound(running, one, program, slot)
                one.home = running.home = home
                return Changed("sounds"), one
            return await self._succeed(running, one, program, Incarnation(slot, home))
        except BaseException:
            running.play = played
            shutil.rmtree(home, ignore_errors=True)
            raise

    @staticmethod
    def _next_home(running: Running, one: Incarnation) -> tuple[Path, int]:
        """A folder beside the instance's first, which stays as the record that it was accepted."""
        number = running.play.renewed + 1
        while (home := one.home.parent / f"{running.play.instance}.{number}").exists():
            number += 1
        return home, number

    async def _resound(self, running: Running, one: Incarnation, program: Program, slot: int) -> None:
        await self._incarnations.open(running, one, program)
        running.play = replace(running.play, sha256=program.tree.sha256)
        gone, running.sounds = running.sounds, slot

        def tell() -> None:
            self._records.welcome(running, program.sounds, goes_on=True)
            self._records.sounds_changed(running)
            if gone >= 0:
                self._records.clear(gone)

        await self._in_works(tell)

    async def _succeed(
        self, running: Running, older: Incarnation, program: Program, one: Incarnation
    ) -> tuple[Changed, Incarnation]:
        manifest = program.found.manifest
        known = {name: value for name, value in running.controls.items() if name in manifest.controls}
        controls = manifest.settle({}, known if manifest.controls else running.controls)
        variables = {"MARMALADE_TAKES_OVER": "1", "MARMALADE_CONTROLS": json.dumps(controls)}
        try:
            await self._incarnations.open(running, one, program)
            assert one.notes is not None and older.notes is not None
            one.notes.first = 1 << 64
            one.notes.after(older.notes)
            await self._incarnations.begin(running, one, program, variables)
            await self._incarnations.ready(one)
        except BaseException:
            await self._incarnations.end(one)
            raise
        bar, at = self._turn()
        gone = {running.slot, running.sounds} - {-1}
        running.play = replace(running.play, sha256=program.tree.sha256)
        running.slot, running.home, running.sounds, running.controls = one.slot, one.home, -1, controls
        running.starts += 1
        running.cell, running.gateway = one.cell, one.gateway
        older.notes.last = one.notes.first = at

        def tell() -> None:
            self._records.welcome(running, program.sounds, goes_on=True)
            self._records.reload(running, bar, units_to_milliseconds(at))
            self._records.controls(running)
            for slot in gone:
                self._records.clear(slot)

        await self._in_works(tell)
        return Changed("program", bar, older, at), one

    def _turn(self) -> tuple[int, int]:
        """The next bar that both versions can hear of in time, and when it begins."""
        timeline, now = self._ports.timeline(), self._ports.now()
        if timeline is None:
            return 0, now
        return next_bar(timeline, now + _AHEAD)

    async def finish(self, running: Running, changed: Changed) -> None:
        """Wait until the bar, and end what played before it. Ends early with the instance."""
        older = changed.older
        if older is None:
            return
        wait_s = max(0.0, (changed.at + _AFTER - self._ports.now()) / UNITS_PER_SECOND)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(running.stop_now.wait(), wait_s)
        await self._incarnations.end(older, _GRACE_S, "another version has taken its place")
        if running.gateway is not None:
            counts = running.gateway.counts
            kept = [words for words in counts.denials if words != _WORDS]
            counts.denied -= len(counts.denials) - len(kept)
            counts.denials[:] = kept
        if older.home.name != running.play.instance:  # the first folder is the record of the instance
            await asyncio.to_thread(shutil.rmtree, older.home, True)
        with contextlib.suppress(MarmaladeError, OSError):
            await asyncio.to_thread(shutil.rmtree, self._incarnations.gate(older.slot), True)


def next_bar(timeline: Timeline, when: int) -> tuple[int, int]:
    """The first bar that begins at a jam time or after it, and when that is; where the jam stands, that moment."""
    cycle = timeline.cycle(when)
    bar = -(-cycle.numerator // cycle.denominator)
    return bar, timeline.timetag(Fraction(bar)) if timeline.is_playing(when) else when
