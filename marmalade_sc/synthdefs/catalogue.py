"""The synthdefs that there are, by name and alias, as processes read them that never import supriya."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from marmalade_sc.errors import SynthDefError, UnknownNameError, nearest
from marmalade_sc.synthdefs.cache import write_whole
from marmalade_sc.synthdefs.metadata import Definition

__all__ = ["Catalogue", "bundled_folder"]


def bundled_folder() -> Path:
    """The folder of the synthdefs that come with Marmalade: of the wheel, or of the repository."""
    package = Path(__file__).parent.parent
    shared = package / "share" / "synthdefs"
    return shared if shared.is_dir() else package.parent / "synthdefs"


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Definitions by name. A name wins over an alias; of two files that share an alias, the earlier folder's wins.

    Made by `of`, which knows the order; the fields are then consistent.
    """

    definitions: Mapping[str, Definition]
    aliases: Mapping[str, str]

    @classmethod
    def of(cls, definitions: Iterable[Definition]) -> "Catalogue":
        """The catalogue of definitions in falling priority: the first of a name, and of an alias, is taken."""
        by_name: dict[str, Definition] = {}
        aliases: dict[str, str] = {}
        for definition in definitions:
            if definition.name in by_name:
                continue
            by_name[definition.name] = definition
            for alias in definition.aliases:
                aliases.setdefault(alias, definition.name)
        return cls(by_name, {alias: name for alias, name in aliases.items() if alias not in by_name})

    def __iter__(self) -> Iterator[Definition]:
        return iter(self.definitions.values())

    def __len__(self) -> int:
        return len(self.definitions)

    def __contains__(self, name: object) -> bool:
        return name in self.definitions or name in self.aliases

    def find(self, name: str) -> Definition | None:
        """The definition of a name or alias, or None."""
        return self.definitions.get(self.aliases.get(name, name))

    def get(self, name: str) -> Definition:
        """The definition of a name or alias. Raises UnknownNameError with the nearest one."""
        found = self.find(name)
        if found is None:
            near = nearest(name, self.names())
            hint = f"did you mean {near}?" if near else "marmalade lists the names there are with `synths`"
            raise UnknownNameError(f"there is no synthdef {name!r}", hint=hint)
        return found

    def names(self) -> tuple[str, ...]:
        """Every name and alias, sorted."""
        return tuple(sorted({*self.definitions, *self.aliases}))

    def to_json(self) -> str:
        """The catalogue as a JSON list of rows (see docs/synthdefs.md), in order of priority."""
        return json.dumps([definition.to_json() for definition in self], ensure_ascii=False, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> "Catalogue":
        """The catalogue of `to_json`.

        Raises:
            SynthDefError: when the text is not one.
        """
        try:
            rows = json.loads(text)
            if not isinstance(rows, list):
                raise TypeError("not a list")
            return cls.of([Definition.from_json(row) for row in rows])
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            message = f"the catalogue cannot be read: {error!r}"
            raise SynthDefError(message, hint="delete it: it is made anew") from error

    def save(self, path: Path) -> None:
        """Writes `to_json` so that a reader sees the old file or the new one whole."""
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, self.to_json().encode())

    @classmethod
    def load(cls, path: Path) -> "Catalogue":
        """Reads what `save` wrote. Raises OSError when it is not there, SynthDefError when it is damaged."""
        return cls.from_json(path.read_text(encoding="utf-8"))
