"""Which generators take part in a check or a render, and what surrounds them: by folder, name or example. A wiring."""

import contextlib
import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from marmalade_sc.engine.definitions import Definitions
from marmalade_sc.engine.guests import Guest
from marmalade_sc.engine.trial import Trial
from marmalade_sc.errors import GeneratorError, UsageError
from marmalade_sc.generators.archive import Tree, read_folder
from marmalade_sc.generators.library import library
from marmalade_sc.generators.manifest import Manifest
from marmalade_sc.generators.rehearsal.partner import Surroundings
from marmalade_sc.generators.rehearsal.take import Role
from marmalade_sc.generators.sandbox.probe import probe, why_not
from marmalade_sc.generators.shelf import manifest_of
from marmalade_sc.generators.sounds import sounds_of
from marmalade_sc.generators.sources import unbuilt
from marmalade_sc.generators.trust import FULL
from marmalade_sc.player.base.abandoned import passing
from marmalade_sc.player.generators.shelves import shelf_of
from marmalade_sc.sdk.seeds import track_seed
from marmalade_sc.settings.load import Settings
from marmalade_sc.settings.places import Places, bundled

__all__ = ["Part", "Wish", "brought", "cast", "part_of", "surroundings", "try_out"]

MOST: Final = 64
_FIRST_UID: Final = 740_000
_USERS: Final = 128
_FIRST_BUFFER: Final = 3000
_BUFFERS: Final = 16


@dataclass(frozen=True, slots=True)
class Part:
    """A generator that was found.

    Attributes:
        grants: keys that it may write beside its own.
        where: a folder, or its name.
    """

    tree: Tree
    manifest: Manifest
    grants: frozenset[str]
    where: str


@dataclass(frozen=True, slots=True)
class Wish:
    """Who shall take part, with which controls: `{"drums": {"width": 0.5}}`."""

    names: Sequence[str]
    controls: Mapping[str, Mapping[str, float]]
    seed: int = 0


def part_of(name: str, places: Places, settings: Settings) -> Part:
    """A generator by its folder, by its name among the player's, or among the examples that come with us.

    A folder that is named is one's own to try, and gets what its manifest asks for; an archive must be trusted.

    Raises:
        MarmaladeError: there is none, it may not run, or its files are not what they should be.
    """
    folder = Path(name)
    shelf = shelf_of(places, settings)
    example = bundled("generators") / name
    is_known = any(name in (str(each.id), each.id.name) for each in shelf.all())
    if not folder.is_dir() and not is_known and "/" not in name and (example / "generator.toml").is_file():
        folder = example
    if folder.is_dir():
        if waiting := unbuilt(folder):
            raise GeneratorError(
                f"{folder}/synthdefs/{waiting[0].name} is not compiled",
                hint=f"If the folder is your own: marmalade generator check --build {folder}",
            )
        tree = read_folder(folder)
        tree.entry_point  # noqa: B018  raises where there is none
        manifest = manifest_of(tree, folder.resolve().name)
        return Part(tree, manifest, frozenset(manifest.writes), str(folder))
    found, tree = shelf.open(name)
    grants = found.trusted.grants | (frozenset(found.manifest.writes) if found.trusted.level == FULL else frozenset())
    return Part(tree, found.manifest, grants & frozenset(found.manifest.writes), str(found.id))


def cast(parts: Sequence[Part], wish: Wish) -> list[Role]:
    """The parts with their places: instance `local:<name>:<number>`, a strip of its own each, dice of its own.

    Raises:
        UsageError: there are too many, or a control is set of one that does not take part.
        MarmaladeError: a control does not exist, or it brings sounds that may not be.
    """
    if len(parts) > MOST:
        raise UsageError(f"{len(parts)} generators are too many", hint=f"{MOST} play together at most.")
    names = [part.manifest.name for part in parts]
    for name in wish.controls:
        if name not in names:
            raise UsageError(f"No generator {name!r:.80} takes part", hint=f"There are: {', '.join(names)}.")
    roles = []
    for place, part in enumerate(parts):
        name = names[place]
        number = names[: place + 1].count(name)
        roles.append(
            Role(
                path=f"local:{name}:{number}",
                track=name if number == 1 else f"{name}-{number}",
                tree=part.tree,
                manifest=part.manifest,
                sounds=sounds_of(part.tree),
                controls=part.manifest.settle(wish.controls.get(name, {})),
                seed=track_seed(wish.seed, f"{name}:{number}") & 0x7FFFFFFF,
                grants=part.grants,
            )
        )
    return roles


@contextlib.contextmanager
def surroundings(places: Places, rows: Sequence[Mapping[str, object]]) -> Iterator[Surroundings]:
    """Folders and users for a rehearsal; all is gone when the block ends.

    Raises:
        GeneratorError: the sandbox lacks a layer here; says which and how to get it.
    """
    with passing() as folder:
        uid = None
        if os.geteuid() == 0:  # users of its own: limits of processes are counted by user
            mark = int.from_bytes(hashlib.sha256(os.fsencode(folder)).digest()[:2], "big")
            uid = _FIRST_UID + _USERS * (mark % 1024)
        why = why_not(probe(uid))
        if why:
            raise GeneratorError("Generators cannot run on this machine", hint=f"Missing: {why}.")
        try:
            found = library(places.root / "cache" / "library")
        except OSError as error:
            raise GeneratorError(f"The SDK cannot be laid out: {error}", hint="Choose another --dir.") from error
        yield Surroundings(folder, found, rows, uid)


def try_out(roles: Sequence[Role], trial: Trial) -> dict[str, float]:
    """The share of a core that a voice costs, by synthdef that they bring.

    Raises:
        SynthDefError: one costs too much, or scsynth does not survive it.
    """
    costs = {}
    for role in roles:
        for row, data in zip(role.sounds.rows, role.sounds.compiled, strict=True):
            controls = row["controls"]
            assert isinstance(controls, list)
            costs[str(row["name"])] = trial.check(data, str(row["wall"]), [str(each["name"]) for each in controls])
    return costs


def brought(roles: Sequence[Role], folder: Path) -> tuple[list[Guest], Definitions]:
    """The roles as guests of a dispatcher, and what scsynth must load for them; their sound files lie in `folder`."""
    guests = []
    rows: list[Mapping[str, object]] = []
    compiled: list[bytes] = []
    buffers = []
    for place, role in enumerate(roles):
        own = []
        for number, (_, data, _, _) in enumerate(role.sounds.samples):
            path = folder / f"sample{place}-{number}.wav"
            path.write_bytes(data)
            own.append((_FIRST_BUFFER + _BUFFERS * place + number, path))
        guests.append(Guest(role.key, role.track, tuple(number for number, _ in own)))
        rows += role.sounds.rows
        compiled += role.sounds.compiled
        buffers += own
    return guests, Definitions(tuple(rows), tuple(compiled), tuple(buffers))
