"""Accepts instances: once each, deployed, let live; listed, controlled and told to end by name."""

import asyncio
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Final, TypeVar, cast

from marmalade_sc.errors import GeneratorError, MarmaladeError
from marmalade_sc.generators.archive import unpack
from marmalade_sc.generators.entrance import entrance
from marmalade_sc.generators.grants import granted
from marmalade_sc.generators.incarnation import Program
from marmalade_sc.generators.instance import NEVER, ON_FAILURE, Play
from marmalade_sc.generators.living import Living
from marmalade_sc.generators.manifest import Manifest
from marmalade_sc.generators.running import Ports, Running, Surroundings
from marmalade_sc.generators.sandbox.probe import why_not
from marmalade_sc.generators.shelf import Shelf, manifest_of
from marmalade_sc.generators.sounds import sounds_of
from marmalade_sc.generators.trust import BLOCK
from marmalade_sc.generators.weaving import weave

__all__ = ["Runner"]

_LONGEST_BARS: Final = 64

T = TypeVar("T")


class Runner:
    """See the module. For one event loop; `close` ends everything that it runs."""

    def __init__(self, shelf: Shelf, ports: Ports, around: Surroundings) -> None:
        self._shelf = shelf
        self._ports = ports
        self._around = around
        self._living = Living(ports, around)
        self._disk = ThreadPoolExecutor(2, "disk")
        self._is_closing = False

    # Asking

    @property
    def running(self) -> Mapping[str, Running]:
        """What runs, by path."""
        return self._living.running

    def rows(self) -> list[dict[str, object]]:
        """What runs and what has ended lately, the oldest first."""
        return [each.row() for each in (*self._living.ended, *self._living.running.values())]

    def output(self, word: str) -> dict[str, object]:
        """The last lines of an instance, and what was refused to it. Raises GeneratorError where there is none."""
        found = [each for each in (*self._living.ended, *self._living.running.values()) if each.play.is_meant(word)]
        if not found:
            raise GeneratorError(f"There is no instance {word!r:.80}", hint=self._names())
        one = found[-1]
        lines = one.cell.lines if one.cell is not None else one.lines
        denials = one.gateway.counts.denials if one.gateway is not None else []
        return {**one.row(), "lines": list(lines), "denials": list(denials)}

    # Life

    async def play(
        self,
        generator: str,
        *,
        instance: str = "",
        track: str = "",
        controls: Mapping[str, object] | None = None,
        bars: float | None = None,
        seconds: float | None = None,
        restart: str = ON_FAILURE,
        requester: str = "local",
        sha256: str = "",
        semitones: float = 0.0,
        begin: int = 0,
        quantum: float = 0.0,
    ) -> dict[str, object]:
        """Run a generator, once for each instance ID: who asks again is told `started: False`.

        Args:
            instance: its ID; the time where it is empty.
            track: its strip's name; the generator's name where it is empty.
            sha256: the version that is meant; the newest where it is empty.
            semitones: by how much all its notes are transposed.
            begin: jam time before which nothing of it is heard.
            quantum: it enters where so many bars begin, the next time that it can be there; 0 as soon as it can.

        Raises:
            MarmaladeError: it cannot run; says why, and what to do.
        """
        why = why_not(self._around.layers)
        if why:
            raise GeneratorError("Generators cannot run on this machine", hint=f"Missing: {why}.")
        if self._is_closing:
            raise GeneratorError("The player is ending", hint="Ask again when it is back.")
        program = await self._in_disk(lambda: self._opened(generator, sha256))
        found, tree = program.found, program.tree
        numbers, patterns = _parted(controls or {})
        play = Play(
            generator=str(found.id),
            sha256=tree.sha256,
            instance=instance or f"{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(2)}",
            track=track or found.id.name,
            controls=found.manifest.settle(self._first(numbers, patterns, found.manifest)),
            patterns=patterns,
            bars=bars,
            seconds=seconds,
            restart=restart,
            requester=requester,
            seed=secrets.randbits(31),
            semitones=semitones,
            begin=begin or entrance(self._ports.timeline(), self._ports.now(), quantum),
        )
        home = self._home(play)
        if len(self._living.running) >= self._around.most and not home.exists():
            raise GeneratorError(
                f"{self._around.most} instances run already", hint="Stop one first; generators.instances has the limit."
            )
        try:
            await self._in_disk(lambda: unpack(tree, home))
        except FileExistsError:
            return {"started": False, "instance": play.path}
        running = self._living.enter(play, home)
        await self._living.in_works(lambda: self._living.records.accepted(running))
        self._living.begin(running, program)
        return {"started": True, "instance": play.path, "track": play.track, "begin": play.begin}

    async def resume(self, rows: Sequence[Mapping[str, object]]) -> None:
        """Start again what ran when the process before this one was killed: another incarnation, never a second one."""
        for row in rows:
            try:
                play = Play.from_json(row)
                home = self._home(play)
                if play.restart == NEVER or not home.is_dir() or why_not(self._around.layers):
                    continue
                program = await self._in_disk(partial(self._kept, play))
            except (MarmaladeError, TypeError, ValueError) as error:
                self._ports.say(f"An instance that ran before is not started again: {error}")
                continue
            self._living.begin(self._living.enter(play, home), program)

    async def stop(
        self, word: str = "", bars: float = 0.0, reason: str = "it was stopped", at_once: bool = False
    ) -> list[str]:
        """Tell instances to end, `bars` from now at the latest; those named `word`, or all. Returns their paths.

        Args:
            at_once: nothing of theirs is heard from now on, whatever they do until they have ended.

        Raises:
            GeneratorError: none is meant.
        """
        meant = [each for each in self._living.running.values() if not word or each.play.is_meant(word)]
        if word and not meant:
            raise GeneratorError(f"There is no instance {word!r:.80} that runs", hint=self._names())
        if at_once:
            for each in meant:
                await self._living.in_works(partial(self._living.records.dismiss, each.play))
        for each in meant:
            self._living.end(each, min(max(0.0, bars), _LONGEST_BARS), reason)
        return [each.play.path for each in meant]

    async def control(self, word: str, given: Mapping[str, object]) -> list[str]:
        """Set controls of instances while they run: to numbers, or to patterns. Returns their paths.

        Raises:
            MarmaladeError: a control does not exist, or cannot be that.
        """
        meant = [each for each in self._living.running.values() if each.play.is_meant(word)]
        if not meant:
            raise GeneratorError(f"There is no instance {word!r:.80} that runs", hint=self._names())
        numbers, patterns = _parted(given)
        woven = {name: weave(name, each) for name, each in patterns.items()}
        settled = []
        for each in meant:
            tree = await self._in_disk(partial(self._shelf.version, each.play.sha256))
            manifest = manifest_of(tree, each.play.name)
            settled.append(manifest.settle(self._first(numbers, patterns, manifest, each.controls), each.controls))
        for each, controls in zip(meant, settled, strict=True):
            each.controls, each.told = controls, 0
            each.woven = {name: one for name, one in each.woven.items() if name not in given} | woven
            kept = {name: one for name, one in each.play.patterns.items() if name not in given} | patterns
            each.play = replace(each.play, patterns=kept)
            await self._living.in_works(partial(self._living.records.controls, each))
        return [each.play.path for each in meant]

    async def reload(self, word: str) -> list[dict[str, object]]:
        """Let the newest version take the place of what plays, at the next bar. Returns what changed, for each.

        Raises:
            MarmaladeError: none is meant, or the newest version cannot be played: then what plays goes on.
        """
        meant = [each for each in self._living.running.values() if each.play.is_meant(word)]
        if not meant:
            raise GeneratorError(f"There is no instance {word!r:.80} that runs", hint=self._names())
        rows: list[dict[str, object]] = []
        for each in meant:
            program = await self._in_disk(partial(self._opened, each.play.generator, ""))
            changed = await self._living.reload(each, program)
            rows.append({"instance": each.play.path, "changed": changed.what, "bar": changed.bar})
        return rows

    async def regrant(self) -> list[dict[str, object]]:
        """Look again at what is granted; from now on that holds for what runs, too. Rows with path, asked, granted.

        What a blocked player has made ends.
        """
        rows: list[dict[str, object]] = []
        for each in list(self._living.running.values()):
            found = await self._in_disk(partial(self._shelf.find, each.play.generator))
            if found.trusted.level == BLOCK:
                self._living.end(each, 0.0, f"{found.id.player} is blocked")
            keys = granted(found.manifest.writes, found.trusted.level, found.trusted.grants, self._around.grants)
            await self._living.regrant(each, keys)
            rows.append({"path": each.play.path, "asked": list(found.manifest.writes), "granted": sorted(keys)})
        return rows

    async def watch(self) -> None:
        """Look after what runs, until cancelled."""
        await asyncio.gather(self._living.watch(), self._living.weave())

    async def close(self) -> None:
        """End everything: told, then killed within a second or so. Idempotent."""
        self._is_closing = True
        await self._living.close()
        self._disk.shutdown(wait=True)

    # Inside

    def _opened(self, generator: str, sha256: str) -> Program:
        found, tree = self._shelf.open(generator)
        if sha256 and sha256 != tree.sha256:
            raise GeneratorError(f"{found.id} is another version here", hint="Get the one that is meant.")
        if found.trusted.level in self._around.refused:
            raise GeneratorError(
                f"{found.id}: no generator of an author with the trust {found.trusted.level} runs here",
                hint=f"The setting trust.{found.trusted.level} says so.",
            )
        sounds = sounds_of(tree)
        self._ports.try_out(sounds)
        return Program(found, tree, sounds)

    def _kept(self, play: Play) -> Program:
        tree = self._shelf.version(play.sha256)
        sounds = sounds_of(tree)
        self._ports.try_out(sounds)
        return Program(self._shelf.find(play.generator), tree, sounds)

    def _first(
        self,
        numbers: Mapping[str, float],
        patterns: Mapping[str, object],
        manifest: Manifest,
        older: Mapping[str, float] | None = None,
    ) -> dict[str, float]:
        """Numbers for all that is given: of patterns the value that holds now. Raises MarmaladeError."""
        timeline, found = self._ports.timeline(), dict(numbers)
        cycle = timeline.cycle(self._ports.now()) if timeline is not None else Fraction(0)
        for name, each in patterns.items():
            value = weave(name, each).at(cycle)
            control = manifest.controls.get(name)
            otherwise = (older or {}).get(name, control.default if control is not None else 0.0)
            value = otherwise if value is None else value
            found[name] = control.clamp(value) if control is not None else value
        return found

    def _home(self, play: Play) -> Path:
        """The folder of its files: the first is the record that it was accepted, later versions lie beside it."""
        player, _, name = play.generator.partition(":")
        version = f".{play.renewed}" if play.renewed else ""
        return self._around.jam / player / name / f"{play.instance}{version}"

    def _names(self) -> str:
        return f"There are: {', '.join(self._living.running) or 'none'}."

    async def _in_disk(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._disk, work)


def _parted(given: Mapping[str, object]) -> tuple[dict[str, float], dict[str, object]]:
    """What is a pattern apart from what is to be a number."""
    patterns: dict[str, object] = {name: each for name, each in given.items() if isinstance(each, str | Mapping)}
    return {name: cast(float, each) for name, each in given.items() if name not in patterns}, patterns
