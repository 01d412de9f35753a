"""What the user calls other players, here only: by whole key, and always shown beside the name that follows from it."""

import contextlib
import json
import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from marmalade_sc.errors import GeneratorError, UsageError
from marmalade_sc.identity.keys import PublicKey
from marmalade_sc.player.base.directory import written_aside

__all__ = ["Nicknames"]

_NICKNAME: Final = re.compile(r"[^\W_][\w-]{0,23}")
"""Letters of any script, digits, `_` and `-`: nothing that a terminal would obey."""
_MOST: Final = 1000


class Nicknames:
    """Those in the file `path`. What cannot be read there is nobody's nickname."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._names: dict[str, str] = {}
        with contextlib.suppress(OSError, ValueError, AttributeError):
            found = json.loads(path.read_text(encoding="utf-8"))
            self._names = {key: name for key, name in found.items() if _is_nickname(name)}

    def of(self, key: PublicKey) -> str:
        """What a key is called; "" where that is nothing."""
        return self._names.get(str(key), "")

    def key(self, nickname: str) -> PublicKey | None:
        """Who is called so, letter by letter."""
        return next((PublicKey.parse(key) for key, name in self._names.items() if name == nickname), None)

    def title(self, key: PublicKey, name: str) -> str:
        """A key for people, whose name is `name`."""
        nickname = self.of(key)
        return f"{nickname} ({name})" if nickname else name

    def keep(self, key: PublicKey, nickname: str, taken: Iterable[str]) -> None:
        """Call a key so from now on; "" takes it back.

        Args:
            taken: names that must not be confused with it.

        Raises:
            UsageError: it cannot be one, or it is another's.
            GeneratorError: it cannot be written, or there are too many.
        """
        if nickname and not _is_nickname(nickname):
            raise UsageError(f"{nickname!r:.60} is no nickname", hint="Use 1 to 24 letters and digits of any script.")
        others = {name for each, name in self._names.items() if each != str(key)}
        if _folded(nickname) in map(_folded, {*others, *taken}):
            raise UsageError(f"{nickname!r} is another player's here", hint="Choose another one.")
        names = {each: name for each, name in self._names.items() if each != str(key)}
        if nickname:
            names[str(key)] = nickname
        if len(names) > _MOST:
            raise GeneratorError(f"{_MOST} players have nicknames", hint="Take some back first.")
        self._write(names)

    def move(self, old: PublicKey, new: PublicKey) -> bool:
        """What the old key was called the new one is, unless it is called something already. Whether it is."""
        nickname = self.of(old)
        if not nickname or self.of(new):
            return False
        names = {each: name for each, name in self._names.items() if each != str(old)}
        try:
            self._write({**names, str(new): nickname})
        except GeneratorError:
            return False  # without a disk its name says who it is
        return True

    def _write(self, names: dict[str, str]) -> None:
        """Raises GeneratorError."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            written_aside(self._path, json.dumps(names, indent=1) + "\n")
        except OSError as error:
            raise GeneratorError(f"{self._path} cannot be written: {error.strerror}") from error
        self._names = names


def _is_nickname(name: object) -> bool:
    return isinstance(name, str) and name.isprintable() and _NICKNAME.fullmatch(name) is not None


def _folded(name: str) -> str:
    """As it is read at a glance."""
    return unicodedata.normalize("NFKC", name).casefold()
