"""A track's pattern packed as a generator of one's own: its program and the synthdefs that it plays, signed."""

import shutil
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from marmalade_sc.errors import UsageError
from marmalade_sc.generators.shelf import Generator, Shelf
from marmalade_sc.identity.keys import identity_at
from marmalade_sc.ids import check_name
from marmalade_sc.player.base.wiring import Wiring
from marmalade_sc.player.generators.shelves import shelf_of
from marmalade_sc.player.generators.workbench import read_work
from marmalade_sc.player.sounds.content import read_banks
from marmalade_sc.settings.places import bundled
from marmalade_sc.synthdefs.catalogue import Catalogue

__all__ = ["answers", "share"]

_DIGITS: Final = "0123456789"


def share(wiring: Wiring, name: str, program: str, words: Iterable[str]) -> Generator:
    """Pack a program under a name; a version more where there is one. Blocks: synthdefs are compiled.

    Args:
        words: what it may name; synthdefs of one's own among them travel with it.

    Raises:
        UsageError: something that it plays cannot travel.
        MarmaladeError: it cannot be packed.
    """
    check_name(name, "generator")
    said = frozenset(words)
    banks = [bank.name for bank in read_banks(wiring.banks)[0] if bank.name in said]
    if banks:
        raise UsageError(
            f"The samples {', '.join(banks)} cannot travel", hint="Play a synthdef, or give the others the folder."
        )
    sources = _own_synthdefs(wiring, said)
    identity = identity_at(wiring.settings.path("player.key", wiring.places.key))
    shelf = shelf_of(wiring.places, wiring.settings)
    with tempfile.TemporaryDirectory(prefix="share-", dir=wiring.places.runtime) as scratch:
        folder = Path(scratch) / name
        folder.mkdir()
        _write(folder, name, _version(shelf, f"{identity.player}:{name}"), program, sources)
        return shelf.add(read_work(folder), identity, name)


def answers(players: object) -> str:
    """What the players that were told have answered, in words: `ann (Ab12Cd34) started, Ef56Gh78 pending`."""
    rows = [each for each in players if isinstance(each, Mapping)] if isinstance(players, list) else []
    said = [f"{each.get('title', each.get('id'))} {each.get('status')}" for each in rows]
    return ", ".join(said) or "nobody else is here"


def _own_synthdefs(wiring: Wiring, words: frozenset[str]) -> list[Path]:
    """Files of the synthdefs among the words that are not bundled, and so not everywhere."""
    everywhere = bundled("synthdefs").resolve()
    found = []
    for definition in Catalogue.load(wiring.catalogue):
        file = Path(definition.file)
        if words & {definition.name, *definition.aliases} and file.resolve().parent != everywhere:
            found.append(file)
    return found


def _version(shelf: Shelf, generator: str) -> str:
    """The next whole number; versions of one name only ever grow."""
    older = [each.manifest.version for each in shelf.all() if str(each.id) == generator]
    number = older[0].partition(".")[0] if older else ""
    return str(int(number) + 1 if number and set(number) <= set(_DIGITS) else 1)


def _write(folder: Path, name: str, version: str, program: str, synthdefs: list[Path]) -> None:
    (folder / "generator.toml").write_text(
        f'name = "{name}"\nversion = "{version}"\ntitle = "{name}, shared from a shell"\n\n[needs]\n'
        'programs = ["python3"]\n',
        encoding="utf-8",
    )
    play = folder / "play"
    play.write_text(program, encoding="utf-8")
    play.chmod(0o755)
    if synthdefs:
        (folder / "synthdefs").mkdir()
        for file in synthdefs:
            shutil.copyfile(file, folder / "synthdefs" / file.name)
