"""The book: what each track plays, what it played before, and the scenes. Pure; when things land is decided elsewhere.

A *deed* is what was asked together: a block, a key, a recalled scene. Each track that a deed changes gets one step of
history. A copy of the book that is told the same deeds becomes the same book: that is how a generation that was
forked before a key was pressed knows of the key.
"""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Final

from marmalade_sc.errors import UnknownNameError, UsageError, nearest
from marmalade_sc.live.lane import Lane
from marmalade_sc.live.operations import (
    DropScene,
    Hush,
    NextScene,
    Only,
    Recall,
    Redo,
    Remembered,
    Replace,
    SaveScene,
    SetMix,
    Undo,
)

__all__ = ["PLAIN_MIX", "Book", "Version"]

_MOST_STEPS: Final = 64
_MOST_SCENES: Final = 256
_MOST_REMEMBERED: Final = 4096

PLAIN_MIX: Final[Mapping[str, object]] = MappingProxyType(
    {"gain_db": 0.0, "pan": 0.0, "mute": False, "solo": False, "inserts": [], "sends": {}, "group": ""}
)
"""A strip that nobody has touched."""


@dataclass(frozen=True, slots=True)
class Version:
    """What a track plays (None: nothing) and how its strip is set, as far as anybody has set it."""

    lane: Lane | None = None
    mix: Mapping[str, object] = field(default_factory=dict)

    def mix_towards(self, other: "Version") -> dict[str, object]:
        """The settings that make this strip like `other`'s; empty when it is."""
        changed: dict[str, object] = {}
        for name, plain in PLAIN_MIX.items():
            wanted = other.mix.get(name, plain)
            if wanted != self.mix.get(name, plain):
                changed[name] = wanted
        return changed


_NOTHING: Final = Version()


@dataclass(frozen=True, slots=True)
class _Step:
    """A version to go back to (or forward), and the deed it goes with."""

    deed: int
    version: Version


