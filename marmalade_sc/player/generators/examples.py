"""The generators that come with Marmalade: at hand by their names, packed as the player's own when first asked for."""

import re
from typing import Final

from marmalade_sc.errors import GeneratorError
from marmalade_sc.generators.archive import read_folder
from marmalade_sc.generators.shelf import Shelf
from marmalade_sc.identity.keys import identity_at
from marmalade_sc.player.base.wiring import Wiring
from marmalade_sc.settings.places import bundled

__all__ = ["example_names", "take_example"]

_NAME: Final = re.compile(r"[a-z][a-z0-9_-]{0,40}")


def example_names() -> list[str]:
    """Their names, sorted; those without a program of their own (written in C) are not among them."""
    try:
        folders = sorted(bundled("generators").iterdir())
    except OSError:
        return []
    return [each.name for each in folders if _NAME.fullmatch(each.name) and (each / "play").is_file()]


def take_example(wiring: Wiring, shelf: Shelf, name: str) -> bool:
    """Pack the example `name`, where the shelf has nothing of that name. Whether it did. Blocks.

    Raises:
        MarmaladeError: it cannot be packed.
    """
    if name not in example_names():
        return False
    try:
        shelf.find(name)
    except GeneratorError:
        identity = identity_at(wiring.settings.path("player.key", wiring.places.key))
        shelf.add(read_folder(bundled("generators") / name), identity, name)
        return True
    return False
