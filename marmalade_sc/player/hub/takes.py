"""Where a recording goes: a take that is there is never written over by the next."""

from itertools import count
from pathlib import Path
from typing import Final

from marmalade_sc.errors import UsageError

__all__ = ["take_path"]

_KINDS: Final = (".wav", ".flac")


def take_path(folder: Path, name: str, replace: bool = False) -> Path:
    """The file for a recording called `name`: `take.wav`, or `take-2.wav` where that is there.

    Args:
        folder: of recordings whose name is no full path.
        name: ends with .wav or .flac; .wav where it ends with nothing.
        replace: whether a file that is there is written over.

    Raises:
        UsageError: it ends with something else.
    """
    path = folder / Path(name).expanduser()
    if not path.suffix:
        path = path.with_name(f"{path.name}.wav")
    if path.suffix.lower() not in _KINDS:
        raise UsageError(f"{path.name} is neither wav nor flac", hint=f'Write "{path.stem}.wav" or "{path.stem}.flac".')
    if replace or not path.exists():
        return path
    others = (path.with_name(f"{path.stem}-{number}{path.suffix}") for number in count(2))
    return next(each for each in others if not each.exists())
