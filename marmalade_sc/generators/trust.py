"""Who may run what: `players/<ID>.toml` says how far a player is trusted, and what its generators may write besides."""

import contextlib
import os
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from marmalade_sc.errors import GeneratorError, IdentityError
from marmalade_sc.identity.keys import PublicKey
from marmalade_sc.ids import PlayerId

__all__ = ["ASK", "BLOCK", "FULL", "LEVELS", "SANDBOX", "Trust", "Trusted"]

BLOCK: Final = "block"
ASK: Final = "ask"
SANDBOX: Final = "sandbox"
FULL: Final = "full"
LEVELS: Final = (BLOCK, ASK, SANDBOX, FULL)
"""block: nothing of theirs; ask: not before you say so; sandbox: runs, in its sandbox; full: gets what it asks for."""


@dataclass(frozen=True, slots=True)
class Trusted:
    """What is known of a player.

    Attributes:
        key: its whole public key, once seen.
        level: of LEVELS.
        grants: keys of the state that its generators may write besides their own.
        accepted: hashes of unsigned versions that the user has let in.
    """

    key: PublicKey | None = None
    level: str = ASK
    grants: frozenset[str] = frozenset()
    accepted: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Trust:
    """The files in the folder `root`; `own` is the player's own key, trusted to run in its sandbox."""

    root: Path
    own: PublicKey
    _known: dict[Path, tuple[tuple[int, int, int], Trusted]] = field(default_factory=dict, compare=False, repr=False)

    def of(self, player: PlayerId) -> Trusted:
        """What is known of `player`; `ask` for one that nobody has seen.

        Raises:
            GeneratorError: its file says what cannot be.
        """
        found = self._read(player)
        if self.own.is_named(player):
            return Trusted(self.own, found.level if found.level != ASK else SANDBOX, found.grants, found.accepted)
        return found

    def keep(self, player: PlayerId, trusted: Trusted) -> None:
        """Write down what is known of a player.

        Raises:
            IdentityError: its file has another key: two keys may have one short name.
            GeneratorError: it cannot be written.
        """
        before = self._read(player)
        if before.key is not None and trusted.key is not None and before.key != trusted.key:
            raise IdentityError(
                f"{player} is another key than the one in players/{player}.toml",
                hint=f"Its long name is {trusted.key.long_player}.",
            )
        lines = [f'key = "{trusted.key or before.key}"'] if trusted.key or before.key else []
        lines.append(f'trust = "{trusted.level}"')
        for name, values in (("grants", trusted.grants), ("accepted", trusted.accepted)):
            if values:
                lines.append(f"{name} = [{', '.join(f'{chr(34)}{each}{chr(34)}' for each in sorted(values))}]")
        path = self._path(player)
        aside = path.with_name(f"{path.name}.{os.getpid()}.part")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            aside.write_text("\n".join(lines) + "\n", encoding="utf-8")
            aside.replace(path)
        except OSError as error:
            raise GeneratorError(f"{path} cannot be written: {error.strerror}") from error
        finally:
            aside.unlink(missing_ok=True)

    def _read(self, player: PlayerId) -> Trusted:
        """From the file as it is now; one that has not changed is not read again: this is asked often, and of all."""
        path = self._path(player)
        try:
            stat = path.stat()
            stamp = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
            before = self._known.get(path)
            if before is None or before[0] != stamp:
                before = self._known[path] = (stamp, self._parsed(player, path))
        except FileNotFoundError:
            return Trusted()
        except OSError as error:
            raise GeneratorError(f"{path} cannot be read: {error}", hint="Mend it, or remove it.") from error
        return before[1]

    @staticmethod
    def _parsed(player: PlayerId, path: Path) -> Trusted:
        try:
            table = tomllib.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return Trusted()
        except (OSError, ValueError) as error:
            raise GeneratorError(f"{path} cannot be read: {error}", hint="Mend it, or remove it.") from error
        level, key = table.get("trust", ASK), None
        if level not in LEVELS:
            raise GeneratorError(f"{path} has the trust {level!r:.40}", hint=f"It is one of {', '.join(LEVELS)}.")
        with contextlib.suppress(KeyError):
            key = PublicKey.parse(str(table["key"]))
        if key is not None and not key.is_named(player):
            raise IdentityError(f"{path} has the key of {key.player}", hint="Mend it, or remove it.")
        grants, accepted = (table.get(name, []) for name in ("grants", "accepted"))
        if not all(isinstance(each, list) and all(isinstance(one, str) for one in each) for each in (grants, accepted)):
            raise GeneratorError(f"{path}: grants and accepted are lists of text")
        return Trusted(key, level, frozenset(grants), frozenset(accepted))

    def _path(self, player: PlayerId) -> Path:
        return self.root / f"{player}.toml"
