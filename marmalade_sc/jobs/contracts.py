"""The steps of jobs and their contracts: what each is given and gives. A table; docs/jobs.md is made of it.

A step is a program: one JSON object on its standard input, JSON lines on its standard output. So a worker in another
language can take its place. The same input gives the same output, whoever does it: a step may be done twice.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from marmalade_sc.errors import JobError, nearest

__all__ = ["CONTRACTS", "Contract", "contract", "reference"]


@dataclass(frozen=True, slots=True)
class Contract:
    """One step.

    Attributes:
        takes, gives: fields of input and output, each with its meaning.
        share: of the work of a usual job, for its percentage.
        needs: what a worker must have for it, in words.
    """

    name: str
    version: int
    does: str
    takes: Mapping[str, str]
    gives: Mapping[str, str]
    share: float
    needs: str

    @property
    def queue(self) -> str:
        """The queue of its messages: another version of a contract has another one."""
        return f"{self.name}-v{self.version}"


_SOURCE: Final = {
    "kind": "`render` (a set), `score` (Alda's language) or `generator`.",
    "name": "What the source is called in messages.",
    "source": "The set or score as UTF-8 text, or the generator's archive. A file.",
    "options": "What was asked for, by name, as `marmalade job submit` has it.",
}
_SOUND: Final = {
    "score": "Bundles as `scsynth -N` reads them, each behind its length. A file.",
    "rate": "Samples per second.",
    "channels": "Outputs to be rendered.",
    "frames": "Length of the music with its tail, in samples; the file is a little longer.",
    "samples": "Sound files that the score reads: `name`, relative to the working folder, and `file`.",
}

_ROWS: Final = (
    Contract(
        "parse",
        1,
        "Looks at a source without running it: what cannot be read is told before anything else is done.",
        _SOURCE,
        {"kind": "As it was given.", "found": "What the source has, by name: tracks, notes, length."},
        0.02,
        "nothing",
    ),
    Contract(
        "compile",
        1,
        "Plays a source on a virtual clock and writes down what scsynth is to be told. Code of sets and generators "
        "runs in a sandbox.",
        _SOURCE,
        {
            **_SOUND,
            "delay": "Samples by which the master is late.",
            "tracks": "Names of the tracks whose stems follow the master in the outputs; empty without stems.",
            "notes": "How many notes there are.",
            "refusals": "Notes that were refused: reason and count.",
            "shares": "Scores of dry strips that others may render: `score` (a file) and `channels`; empty where the "
            "piece is rendered at once.",
        },
        0.18,
        "a sandbox",
    ),
    Contract(
        "render",
        1,
        "Renders a score with `scsynth -N`.",
        _SOUND,
        {"sound": "32-bit float W64 of `channels` channels. A file."},
        0.6,
        "scsynth",
    ),
    Contract(
        "mix",
        1,
        "Renders the last pass of a piece whose strips were rendered by themselves: inserts, sends, master.",
        {**_SOUND, "sounds": "The strips in order, to be heard at the inputs: `sound` (a file) and `channels`."},
        {"sound": "32-bit float W64 of `channels` channels. A file."},
        0.1,
        "scsynth",
    ),
    Contract(
        "encode",
        1,
        "Cuts a rendered file into master and stems and writes them as they were asked for.",
        {
            "sound": "A rendered file, 64 samples ahead. A file.",
            "delay": "Samples to be cut from the master's start beside these.",
            "frames": "Length of what is written.",
            "format": "`wav` or `flac`, both with 24 bits; stems are 32-bit float WAV.",
            "tracks": "Names of the stems.",
        },
        {"files": "What was made: `name` (`master` or a track's), `ending` and `file`."},
        0.1,
        "nothing",
    ),
)

CONTRACTS: Final[Mapping[str, Contract]] = MappingProxyType({row.name: row for row in _ROWS})


def contract(name: str) -> Contract:
    """The contract called `name`. Raises JobError."""
    found = CONTRACTS.get(name)
    if found is None:
        close = nearest(name, CONTRACTS)
        raise JobError(
            f"There is no step {name!r:.40}",
            hint=f"Did you mean {close!r}?" if close else f"There are: {', '.join(CONTRACTS)}.",
        )
    return found


def reference() -> str:
    """The part of docs/jobs.md that is made from the table."""
    parts = []
    for row in CONTRACTS.values():
        parts.append(f"### `{row.name}`, version {row.version}\n\n{row.does} A worker needs: {row.needs}.\n")
        for title, fields in (("input", row.takes), ("output", row.gives)):
            parts.append(f"| {title} | meaning |\n| --- | --- |")
            parts += [f"| `{name}` | {meaning} |" for name, meaning in fields.items()]
            parts.append("")
    return "\n".join(parts)
