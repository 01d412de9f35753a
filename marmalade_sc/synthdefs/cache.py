"""The builds kept on disk, by the text they came from: a start that finds them needs no supriya.

    <folder>/<key>.json           one definition, or one error that the text gives
    <folder>/<hash>.scsyndef      all variants of a definition, as one SCgf file

Files are written aside and renamed, so a reader sees a whole one or none, and two writers do no harm.
"""

import contextlib
import hashlib
import importlib.util
import json
import os
from pathlib import Path

from marmalade_sc.synthdefs.metadata import Definition

__all__ = ["Cache", "framework_version", "source_key", "write_whole"]

#: Builds that are kept; the oldest go first. 200 saves of one file stay undoable.
_KEPT = 1000
#: The modules whose text decides what is compiled.
_DECIDING = ("authoring.py", "checks.py", "compile.py", "metadata.py", "scgf.py")


def framework_version() -> str:
    """What a build depends on beside its own text: this framework's modules and supriya's version, as one hash.

    Reads a few small files; imports nothing.
    """
    digest = hashlib.sha256()
    here = Path(__file__).parent
    for name in _DECIDING:
        digest.update((here / name).read_bytes())
    found = importlib.util.find_spec("supriya")  # finds the package without importing it
    if found is not None and found.origin is not None:
        with contextlib.suppress(OSError):
            digest.update((Path(found.origin).parent / "_version.py").read_bytes())
    return digest.hexdigest()


def source_key(source: bytes, stem: str, version: str) -> str:
    """The cache's key of a synthdef file's text, under `framework_version()`; the file's name decides, too."""
    return hashlib.sha256(version.encode() + b"\0" + stem.encode() + b"\0" + source).hexdigest()[:32]


def write_whole(path: Path, data: bytes) -> None:
    """Writes a file so that no reader ever sees a part of it."""
    aside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        aside.write_bytes(data)
        aside.replace(path)
    except OSError:
        aside.unlink(missing_ok=True)
        raise


class Cache:
    """Builds on disk under one folder, which is made when the first is put. May block on the disk."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def get(self, key: str) -> Definition | None:
        """The definition built from that text, when it and its bytes are there."""
        try:
            row = json.loads((self.folder / f"{key}.json").read_text(encoding="utf-8"))
            definition = Definition.from_json(row)
        except (OSError, ValueError, KeyError, TypeError):
            return None  # missing or damaged: it is built again
        return definition if self.data_path(definition).is_file() else None

    def put(self, key: str, definition: Definition, data: bytes) -> None:
        """Keeps a build. Raises OSError when the disk refuses."""
        self.folder.mkdir(parents=True, exist_ok=True)
        write_whole(self.data_path(definition), data)
        row = json.dumps(definition.to_json(), ensure_ascii=False, allow_nan=False)
        write_whole(self.folder / f"{key}.json", row.encode())

    def data_path(self, definition: Definition) -> Path:
        """Where the compiled bytes of a definition are: one file for `/d_recv` or `/d_load`, all variants."""
        return self.folder / f"{definition.hash}.scsyndef"

    def data(self, definition: Definition) -> bytes:
        """The compiled bytes of a definition. Raises OSError when they are gone."""
        return self.data_path(definition).read_bytes()

    def prune(self, used: frozenset[str]) -> int:
        """Deletes the oldest builds beyond 1000, never bytes whose hash is in `used`; returns how many files went."""
        gone = 0
        for pattern in ("*.json", "*.scsyndef"):
            dated = []
            for path in self.folder.glob(pattern):
                with contextlib.suppress(OSError):
                    dated.append((path.stat().st_mtime_ns, path))
            for _, path in sorted(dated)[: max(0, len(dated) - _KEPT)]:
                if path.stem not in used and path.name != "catalogue.json":
                    path.unlink(missing_ok=True)
                    gone += 1
        return gone
