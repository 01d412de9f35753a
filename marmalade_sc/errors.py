"""Every error that Marmalade raises on purpose, as one tree.

    MarmaladeError
    ├── UsageError                 a mistake of the person at the keyboard: shown without a traceback
    │   ├── NotationError          text of a pattern that cannot be read
    │   ├── UnknownNameError             a name that does not exist, with the nearest ones
    │   │   └── UnknownMethodError       a method that a pattern does not have (an AttributeError too)
    │   ├── ControlError           a control that a voice does not have, or a value it cannot take
    │   ├── SettingsError          a wrong key or value in config.toml, the environment or an option
    │   ├── IdError                a name of a jam, player, generator or instance that is not allowed
    │   ├── TimelineError          a tempo, meter or beat that cannot be
    │   ├── SynthDefError          a synthdef file that does not build
    │   ├── SampleError            a sound file that is missing, broken or too large
    │   ├── ArchiveError           a generator's archive that is not what one may be
    │   │   └── ManifestError       its generator.toml says what cannot be
    │   ├── GeneratorError         a generator or instance that is not there, or may not run
    │   ├── IdentityError          a key or signature that cannot be used or is not whose it says
    │   ├── RenderError            a render that cannot be made as asked
    │   ├── ScoreError             a score's text that cannot be read or played
    │   ├── JobError               a job that cannot be submitted, found or done as asked
    │   └── EvaluationError        code that raised while it was evaluated
    ├── EngineError                scsynth did not do what it was told
    │   ├── BootError              it did not start; carries its own words
    │   └── SoundError             no audio driver could be used
    ├── FrameError                 a frame of bundles that breaks the rules
    ├── BlobError                  the content store cannot keep or give something
    ├── JamError                   a jam's servers or state cannot be used
    ├── QueueError                 the job Redis cannot be reached or used
    ├── PeerError                  another player refuses, or what it says breaks the protocol
    └── PlayerError                the player directory or a process of the player cannot be used

A message has three parts: what failed, the value, what to do.
"""

import difflib
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

__all__ = [
    "ArchiveError",
    "BlobError",
    "BootError",
    "ControlError",
    "EngineError",
    "EvaluationError",
    "FrameError",
    "GeneratorError",
    "IdError",
    "IdentityError",
    "JamError",
    "JobError",
    "ManifestError",
    "MarmaladeError",
    "UnknownMethodError",
    "UnknownNameError",
    "NotationError",
    "PeerError",
    "PlayerError",
    "QueueError",
    "RenderError",
    "SampleError",
    "ScoreError",
    "SettingsError",
    "SoundError",
    "SynthDefError",
    "TimelineError",
    "UsageError",
    "Where",
    "nearest",
]


_SHOWN: Final = 200
"""Characters that are shown of a line."""


