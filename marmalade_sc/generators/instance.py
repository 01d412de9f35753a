"""An instance: a generator that was asked for once, with all that has to outlive the process that runs it."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Final

from marmalade_sc.errors import GeneratorError, IdError
from marmalade_sc.ids import GeneratorId, check_name

__all__ = ["NEVER", "ON_FAILURE", "RESTARTS", "Play"]

ON_FAILURE: Final = "failure"
NEVER: Final = "never"
_WIDEST: Final = 96
RESTARTS: Final = (ON_FAILURE, NEVER)


@dataclass(frozen=True, slots=True)
class Play:
    """A request that was accepted.

    Attributes:
        generator: `<player ID>:<name>`.
        sha256: the version that it is, for good.
        track: the strip that it plays into.
        patterns: those of the controls that are patterns, as `weaving.weave` reads them.
        bars, seconds: how long; None until it is stopped.
        restart: whether another incarnation is started when it fails.
        requester: who asked.
        seed: of its dice.
        semitones: by how much it is transposed, -96 to 96.
        begin: jam time of its entrance; 0 where it plays as soon as it can.
        renewed: how often another version has taken its place while it played.
    """

    generator: str
    sha256: str
    instance: str
    track: str
    controls: Mapping[str, float] = field(default_factory=dict)
    patterns: Mapping[str, object] = field(default_factory=dict)
    bars: float | None = None
    seconds: float | None = None
    restart: str = ON_FAILURE
    requester: str = "local"
    seed: int = 0
    semitones: float = 0.0
    renewed: int = 0
    begin: int = 0

    def __post_init__(self) -> None:
        GeneratorId.parse(self.generator)
        check_name(self.instance, "instance")
        if check_name(self.track, "track") == "master":
            raise IdError("A track cannot be called 'master'", hint="That is what all tracks go through.")
        if self.restart not in RESTARTS:
            raise GeneratorError(f"{self.restart!r:.40} is no way to start again", hint=f"It is one of {RESTARTS}.")
        if not (math.isfinite(self.semitones) and abs(self.semitones) <= _WIDEST):
            raise GeneratorError(f"{self.semitones!r:.40} semitones cannot be", hint=f"Give {-_WIDEST} to {_WIDEST}.")
        if not (isinstance(self.begin, int) and 0 <= self.begin < 1 << 64):
            raise GeneratorError(f"{self.begin!r:.40} is no jam time", hint="Give units of 2**-32 s.")
        for name, value in (("bars", self.bars), ("seconds", self.seconds)):
            if value is not None and not (math.isfinite(value) and 0 < value <= 1e6):
                raise GeneratorError(f"{value!r:.40} {name} is no length", hint="Give a number above 0.")

    @property
    def path(self) -> str:
        """`<player ID>:<name>:<instance ID>`, as in keys."""
        return f"{self.generator}:{self.instance}"

    @property
    def name(self) -> str:
        """The generator's name alone."""
        return GeneratorId.parse(self.generator).name

    def is_meant(self, word: str) -> bool:
        """Whether `word` names it: by instance, path, generator, generator's name, or track."""
        return word in (self.instance, self.path, self.generator, self.name, self.track)

    def to_json(self) -> dict[str, object]:
        """As plain data."""
        return {**asdict(self), "controls": dict(self.controls), "patterns": dict(self.patterns)}

    @classmethod
    def from_json(cls, row: Mapping[str, object]) -> "Play":
        """From plain data. Raises TypeError, ValueError or MarmaladeError where it is none."""
        return cls(**row)  # type: ignore[arg-type]
