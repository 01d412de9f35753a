"""Sets on disk: what plays, saved under a name, and found again."""

import hashlib
import re
from datetime import UTC, datetime
from pathlib import Path

from marmalade_sc.errors import UnknownNameError, UsageError, nearest
from marmalade_sc.ids import check_name, is_name
from marmalade_sc.player.base.files import write_whole

__all__ = ["BUNDLED", "generator_names", "jam_names", "read_set", "save_set", "set_names"]

BUNDLED = Path(__file__).resolve().parents[2] / "share" / "sets"
"""Sets that come with Marmalade: those of a player go before them."""

_HEADER = re.compile(r"# A set of Marmalade, saved \S+, ([0-9a-f]{16})\n")
"""The first line of a file that was saved: when, and of what; so that a file that somebody has changed is known."""


def generator_names(folder: Path) -> list[str]:
    """The names of the generators whose archives, `<player ID>:<name>.tgz`, are in a folder, sorted."""
    try:
        return sorted({path.stem.rpartition(":")[2] for path in folder.glob("*.tgz")})
    except OSError:
        return []


def jam_names(folder: Path) -> list[str]:
    """The names of the jams in a folder, sorted."""
    try:
        return sorted(path.name for path in folder.iterdir() if is_name(path.name) and path.is_dir())
    except OSError:
        return []


def set_names(folder: Path) -> list[str]:
    """The names of the sets that can be loaded: those in a folder and the bundled ones, sorted."""
    return sorted({name for each in (folder, BUNDLED) for name in _names_in(each)})


def _names_in(folder: Path) -> list[str]:
    try:
        return [path.stem for path in folder.glob("*.py") if is_name(path.stem) and path.is_file()]
    except OSError:
        return []


def read_set(folder: Path, name: str) -> str:
    """The code of a set: the one in the folder, else the bundled one of that name.

    Raises:
        IdError: it is no name for a set.
        UnknownNameError: there is none of that name; names the nearest.
        UsageError: it cannot be read.
    """
    mine = folder / f"{check_name(name, 'set')}.py"
    bundled = BUNDLED / mine.name
    path = bundled if bundled.is_file() and not mine.exists() else mine
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        there = set_names(folder)
        near = nearest(name, there)
        hint = f"Did you mean {near!r}?" if near else f"There are {', '.join(there[:8])}; sets are files in {folder}."
        raise UnknownNameError(f"There is no set {name!r}", hint=hint) from None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"The set {path} cannot be read: {error}") from error


def save_set(folder: Path, name: str, code: str, now: datetime, replace: bool = False) -> str:
    """Write a set, whole or not at all; what to say of it.

    A file that was saved here before and not touched since is written over. One that somebody wrote or changed is
    left alone, unless `replace`: then it is kept beside it, as `<name>.py~`.

    Raises:
        IdError: it is no name for a set.
        UsageError: a file of somebody's is in the way, or it cannot be written.
    """
    path = folder / f"{check_name(name, 'set')}.py"
    said = f"saved {path}"
    try:
        if path.exists() or path.is_symlink():
            if _is_ours(path):
                said = f"saved {path} over what was saved there before"
            elif not replace:
                raise UsageError(
                    f"{path} was written or changed by hand and is not written over",
                    hint=f'Choose another name. save("{name}", replace=True) keeps the old one as {name}.py~.',
                )
            else:
                path.replace(path.with_name(path.name + "~"))
                said = f"saved {path}; the one that was there is {path.name}~"
        stamp = now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        write_whole(path, f"# A set of Marmalade, saved {stamp}, {_digest(code)}\n{code}")
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}", hint="Make room there.") from error
    return said


def _is_ours(path: Path) -> bool:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return False
    header = _HEADER.match(text)
    return header is not None and header[1] == _digest(text[header.end() :])


def _digest(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()[:16]
