"""Notes in plain words as frames: `synth kick bar 12.25 gain .8`, for programs that write no binary data. Pure."""

import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final

from marmalade_sc.clock.timeline import Timeline
from marmalade_sc.clock.timetag import UNITS_PER_SECOND
from marmalade_sc.errors import FrameError, nearest
from marmalade_sc.sdk.frames import Bundles, Frame, join_bundles
from marmalade_sc.sdk.instruments import Instrument

__all__ = ["Notes"]

_FIRST: Final = 1 << 40
"""Frames made here are numbered from so high on that they never meet those that the program numbers itself."""
_FAR: Final = 1 << 20


@dataclass(slots=True)
class Notes:
    """See the module.

    Args:
        track: of the instance.
        instruments: what can be named, now.
        samples: the instance's own samples by name: number, channels, seconds.
        timeline: the jam's, now; None before there is one.
        now: jam time.
        first, last: jam time before which it plays nothing yet, and from which it plays nothing any more: another
            version of it does.
    """

    track: str
    instruments: Callable[[], Mapping[str, Instrument]]
    samples: Mapping[str, tuple[int, int, float]]
    timeline: Callable[[], Timeline | None]
    now: Callable[[], int]
    first: int = 0
    last: int = 1 << 64
    _count: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def __call__(self, fields: Sequence[bytes]) -> list[bytes]:
        """The fields of a frame from those of a note.

        Raises:
            FrameError: it names no sound or no time, or a control that the sound does not have.
        """
        if len(fields) % 2 or len(fields) > 64:
            raise FrameError("A note is names and values: synth kick at 3981234567890 gain .8")
        given = {name.decode(errors="replace"): value.decode(errors="replace")
                 for name, value in zip(fields[::2], fields[1::2], strict=True)}  # fmt: skip
        when = self._when(given)
        if not self.first <= when < self.last:
            raise FrameError("Another version of it plays then")
        instrument, controls = self._instrument(given.pop("synth", ""))
        controls |= {name: _number(name, text) for name, text in given.items()}
        number = next(self._count)
        values = instrument.values(controls)
        body = join_bundles([instrument.template.bundle(when, number % _FAR, [*values, float(number % _FAR)])])
        frame = Frame(_FIRST + number, self._revision(), when, when + 1, (Bundles(self.track, 0, when, body),))
        return [part if isinstance(part, bytes) else str(part).encode()
                for pair in frame.fields().items() for part in pair]  # fmt: skip

    def after(self, older: "Notes") -> None:
        """Number its frames behind those of the version before it, in the same stream."""
        self._count = older._count

    def _instrument(self, name: str) -> tuple[Instrument, dict[str, float]]:
        found = self.instruments()
        if name in self.samples:
            number, channels, length_s = self.samples[name]
            sampler = found.get(f"sampler{channels}")
            if sampler is not None:
                return sampler, {"buf": float(number), "sustain": length_s}
        if name not in found:
            close = nearest(name, [*found, *self.samples])
            raise FrameError(f"There is no sound {name!r:.60}" + (f"; did you mean {close!r}?" if close else ""))
        return found[name], {}

    def _when(self, given: dict[str, str]) -> int:
        at, bar = given.pop("at", ""), given.pop("bar", "")
        timeline = self.timeline()
        try:
            if at:
                return round(Fraction(at) * UNITS_PER_SECOND / 1000)
            if bar and timeline is not None:
                return timeline.timetag(Fraction(bar))
        except (ValueError, ZeroDivisionError, OverflowError):
            pass
        raise FrameError("A note says when: at <milliseconds of jam time>, or bar <number>, such as 12.25 or 49/4")

    def _revision(self) -> int:
        timeline = self.timeline()
        return timeline.revision if timeline is not None else 0


def _number(name: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise FrameError(f"{name:.40} of a note cannot be {text!r:.40}: give a number")
    return value
