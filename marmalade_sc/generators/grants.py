"""What an instance may write beside its own: what its manifest asks for, as far as the user has granted it. Pure."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

from marmalade_sc.generators.trust import ASK, BLOCK, FULL, SANDBOX

__all__ = ["ALL", "NOTHING", "granted", "keys_in"]

ALL: Final = "*"
NOTHING: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {BLOCK: frozenset(), ASK: frozenset(), SANDBOX: frozenset(), FULL: frozenset({ALL})}
)
"""What each level of trust grants by itself, where no setting says otherwise."""


def granted(
    asked: Iterable[str], level: str, own: frozenset[str], by_level: Mapping[str, frozenset[str]] = NOTHING
) -> frozenset[str]:
    """The keys of `asked` that are granted.

    Args:
        level: of trust in the author.
        own: keys granted to the author.
        by_level: keys that a level grants to whoever has it; ALL means whatever is asked for.
    """
    given = by_level.get(level, frozenset())
    return frozenset(key for key in asked if key in own or key in given or ALL in given)


def keys_in(text: str) -> frozenset[str]:
    """Keys that a setting names, between commas or blanks."""
    return frozenset(text.replace(",", " ").split())
