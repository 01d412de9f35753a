"""The text of a score that code names by its file."""

from pathlib import Path

from marmalade_sc.errors import UsageError

__all__ = ["score_text"]


def score_text(name: str) -> str:
    """What the file holds. Raises UsageError: it cannot be read."""
    try:
        return Path(name).expanduser().read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{name} cannot be read: {error}", hint="Write the score's text instead.") from error
