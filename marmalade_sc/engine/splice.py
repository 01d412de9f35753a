"""Splices the pieces of a recording that a death broke: scsynth's while it recorded, or the whole player's.

A piece that was never closed has a header that says nothing of its length; libsndfile then goes by the file's size.
"""

import contextlib
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from marmalade_sc.errors import EngineError

if TYPE_CHECKING:
    from soundfile import SoundFile

__all__ = ["Piece", "piece_path", "rescue", "splice"]

Piece = tuple[Path, float]
"""A file, and the second of the recording at which it begins."""

_BLOCK: Final = 1 << 12
"""Frames read at once: at the torn end of a flac a block that is not whole is lost, at 48 kHz up to 85 ms."""
_PIECE: Final = re.compile(r"\.(?P<name>.+\.(?:wav|flac))(?:\.(?P<number>\d+))?\.part", re.IGNORECASE)


def piece_path(path: Path, number: int) -> Path:
    """Where piece `number` (from 0) of the recording `path` is while it grows."""
    return path.with_name(f".{path.name}.{number + 1}.part" if number else f".{path.name}.part")


def splice(pieces: Sequence[Piece], path: Path) -> None:
    """Write the pieces to one file, each at its second, silence between, and remove them. 24 bits, wav or flac.

    A piece that holds nothing is left out; one that begins before the one ahead of it has ended follows it.

    Raises:
        EngineError: a piece cannot be read or the file cannot be written; the pieces stay then.
    """
    import numpy  # only here: while the engine starts again nothing sounds, and these two take 0.1 s
    import soundfile

    aside = path.with_name(f".{path.name}.whole")
    kind = "FLAC" if path.suffix.lower() == ".flac" else "WAV"
    whole: soundfile.SoundFile | None = None
    try:
        for piece, begins_s in pieces:
            if not piece.stat().st_size:
                continue
            with soundfile.SoundFile(piece) as source:
                if whole is None:
                    whole = soundfile.SoundFile(aside, "w", source.samplerate, source.channels, "PCM_24", format=kind)
                missing = round(begins_s * whole.samplerate) - whole.frames
                while missing > 0:
                    length = min(missing, _BLOCK)
                    whole.write(numpy.zeros((length, whole.channels), dtype="int32"))
                    missing -= length
                for block in _blocks(source):
                    whole.write(block)
        if whole is not None:
            whole.close()
            aside.replace(path)
    except (OSError, RuntimeError) as error:  # soundfile's errors are RuntimeErrors
        left = ", ".join(str(piece) for piece, _ in pieces)
        raise EngineError(f"{path} could not be put together: {error}. What was recorded is in {left}.") from error
    finally:
        if whole is not None:
            whole.close()
        with contextlib.suppress(OSError):
            aside.unlink()
    for piece, _ in pieces:
        piece.unlink(missing_ok=True)


def _blocks(source: "SoundFile") -> Iterator[Any]:
    """All that can be read, as arrays of frames; a torn flac does not know its length and fails where it ends."""
    while True:
        try:
            block = source.read(_BLOCK, dtype="int32", always_2d=True)
        except RuntimeError:
            return
        if not len(block):
            return
        yield block


def rescue(folder: Path) -> list[str]:
    """Put recordings in place that a dead player left in pieces in a folder; what was done, one sentence each.

    Nothing that is there is written over. How long the silence between two pieces was is not known, so there is none.
    """
    found: dict[str, list[tuple[int, Path]]] = {}
    with contextlib.suppress(OSError):
        for path in folder.iterdir():
            if (match := _PIECE.fullmatch(path.name)) and path.is_file() and not path.is_symlink():
                found.setdefault(match["name"], []).append((int(match["number"] or 1), path))
    said = []
    for name, numbered in sorted(found.items()):
        pieces = [path for _, path in sorted(numbered)]
        path = _free(folder / name)
        try:
            splice([(piece, 0.0) for piece in pieces], path)
        except EngineError as error:
            said.append(str(error))
            continue
        if path.exists():
            said.append(f"A recording was cut short when the player was killed; what there was is in {path}.")
    return said


def _free(path: Path) -> Path:
    """The path, or with a number behind its stem where that is taken."""
    number, free = 1, path
    while os.path.lexists(free):
        number += 1
        free = path.with_stem(f"{path.stem}-{number}")
    return free
