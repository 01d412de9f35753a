"""Where the user is in the tutorial, kept in the player directory."""

import contextlib
import json
from pathlib import Path

from marmalade_sc.synthdefs.cache import write_whole

__all__ = ["TutorialFile"]


class TutorialFile:
    """The lesson that was shown last, in a file that is always whole.

    After a crash the live host evaluates again what the user had evaluated since the player started, `tutorial.next()`
    among it. So the file also has the lesson with which that began: the same moves then lead to the same lesson.

    Args:
        origin: of jam time; another one is another start of the player.
    """

    def __init__(self, path: Path, origin: int) -> None:
        self._path = path
        self._origin = str(origin)
        kept = self._read()
        is_same = kept.get("origin") == self._origin
        self._began = _lesson(kept.get("began" if is_same else "lesson"))
        self._lesson = self._began

    @property
    def lesson(self) -> int:
        """The lesson, from 1."""
        return self._lesson

    @lesson.setter
    def lesson(self, number: int) -> None:
        self._lesson = number
        state = {"lesson": number, "began": self._began, "origin": self._origin}
        with contextlib.suppress(OSError):  # a full disk must not keep anybody from a lesson
            write_whole(self._path, json.dumps(state).encode())

    def _read(self) -> dict[str, object]:
        try:
            found = json.loads(self._path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}


def _lesson(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 1000 else 1
