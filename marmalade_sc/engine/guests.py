"""What the frames of a generator's instance may do: play notes into its own strip, so many, with finite numbers. Pure.

A source of ours plays any track, mixes, and moves the timeline. A guest's sections count as notes of its own track
whatever track they name; its buffers are numbers among its own; and however its synthdefs end, no more than `voices`
of its synths live.
"""

import math
import struct
from collections import deque
from dataclasses import dataclass, field
from typing import Final

from marmalade_sc.clock.timetag import UNITS_PER_SECOND
from marmalade_sc.engine.voices import Voice
from marmalade_sc.errors import FrameError

__all__ = ["CEILING", "Guest", "GuestLimits"]

CEILING: Final = 0.5
"""What a guest's strip clips at, -6 dBFS: at its loudest the master's limiter leaves the others alone."""

_FLOAT: Final = struct.Struct(">f")
_LARGEST: Final = 1e9
_BUFFER: Final = "buf"
_PITCHES: Final = ("freq", "speed")


@dataclass(frozen=True, slots=True)
class GuestLimits:
    """How much of it.

    Attributes:
        notes: a second in the long run; twice as many at once.
        voices: synths that may live at once; the oldest is freed for one more.
        horizon: how far ahead a note may lie, in timetag units.
    """

    notes: float = 500.0
    voices: int = 64
    horizon: int = 20 * UNITS_PER_SECOND


@dataclass(slots=True)
class Guest:
    """One instance.

    Attributes:
        key: its stream.
        track: the strip that it plays into.
        buffers: numbers of its own samples on the server, by the numbers that it uses.
        semitones: by how much its notes are transposed: what has a `freq` by that, else what has a `speed`.
        begin: jam time before which nothing of it is heard; 0 for at once.
    """

    key: str
    track: str
    buffers: tuple[int, ...] = ()
    limits: GuestLimits = GuestLimits()  # noqa: RUF009  a frozen value
    semitones: float = 0.0
    begin: int = 0
    _nodes: deque[int] = field(default_factory=deque)
    _level: float = -1.0
    _at: int = 0

    def admit(self, message: bytes, voice: Voice, when: int, now: int) -> bytes:
        """The message of a note as it may be played.

        Raises:
            FrameError: it may not.
        """
        limits = self.limits
        if when > now + limits.horizon:
            raise FrameError(f"A guest's note lies more than {limits.horizon // UNITS_PER_SECOND} s ahead")
        first = voice.in_prefix_size + 16
        values = struct.unpack_from(f">{len(voice.controls) + 1}f", message, first)
        if not all(math.isfinite(value) and abs(value) <= _LARGEST for value in values):
            raise FrameError("A guest's note has a value that is no finite number, or beyond all measure")
        if _BUFFER in voice.controls:
            place = voice.controls.index(_BUFFER)
            number = values[place]
            if number != int(number) or not 0 <= number < len(self.buffers):
                raise FrameError("A guest's note names a sample that is not its own")
            at = first + 4 * place
            message = message[:at] + _FLOAT.pack(self.buffers[int(number)]) + message[at + 4 :]
        if self.semitones:
            message = self._transposed(message, voice, first, values)
        self._take(now)
        return message

    def _transposed(self, message: bytes, voice: Voice, first: int, values: tuple[float, ...]) -> bytes:
        name = next((each for each in _PITCHES if each in voice.controls), None)
        if name is None:
            return message
        place = voice.controls.index(name)
        at = first + 4 * place
        return message[:at] + _FLOAT.pack(values[place] * 2 ** (self.semitones / 12)) + message[at + 4 :]

    def is_early(self, when: int) -> bool:
        """Whether a note lies before its entrance: it is played by nobody, and no mistake."""
        return when < self.begin

    def remember(self, node: int) -> int | None:
        """A synth of its that will be made; one that has to go for it, or None."""
        self._nodes.append(node)
        return self._nodes.popleft() if len(self._nodes) > self.limits.voices else None

    def _take(self, now: int) -> None:
        burst = 2 * self.limits.notes
        passed_s = (now - self._at) / UNITS_PER_SECOND if self._level >= 0 else math.inf
        self._at = now
        level = min(burst, max(0.0, self._level) + passed_s * self.limits.notes)
        if level < 1.0:
            self._level = level
            raise FrameError(f"A guest plays more than {self.limits.notes:g} notes a second")
        self._level = level - 1.0
