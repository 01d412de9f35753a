"""What came of a rehearsal: the frames of each generator, what it has told and was refused, and what it has cost."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

from marmalade_sc.clock.timeline import Timeline
from marmalade_sc.generators.archive import Tree
from marmalade_sc.generators.gateway.policy import TRACK
from marmalade_sc.generators.manifest import Manifest
from marmalade_sc.generators.sounds import Sounds
from marmalade_sc.sdk.frames import Frame

__all__ = ["Account", "Heard", "Moved", "Role", "Take", "Told", "introduction"]


@dataclass(frozen=True, slots=True)
class Role:
    """A generator that takes part.

    Attributes:
        path: `<player>:<generator>:<instance>`.
        grants: keys beside its own that it may write.
    """

    path: str
    track: str
    tree: Tree
    manifest: Manifest
    sounds: Sounds
    controls: Mapping[str, float]
    seed: int
    grants: frozenset[str] = frozenset()

    @property
    def key(self) -> str:
        """The stream of its frames."""
        return f"events:{self.path}"


@dataclass(frozen=True, slots=True)
class Heard:
    """A frame, and the jam time at which it reached the dispatcher."""

    arrived: int
    key: str
    frame: Frame


@dataclass(frozen=True, slots=True)
class Moved:
    """From this jam time on an instance plays into another strip."""

    arrived: int
    key: str
    track: str


@dataclass(frozen=True, slots=True)
class Told:
    """An entry that a generator wrote: in which cycle, who, where, what."""

    cycle: Fraction
    path: str
    key: str
    fields: Mapping[str, object]


@dataclass(slots=True)
class Account:
    """What is known of one of them.

    Attributes:
        denials: what was refused to it, in words.
        complaints: its own mistakes, as the SDK tells them.
        remarks: what its author should know.
        kept_from: what the sandbox has refused: system calls, CPU, output.
        lines: the last lines of its output.
        why: how it ended, empty when it played to the end; `is_fault` when that was not its own wish.
        cpu_s: processor time of all its processes.
        frames: that it was asked for, in `spent_s` seconds; `longest_s` the longest took, `slow` of them longer than
            they last.
        memory: bytes, the most that was seen.
    """

    denials: list[str] = field(default_factory=list)
    denied: int = 0
    complaints: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    kept_from: list[str] = field(default_factory=list)
    lines: Sequence[str] = ()
    why: str = ""
    is_fault: bool = False
    cpu_s: float = 0.0
    frames: int = 0
    spent_s: float = 0.0
    longest_s: float = 0.0
    slow: int = 0
    memory: int = 0

    def keep_from(self, who: str, what: str) -> None:
        """Note what the sandbox has refused. From any thread."""
        words = f"{what} ({who})"
        if len(self.kept_from) < 50 and words not in self.kept_from:
            self.kept_from.append(words)

    def deny(self, words: str) -> None:
        """Note a refusal."""
        self.denied += 1
        if len(self.denials) < 50 and words not in self.denials:
            self.denials.append(words)


@dataclass(slots=True)
class Take:
    """See the module. `folder` keeps the sound files of its `roles` until everything is rendered."""

    roles: Sequence[Role]
    timeline: Timeline
    folder: Path
    is_real_time: bool = False
    heard: list[Heard] = field(default_factory=list)
    moved: list[Moved] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)
    accounts: dict[str, Account] = field(default_factory=dict)


def introduction(role: Role) -> list[tuple[str, dict[str, object]]]:
    """The tags that every instance has from its start: key and fields."""
    composer = role.manifest.composer or role.path.partition(":")[0]
    return [
        (f"tags:{role.path}:{name}", {"value": value, "type": "text"})
        for name, value in (("Composer", composer), (TRACK, role.track))
    ]
