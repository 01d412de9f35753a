"""What is known of a job, read from its hash in the job Redis as anybody's: without escape sequences. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, cast, get_args

__all__ = ["CANCELLED", "DEAD", "DONE", "FAILED", "OPEN", "Record", "State", "clean", "read_record", "readable"]

State = Literal["open", "done", "failed", "dead", "cancelled"]
OPEN: Final = "open"
DONE: Final = "done"
FAILED: Final = "failed"
"""By its own fault: trying again would not help."""
DEAD: Final = "dead"
"""Given up after many tries: on the list of the dead, where it can be taken up again."""
CANCELLED: Final = "cancelled"


@dataclass(frozen=True, slots=True)
class Record:
    """What is known of a job.

    Attributes:
        job: as its author wrote it.
        outcomes: by step, as its worker wrote it.
        progress: share (0 to 1) of each step that was begun.
        tries: how often each step was begun.
        endings: how often it was finished: never more than once, but for jobs that were taken up again.
        running: the step that was begun last.
    """

    id: str
    job: str
    state: State
    made_ms: int
    ended_ms: int | None = None
    error: str = ""
    outcomes: Mapping[str, str] = field(default_factory=dict)
    progress: Mapping[str, float] = field(default_factory=dict)
    tries: Mapping[str, int] = field(default_factory=dict)
    endings: int = 0
    running: str = ""

    @property
    def is_open(self) -> bool:
        """Whether it is still to be done."""
        return self.state == OPEN


def read_record(id: str, found: Mapping[bytes, bytes]) -> Record:
    """A job from its hash. Raises ValueError or KeyError where nobody of ours has written that."""
    row = {name.decode(): value.decode() for name, value in found.items()}

    def part(prefix: str) -> dict[str, str]:
        return {name.removeprefix(prefix): value for name, value in row.items() if name.startswith(prefix)}

    return Record(
        id,
        row["job"],
        _state(row["state"]),
        int(row.get("made_ms", 0)),
        int(row["ended_ms"]) if "ended_ms" in row else None,
        readable(row.get("error", "")),
        part("outcome:"),
        {name: float(value) for name, value in part("progress:").items()},
        {name: int(value) for name, value in part("tries:").items()},
        int(row.get("endings", 0)),
        readable(row.get("running", "")),
    )


def _state(word: str) -> State:
    if word not in get_args(State):
        raise ValueError(word)
    return cast(State, word)


def clean(value: object) -> object:
    """A value of what a worker says of itself."""
    if isinstance(value, list):
        return [readable(str(each)) for each in value]
    return value if isinstance(value, int) else readable(str(value))


def readable(text: str) -> str:
    """Text without what would move a terminal's cursor: whoever writes into the job Redis is not believed."""
    return "".join(c if c.isprintable() or c == "\n" else " " for c in text)
