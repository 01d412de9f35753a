"""The synthdefs of a generator of one's own, from their Python to what travels: `synthdefs/NAME.py` to `NAME.scsyndef`.

This runs the author's code outside of any sandbox, in a child with limits: it is for whoever packs the folder under
their own name. Nothing of a stranger's is ever built.
"""

import math
import os
from pathlib import Path
from typing import Final

from marmalade_sc.errors import SynthDefError
from marmalade_sc.synthdefs.cache import write_whole

__all__ = ["build_sources", "unbuilt"]

_FOLDER: Final = "synthdefs"
_LONGEST: Final = 1 << 20
_MIXED_S: Final = 5.0


def unbuilt(folder: Path) -> list[Path]:
    """The sources whose compiled form is missing, or clearly older: a copy or a checkout mixes their times a little."""
    return [path for path in _sources(folder) if _age_s(path) > _MIXED_S]


def build_sources(folder: Path) -> list[Path]:
    """Compile what is not compiled yet; returns the files that were written. Blocks for 0.5 s where there is any.

    Raises:
        SynthDefError: a source does not build, with its line; or cannot be read or written.
    """
    waiting = [path for path in _sources(folder) if _age_s(path) != 0]
    if not waiting:
        return []
    from marmalade_sc.synthdefs import compile as _warm  # noqa: F401  the child is forked with supriya imported
    from marmalade_sc.synthdefs.build import Limits, build_in_child

    written = []
    for path in waiting:
        try:
            stamp = path.stat().st_mtime_ns
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise SynthDefError(f"{path.name} cannot be read: {error}") from error
        if not text.strip() or len(text) > _LONGEST:
            raise SynthDefError(f"{path.name} holds no synthdef", hint="One file has one function under @synthdef().")
        built = build_in_child(text, path, Limits())
        target = path.with_suffix(".scsyndef")
        try:
            write_whole(target, built.data)
            os.utime(target, ns=(stamp, stamp))  # of the very text that was built
        except OSError as error:
            raise SynthDefError(f"{target} cannot be written: {error.strerror}") from error
        written.append(target)
    return written


def _sources(folder: Path) -> list[Path]:
    return [path for path in sorted((folder / _FOLDER).glob("*.py")) if not path.name.startswith((".", "_"))]


def _age_s(source: Path) -> float:
    """How much older the compiled form is; 0 where it is of this very text, infinite where it is missing."""
    try:
        compiled = source.with_suffix(".scsyndef").stat().st_mtime_ns
        return (source.stat().st_mtime_ns - compiled) / 1e9
    except OSError:
        return math.inf
