"""The log of evaluations: each block and key of a session with the moment at which it was carried out.

One file of JSON lines per session in the jam's history folder. The first line has the timeline that the session began
with; each other one `at` (jam time), `cycle` (before which nothing of it landed), `code` and `source`, and of a
command `command`. That is all that is needed to play the session again: see `reevaluation`.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from marmalade_sc.clock.timeline import Timeline
from marmalade_sc.errors import JamError, TimelineError

__all__ = ["Evaluated", "EvaluationLog", "Evaluations", "read_evaluations"]

_PREFIX: Final = "evaluations-"
_MOST_FILES: Final = 16
_LARGEST: Final = 64 << 20


class EvaluationLog:
    """Writes the log of one session; a process that is restarted within the session goes on in its file.

    Args:
        say: takes a sentence when it cannot be written; once, until it can.
    """

    def __init__(self, folder: Path, origin: int, say: Callable[[str], None]) -> None:
        self._path = folder / f"{_PREFIX}{origin}.jsonl"
        self._origin = origin
        self._say = say
        self._is_failing = False

    def begin(self, timeline: Timeline) -> None:
        """Begin the session's file, where it is not there yet; older files beyond 16 go. Blocks for the disk."""
        if self._path.exists():
            return
        self._append({"origin": str(self._origin), "timeline": timeline.to_json()})
        try:
            for path in sorted(self._path.parent.glob(f"{_PREFIX}*.jsonl"), key=_changed, reverse=True)[_MOST_FILES:]:
                path.unlink(missing_ok=True)
        except OSError:
            return

    def note(self, code: str, source: str, facts: Mapping[str, object]) -> None:
        """Write down what has worked. Blocks for the disk."""
        try:
            if self._path.stat().st_size > _LARGEST:
                return
        except OSError:
            pass
        self._append({"code": code, "source": source, **facts})

    def end(self, at: int) -> None:
        """The session ends at jam time `at`, or this process does."""
        self._append({"end": at})

    def _append(self, row: Mapping[str, object]) -> None:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(row, ensure_ascii=False) + "\n")
            self._is_failing = False
        except OSError as error:
            if not self._is_failing:
                self._is_failing = True
                self._say(f"Evaluations cannot be logged to {self._path}: {error.strerror}. The music goes on.")


@dataclass(frozen=True, slots=True)
class Evaluated:
    """One block or command: when it was carried out (jam time), the cycle before which nothing of it landed, and those
    at which its operations did."""

    at: int
    cycle: str | None
    code: str
    source: str
    command: Mapping[str, object] | None = None
    landings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Evaluations:
    """What was evaluated in one session, in order, the timeline that it began with, and its end, where it is known."""

    timeline: Timeline
    rows: tuple[Evaluated, ...]
    end: int | None = None


def read_evaluations(folder: Path) -> Evaluations:
    """The latest session in a jam's history folder in which anything was evaluated.

    Raises:
        JamError: there is none.
    """
    for path in sorted(folder.glob(f"{_PREFIX}*.jsonl"), key=_changed, reverse=True):
        found = _read(path)
        if found is not None and found.rows:
            return found
    raise JamError(f"There is no log of evaluations in {folder}")


def _read(path: Path) -> Evaluations | None:
    timeline: Timeline | None = None
    rows: list[Evaluated] = []
    end: int | None = None
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return None
    for line in lines:
        try:
            row = json.loads(line)
            if timeline is None:
                timeline = Timeline.from_json(row["timeline"])
            elif "end" in row:
                end = int(row["end"])
            elif "at" in row:
                cycle = str(row["cycle"]) if row.get("cycle") is not None else None
                landed = tuple(str(each["cycle"]) for each in row.get("landings") or ())
                code, source = str(row["code"]), str(row["source"])
                rows.append(Evaluated(int(row["at"]), cycle, code, source, row.get("command"), landed))
        except (ValueError, KeyError, TypeError, TimelineError):
            continue  # a line that was cut by a crash
    return Evaluations(timeline, tuple(rows), end) if timeline is not None else None


def _changed(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
