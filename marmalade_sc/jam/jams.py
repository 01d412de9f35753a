"""The jams of a player directory: made, listed, chosen, put away, deleted."""

import json
import os
import secrets
import shutil
import tarfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from marmalade_sc.errors import IdError, JamError, UnknownNameError, nearest
from marmalade_sc.ids import check_name
from marmalade_sc.settings.places import Places

__all__ = ["Jam", "Jams"]


@dataclass(frozen=True, slots=True)
class Jam:
    """A jam on disk. `id` is random, 128 bits in hex, and tells jams of one name apart; `size` is in bytes."""

    name: str
    id: str
    created: str
    size: int
    is_current: bool


@dataclass(frozen=True, slots=True)
class Jams:
    """The jams under `places`. `otherwise` is the current one where none was chosen (the setting `jam.name`)."""

    places: Places
    otherwise: str = "home"

    @property
    def current(self) -> str:
        """The jam that the player plays, or will play when it starts.

        Raises:
            IdError: the setting `jam.name` is no name.
        """
        try:
            chosen = self._choice.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            chosen = ""
        try:
            return check_name(chosen, "jam")
        except IdError:
            return check_name(self.otherwise, "jam")

    def make(self, name: str, now: datetime, number: str = "") -> Jam:
        """The jam `name`, made where it is not there yet.

        Args:
            number: the id of a jam that others play already; a new one where it is empty.

        Raises:
            IdError: no name for a jam.
            JamError: the folder cannot be made, or the jam of that name is another one than is meant.
        """
        jam = self.places.jam(name)
        try:
            for folder in (jam.redis, jam.history):
                folder.mkdir(parents=True, exist_ok=True)
            if not self._facts(name).exists():
                facts = {
                    "name": name,
                    "id": number or secrets.token_hex(16),
                    "created": now.astimezone(UTC).isoformat(),
                }
                _write(self._facts(name), json.dumps(facts) + "\n")
        except OSError as error:
            raise JamError(
                f"The jam {name} cannot be made in {jam.root}: {error.strerror}. Make room there."
            ) from error
        found = self.get(name)
        if number and found.id != number:
            raise JamError(
                f"There is another jam called {name} here. Put it away first: `marmalade jam archive {name}`."
            )
        return found

    def get(self, name: str) -> Jam:
        """The jam `name`.

        Raises:
            IdError: no name for a jam.
            UnknownNameError: there is none; names the nearest one.
        """
        root = self.places.jam(name).root
        if not root.is_dir():
            close = nearest(name, self.names())
            hint = f"Did you mean {close!r}?" if close else "`marmalade jam list` lists them."
            raise UnknownNameError(f"There is no jam {name!r}.", hint=hint)
        try:
            facts = json.loads(self._facts(name).read_text(encoding="utf-8"))
            jam_id, created = str(facts["id"]), str(facts["created"])
        except (OSError, ValueError, KeyError, TypeError):
            jam_id = created = ""
        return Jam(name, jam_id, created, _size(root), name == self.current)

    def names(self) -> list[str]:
        """The names of all jams, sorted. Folders whose names no jam may have are not ours and left out."""
        found = []
        for folder in sorted(self.places.jams.iterdir() if self.places.jams.is_dir() else []):
            try:
                if folder.is_dir():
                    found.append(check_name(folder.name, "jam"))
            except IdError:
                continue
        return found

    def all(self) -> list[Jam]:
        """All jams by name."""
        return [self.get(name) for name in self.names()]

    def choose(self, name: str) -> None:
        """Make `name` the current jam.

        Raises:
            IdError, UnknownNameError: as for `get`.
            JamError: it cannot be written down.
        """
        self.get(name)
        try:
            _write(self._choice, name + "\n")
        except OSError as error:
            raise JamError(f"{self._choice} cannot be written: {error.strerror}. Make room there.") from error

    def archive(self, name: str, now: datetime) -> Path:
        """Put the jam away as `archive/<name>-<time>.tar.gz` and remove its folder. Not for one that plays.

        Raises:
            IdError, UnknownNameError: as for `get`.
            JamError: it cannot be written; then the jam is left as it was.
        """
        self.get(name)
        root = self.places.jam(name).root
        target = self.places.archive / f"{name}-{now.astimezone(UTC):%Y%m%dT%H%M%SZ}.tar.gz"
        aside = target.with_name(target.name + ".part")
        try:
            self.places.archive.mkdir(exist_ok=True)
            with tarfile.open(aside, "w:gz") as tar:
                tar.add(root, arcname=name)
            os.link(aside, target)
        except FileExistsError as error:
            raise JamError(f"{target} is already there. Wait a second, or move it away.") from error
        except OSError as error:
            raise JamError(f"{target} cannot be written: {error.strerror}. Make room there.") from error
        finally:
            aside.unlink(missing_ok=True)
        self._remove(name)
        return target

    def delete(self, name: str) -> None:
        """Remove the jam with everything in it. Not for one that plays.

        Raises:
            IdError, UnknownNameError: as for `get`.
            JamError: something in it cannot be removed.
        """
        self.get(name)
        self._remove(name)

    def _remove(self, name: str) -> None:
        root = self.places.jam(name).root
        try:
            shutil.rmtree(root)
        except OSError as error:
            raise JamError(f"{root} cannot be removed whole: {error}. Remove the rest by hand.") from error
        if self._choice.exists() and self.current == name:
            self._choice.unlink(missing_ok=True)

    def _facts(self, name: str) -> Path:
        return self.places.jam(name).root / "jam.json"

    @property
    def _choice(self) -> Path:
        return self.places.root / "current-jam"


def _size(root: Path) -> int:
    total = 0
    for folder, _, names in os.walk(root):
        for name in names:
            try:
                total += (Path(folder) / name).lstat().st_size
            except OSError:
                continue
    return total


def _write(path: Path, text: str) -> None:
    aside = path.with_name(path.name + ".part")
    try:
        aside.write_text(text, encoding="utf-8")
        aside.replace(path)
    except OSError:
        aside.unlink(missing_ok=True)
        raise