@dataclass(frozen=True, slots=True)
class Where:
    """A place in a text.

    `line` and `column` count from 1; `text` is that line alone, without its end; `length` is how many
    characters the mark covers (at least 1).
    """

    source: str
    line: int
    column: int
    text: str
    length: int = 1

    def caret(self) -> str:
        """The line with a caret under the place, as two lines of text; of a long line what is around the place."""
        begin = max(0, self.column - 1 - _SHOWN // 2) if len(self.text) > _SHOWN else 0
        end = begin + _SHOWN if len(self.text) > begin + _SHOWN else len(self.text)
        before, marked = self.text[begin : self.column - 1], self.text[self.column - 1 :][: self.length]
        before = "…" + before if begin else before
        after = self.text[self.column - 1 : end] + ("…" if end < len(self.text) else "")
        pad = "".join("\t" if c == "\t" else " " * _width(c) for c in before)
        length = max(1, sum(map(_width, marked)) + self.length - len(marked))
        return f"{before}{after}\n{pad}{'^' * min(length, _SHOWN)}"

    def __str__(self) -> str:
        return f"{self.source}, line {self.line}, column {self.column}"


class MarmaladeError(Exception):
    """Root of the tree. `message` is one sentence for a person; `code` is its name on a wire."""

    code = "error"

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class UsageError(MarmaladeError):
    """A user's mistake. `where` is the place in the text, when there is one; `hint` says what to do."""

    code = "usage"

    def __init__(self, message: str, *, where: Where | None = None, hint: str = "") -> None:
        super().__init__(message)
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        parts = [self.message]
        if self.where is not None:
            parts.append(f"{self.where}:\n{self.where.caret()}")
        if self.hint:
            parts.append(self.hint)
        return "\n".join(parts)


class NotationError(UsageError):
    """Text of a pattern that cannot be read. Always has `where`."""

    code = "notation"


class UnknownNameError(UsageError):
    """A name that does not exist."""

    code = "name"


class UnknownMethodError(UnknownNameError, AttributeError):
    """A method that a pattern does not have; also an AttributeError, so `hasattr` and copying work."""

    code = "method"


class ControlError(UsageError):
    """A control that a voice does not have, or a value it cannot take."""

    code = "control"


class SettingsError(UsageError):
    """A wrong key or value in the settings."""

    code = "settings"


class IdError(UsageError):
    """A name that is not allowed."""

    code = "id"


class TimelineError(UsageError):
    """A tempo, meter or beat that cannot be."""

    code = "timeline"


class SynthDefError(UsageError):
    """A synthdef file that does not build."""

    code = "synthdef"


class SampleError(UsageError):
    """A sound file that is missing, broken or too large."""

    code = "sample"


class ArchiveError(UsageError):
    """A generator's archive that is not what one may be, or cannot be made."""

    code = "archive"


class ManifestError(ArchiveError):
    """A generator's manifest that says what cannot be."""

    code = "manifest"


class GeneratorError(UsageError):
    """A generator or an instance that does not exist, or that may not or cannot run."""

    code = "generator"


class IdentityError(UsageError):
    """A key that cannot be used, or a signature that is not whose it says."""

    code = "identity"


class RenderError(UsageError):
    """A render that cannot be made as asked."""

    code = "render"


class ScoreError(UsageError):
    """A score that cannot be read or played. Has `where` unless the whole of it is at fault."""

    code = "score"


class JobError(UsageError):
    """A job that cannot be submitted, found or done as asked."""

    code = "job"


class EvaluationError(UsageError):
    """Code that raised while it was evaluated. `traceback` holds the user's own frames, as text."""

    code = "evaluation"

    def __init__(self, message: str, *, where: Where | None = None, hint: str = "", traceback: str = "") -> None:
        super().__init__(message, where=where, hint=hint)
        self.traceback = traceback


class EngineError(MarmaladeError):
    """scsynth did not do what it was told."""

    code = "engine"


class BootError(EngineError):
    """scsynth did not start. `output` holds its own last words."""

    code = "boot"

    def __init__(self, message: str, *, output: str = "") -> None:
        super().__init__(message)
        self.output = output


class SoundError(EngineError):
    """No audio driver could be used."""

    code = "sound"


class FrameError(MarmaladeError):
    """A frame of bundles that breaks the rules; the frame is refused whole."""

    code = "frame"


class BlobError(MarmaladeError):
    """The content store cannot keep or give something."""

    code = "blob"


class JamError(MarmaladeError):
    """A jam's servers or state cannot be used."""

    code = "jam"


class QueueError(MarmaladeError):
    """The job Redis cannot be reached or used."""

    code = "queue"


class PeerError(MarmaladeError):
    """Another player refuses, or what it says breaks the protocol.

    `reason` is the stable code of docs/protocol.md, `status` its HTTP status, `now_ms` the refusing player's wall clock
    where that is why (else 0).
    """

    code = "peer"

    def __init__(self, message: str, *, reason: str = "failed", status: int = 503, now_ms: int = 0) -> None:
        super().__init__(message)
        self.reason = reason
        self.status = status
        self.now_ms = now_ms


class PlayerError(MarmaladeError):
    """The player directory or a process of the player cannot be used."""

    code = "player"


def _width(character: str) -> int:
    """Columns of a terminal that a character takes."""
    return 0 if unicodedata.combining(character) else 2 if unicodedata.east_asian_width(character) in "WF" else 1


def nearest(name: str, names: Iterable[str]) -> str:
    """The valid name closest to `name` (ratio >= 0.6, difflib), or an empty string."""
    lowered = {n.lower(): n for n in names}
    found = difflib.get_close_matches(name.lower(), lowered, n=1, cutoff=0.6)
    return lowered[found[0]] if found else ""
