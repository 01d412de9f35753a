"""The code of the full screen, kept over sessions in the player's sets."""

import os
from datetime import datetime
from pathlib import Path

__all__ = ["read_scratch", "write_scratch"]


def read_scratch(path: Path) -> str:
    """The text that was kept; empty where there is none, or where it is no text."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""


def write_scratch(path: Path, text: str, read: str, now: datetime) -> Path | None:
    """Keep `text`. What somebody else (another shell, an editor) wrote meanwhile is renamed aside, not lost.

    Args:
        read: the text as this shell has read or written it last.

    Returns:
        Where the other's text is now, or None.

    Raises:
        OSError: it cannot be written.
    """
    if text == read:
        return None
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = None
    if (there := read_scratch(path)) and there not in (read, text):
        stem = f"{path.stem}-{now:%Y%m%d-%H%M%S}"
        aside = path.with_name(f"{stem}{path.suffix}")
        count = 1
        while aside.exists():
            count += 1
            aside = path.with_name(f"{stem}-{count}{path.suffix}")
        path.rename(aside)
    fresh = path.with_name(f".{path.name}.{os.getpid()}.new")
    fresh.write_text(text, encoding="utf-8", errors="replace")
    fresh.replace(path)
    return aside
