"""Names of jams, players, generators and instances: one pattern each, one parse, one print."""

import re
from dataclasses import dataclass

from marmalade_sc.errors import IdError

__all__ = ["GeneratorId", "PlayerId", "check_name", "is_name"]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_PLAYER = re.compile(r"[A-Za-z0-9+_]{8}(-[A-Za-z0-9+_]{8})?")


def is_name(name: str) -> bool:
    """Whether `check_name` lets it pass."""
    return _NAME.fullmatch(name) is not None


def check_name(name: str, what: str = "name") -> str:
    """`name` itself, if it may name a jam, generator, instance or track.

    Args:
        what: the kind of thing, for the message.

    Raises:
        IdError: it is not 1 to 64 letters, digits, `_` or `-`, the first a letter or digit. Redis ACLs read
            their patterns as globs and folders are made of names, so nothing else may ever pass.
    """
    if isinstance(name, str) and _NAME.fullmatch(name):
        return name
    raise IdError(
        f"{name!r:.80} cannot name {'an' if what[0] in 'aeiou' else 'a'} {what}",
        hint="Use 1 to 64 letters, digits, '_' or '-', starting with a letter or a digit.",
    )


@dataclass(frozen=True, slots=True)
class PlayerId:
    """The short name of a player: 8 characters of its key's SHA256 fingerprint, 8 more where two clash."""

    text: str

    @classmethod
    def parse(cls, text: str) -> "PlayerId":
        """Raises IdError unless `text` is `[A-Za-z0-9+_]{8}`, optionally followed by `-` and 8 more."""
        if isinstance(text, str) and _PLAYER.fullmatch(text):
            return cls(text)
        raise IdError(f"{text!r:.80} is not a player ID", hint="A player ID has 8 characters of A-Z a-z 0-9 + _.")

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class GeneratorId:
    """A generator by its author and name, printed as `<player ID>:<name>`."""

    player: PlayerId
    name: str

    @classmethod
    def parse(cls, text: str) -> "GeneratorId":
        """Raises IdError for anything but `<player ID>:<name>`."""
        player, colon, name = text.partition(":")
        if not colon:
            raise IdError(f"{text!r:.80} is not a generator ID", hint="Write <player ID>:<generator name>.")
        return cls(PlayerId.parse(player), check_name(name, "generator"))

    def __str__(self) -> str:
        return f"{self.player}:{self.name}"
