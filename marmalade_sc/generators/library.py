"""What Python generators may import: the SDK and what it stands on, copied aside and compiled, without the rest of us.

A sandbox sees only this folder. Compiled ahead a start is some 40 ms faster, and nothing inside can write the caches.
"""

import compileall
import hashlib
import os
import py_compile
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

__all__ = ["SDK", "library"]

SDK: Final = ("__init__.py", "errors.py", "ids.py", "clock", "patterns", "sdk", "scores")


def library(cache: Path, parts: Sequence[str] = SDK) -> Path:
    """The folder to put on Python's path inside, made where it is not there yet or the code has changed. Blocks.

    Args:
        cache: a folder for these parts alone: older versions in it go.
        parts: modules and packages of ours.

    Raises:
        OSError: it cannot be written.
    """
    package = Path(__file__).resolve().parent.parent
    files = sorted(path for part in parts for path in _modules(package / part))
    mark = hashlib.sha256()
    for path in files:
        status = path.stat()
        mark.update(f"{path.relative_to(package)} {status.st_mtime_ns} {status.st_size}\n".encode())
    target = cache / mark.hexdigest()[:16]
    if target.is_dir():
        return target
    cache.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix=".part-", dir=cache))
    try:
        for path in files:
            copy = aside / "marmalade_sc" / path.relative_to(package)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(path.read_bytes())
        # By hash and unchecked: neither times nor folders have to agree with those that the sandbox shows.
        compileall.compile_dir(
            aside, quiet=2, invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH, stripdir=str(aside)
        )
        for folder, _, names in os.walk(aside):
            Path(folder).chmod(0o755)
            for name in names:
                (Path(folder) / name).chmod(0o644)
        for old in cache.iterdir():
            if old != aside and not old.name.startswith(".part-"):
                shutil.rmtree(old, ignore_errors=True)
        aside.rename(target)
    except OSError:
        shutil.rmtree(aside, ignore_errors=True)
        if not target.is_dir():
            raise
    return target


def _modules(folder: Path) -> list[Path]:
    if folder.suffix == ".py":
        return [folder]
    return [path for path in folder.rglob("*.py") if "__pycache__" not in path.parts]