class Book:
    """See the module.

    Attributes:
        now: what each track is to play, in order of first use.
        scenes: by name, in the order in which they were saved.
        scene: the latest that was saved or recalled; "" before.
        deed: number of the latest deed.
        journal: what keys and commands have asked lately, for a copy that was made before; with the deed's number.
    """

    def __init__(self) -> None:
        self.now: dict[str, Version] = {}
        self.scenes: dict[str, dict[str, Version]] = {}
        self.scene = ""
        self.deed = 0
        self.journal: deque[tuple[int, Remembered]] = deque(maxlen=_MOST_REMEMBERED)
        self._past: dict[str, list[_Step]] = {}
        self._future: dict[str, list[_Step]] = {}

    # Changing

    def begin(self) -> None:
        """What is applied from now on is one deed."""
        self.deed += 1

    def apply(self, operation: Remembered) -> dict[str, Version]:
        """Do what is asked, as part of the deed that was begun; returns the tracks that it changes, as they are now.

        Raises:
            UsageError: there is nothing to undo or redo, or no such scene; nothing has changed then.
        """
        changed = self._applied(operation)
        if not isinstance(operation, Replace):  # a new pattern comes with an evaluation, never behind its back
            self.journal.append((self.deed, operation))
        return changed

    def _applied(self, operation: Remembered) -> dict[str, Version]:
        if isinstance(operation, Replace):
            before = self.now.get(operation.track, _NOTHING)
            return self._become({operation.track: Version(operation.lane, before.mix)})
        if isinstance(operation, Hush):
            tracks = list(self.now) if operation.track is None else [operation.track]
            return self._become({track: Version(None, self.now.get(track, _NOTHING).mix) for track in tracks})
        if isinstance(operation, SetMix):
            before = self.now.get(operation.track, _NOTHING)
            settings = {name: value for name, value in operation.settings.items() if name in PLAIN_MIX}
            if operation.is_shared:
                return self._shared_set(operation.track, settings)
            return self._become({operation.track: Version(before.lane, {**before.mix, **settings})})
        if isinstance(operation, Only):
            others = [track for track in self.now if track not in operation.tracks]
            return self._become({track: replace(self.now[track], lane=None) for track in others})
        if isinstance(operation, Undo | Redo):
            self.check(operation)
            return self._go(operation)
        return self._scene(operation)

    def _scene(self, operation: SaveScene | DropScene | Recall | NextScene) -> dict[str, Version]:
        if isinstance(operation, SaveScene):
            if operation.name not in self.scenes and len(self.scenes) >= _MOST_SCENES:
                raise UsageError(f"There are {_MOST_SCENES} scenes already", hint="Delete one: scene.delete(...).")
            self.scenes[operation.name] = dict(self.now)
            self.scene = operation.name
            return {}
        if isinstance(operation, NextScene):
            names = list(self.scenes)
            if not names:
                raise UsageError("There is no scene yet", hint='Write scene.save("a").')
            at = names.index(self.scene) if self.scene in names else (-1 if operation.steps > 0 else 0)
            name = names[(at + operation.steps) % len(names)]
        else:
            name = operation.name
        check_scene(name, self.scenes)
        if isinstance(operation, DropScene):
            del self.scenes[name]
            return {}
        self.scene = name
        kept = self.scenes[name]
        silent = {track: Version(None, version.mix) for track, version in self.now.items() if track not in kept}
        return self._become({**silent, **kept})

    def _become(self, versions: Mapping[str, Version]) -> dict[str, Version]:
        """Write down new versions; each that differs is a step of history."""
        changed = {}
        for track, version in versions.items():
            before = self.now.get(track, _NOTHING)
            if before == version:
                continue
            past = self._past.setdefault(track, [])
            if not past or past[-1].deed != self.deed:
                past.append(_Step(self.deed, before))
                if len(past) > _MOST_STEPS:
                    del past[0]
            self._future.pop(track, None)
            self.now[track] = changed[track] = version
        return changed

    def _shared_set(self, track: str, settings: Mapping[str, object]) -> dict[str, Version]:
        """All players have set these: so it is now, and so it was, for all that undo and redo go back to.

        A step that has changed nothing else is gone: it would be one that nobody hears.
        """
        before = self.now.get(track, _NOTHING)
        self.now[track] = now = Version(before.lane, {**before.mix, **settings})
        for steps in (self._past.get(track, []), self._future.get(track, [])):
            after, kept = now, []
            for step in reversed(steps):
                version = Version(step.version.lane, {**step.version.mix, **settings})
                if version.lane != after.lane or version.mix_towards(after):
                    kept.append(_Step(step.deed, version))
                after = version
            steps[:] = reversed(kept)
        return {} if now == before else {track: now}

    def _go(self, operation: Undo | Redo) -> dict[str, Version]:
        """Take steps back, or forward, as far as there are some."""
        is_undo = isinstance(operation, Undo)
        source, target = (self._past, self._future) if is_undo else (self._future, self._past)
        changed: dict[str, Version] = {}
        for _ in range(operation.steps):
            tops = {name: steps[-1].deed for name, steps in source.items() if steps}
            if operation.track is not None:
                tops = {name: deed for name, deed in tops.items() if name == operation.track}
            if not tops:
                break
            # Of all tracks the latest deed goes back first, and comes again last: as a whole.
            wanted = max(tops.values()) if is_undo else min(tops.values())
            for name in [name for name, deed in tops.items() if deed == wanted]:
                step = source[name].pop()
                target.setdefault(name, []).append(_Step(step.deed, self.now.get(name, _NOTHING)))
                self.now[name] = changed[name] = step.version
        return changed

    def check(self, operation: Undo | Redo) -> None:
        """Raises UsageError when there is nothing to take back or to do again."""
        is_undo = isinstance(operation, Undo)
        source = self._past if is_undo else self._future
        tracks = source if operation.track is None else (operation.track,)
        if not any(source.get(track) for track in tracks):
            word, of = "undo" if is_undo else "redo", f" of {operation.track}" if operation.track else ""
            raise UsageError(f"There is nothing to {word}{of}", hint=f"At most {_MOST_STEPS} steps are kept.")

    def words(self, operation: Remembered, changed: Mapping[str, Version]) -> str:
        """What was just done, as a landing says it."""
        if isinstance(operation, SaveScene | DropScene):
            return f"scene {operation.name} {'saved' if isinstance(operation, SaveScene) else 'deleted'}"
        if isinstance(operation, Recall | NextScene):
            return f"scene {self.scene}"
        if isinstance(operation, Only):
            return "only " + (", ".join(operation.tracks) or "silence")
        return f"{type(operation).__name__.lower()} of {', '.join(changed)}"

    # For a copy

    def catch_up(self, journal: Iterable[tuple[int, Remembered]], deed: int) -> None:
        """Apply what the one that this is a copy of was asked since; it is at `deed` now."""
        known = self.deed
        for number, operation in journal:
            if number > known:
                self.deed = number
                self.apply(operation)
        self.deed = max(self.deed, deed)

    def lanes(self) -> dict[int, Lane]:
        """Every lane that is written down, by number."""
        versions = [*self.now.values()]
        versions += [version for scene in self.scenes.values() for version in scene.values()]
        for steps in (*self._past.values(), *self._future.values()):
            versions += [step.version for step in steps]
        return {version.lane.number: version.lane for version in versions if version.lane is not None}


def check_scene(name: str, scenes: Iterable[str]) -> None:
    """Raises UnknownNameError, with the nearest one, unless there is a scene of that name."""
    names = list(scenes)
    if name in names:
        return
    near = nearest(name, names)
    hint = f"Did you mean {near!r}?" if near else f"There are: {', '.join(names)}." if names else "There is none yet."
    raise UnknownNameError(f"There is no scene {name!r:.80}", hint=hint)
