"""All measures of one sound, in one pass and bounded memory."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

import numpy

from marmalade_sc.errors import UsageError
from marmalade_sc.measures.audio import Samples, blocks, open_source
from marmalade_sc.measures.levels import FLOOR_DB, Silences, Tenths, TruePeak, amplitude_to_db, power_to_db
from marmalade_sc.measures.loudness import Loudness
from marmalade_sc.measures.onsets import Envelope, find_onsets

__all__ = ["SILENCE_DB", "Measures", "measure"]

#: A frame whose channels all stay at or below this is silent.
SILENCE_DB = -60.0
#: Silences shorter than this are parts of waves and of notes; they do not count into `silent_fraction`.
_SHORTEST_SILENCE_S = 0.05
#: Full scale of 16 bits, less half a step: what is there was cut off, or would be.
_CLIPPED = 1.0 - 2.0**-16


@dataclass(frozen=True, slots=True)
class Measures:
    """What one sound measures. Decibels are never below -200, which stands for silence.

    `rms_db` has one value for each 100 ms (all channels' mean power; the last may cover less). `onsets` are frames.
    `lufs` is None for less than 400 ms, or nothing above -70 LUFS. `dc` has one value for each channel. Invalid
    samples (not a number, infinite) are counted, and measured as 0.
    """

    rate: int
    channels: int
    frames: int
    peak_dbfs: float
    true_peak_dbtp: float
    lufs: float | None
    rms_db: tuple[float, ...]
    onsets: tuple[int, ...]
    leading_silence_s: float
    trailing_silence_s: float
    longest_silence_s: float
    silent_fraction: float
    dc: tuple[float, ...]
    clipped: int
    invalid: int

    @property
    def duration_s(self) -> float:
        """The length in seconds."""
        return self.frames / self.rate

    def to_json(self) -> dict[str, object]:
        """The measures by name, as JSON holds them; decibels rounded to 0.001, seconds to 0.000001."""
        row: dict[str, object] = {}
        for field in fields(self):
            value = getattr(self, field.name)
            row[field.name] = list(value) if isinstance(value, tuple) else value
        return row

    @classmethod
    def from_json(cls, row: Mapping[str, object]) -> "Measures":
        """The measures of `to_json`.

        Raises:
            UsageError: when one is missing, or is not what it should be.
        """
        values: dict[str, object] = {}
        for field in fields(cls):
            if field.name not in row:
                raise UsageError(f"the measures have no {field.name}", hint="make them with --measures")
            value = row[field.name]
            values[field.name] = tuple(value) if isinstance(value, list) else value
            leaves = value if isinstance(value, list) else [value]
            is_wrong = any(isinstance(leaf, bool) or not isinstance(leaf, int | float) for leaf in leaves)
            if is_wrong and not (field.name == "lufs" and value is None):
                raise UsageError(f"the measure {field.name} cannot be {value!r}", hint="make it with --measures")
        return cls(**values)  # type: ignore[arg-type]  # each was checked above


def measure(sound: Path | str | Samples, rate: int | None = None) -> Measures:
    """Measures a sound file, or an array of shape (frames,) or (frames, channels) with its rate.

    Reads block by block: an hour needs no more memory than a minute but for 8 bytes a hop of 1.3 ms. May take long
    (about a second for each minute); call it from no process that schedules.

    Raises:
        SampleError: when the file is missing or broken.
    """
    with open_source(sound, rate) as source:
        true_peak = TruePeak(source.channels)
        tenths, loudness = Tenths(source.rate), Loudness(source.rate, source.channels)
        envelope = Envelope(source.rate)
        silences = Silences(10 ** (SILENCE_DB / 20), round(_SHORTEST_SILENCE_S * source.rate))
        peak = 0.0
        clipped = invalid = frames = 0
        total = numpy.zeros(source.channels)
        for _, raw in blocks(source):
            invalid += int(numpy.count_nonzero(~numpy.isfinite(raw)))
            block = numpy.nan_to_num(raw, nan=0.0, posinf=0.0, neginf=0.0)
            size = numpy.abs(block)
            peak = max(peak, float(size.max()))
            clipped += int(numpy.count_nonzero(size >= _CLIPPED))
            total += block.sum(axis=0)
            frames += len(block)
            for part in (true_peak, tenths, loudness, envelope, silences):
                part.add(block)
        trailing = silences.finish()
        powers = tenths.powers()
        lufs = loudness.finish()
        return Measures(
            rate=source.rate,
            channels=source.channels,
            frames=frames,
            peak_dbfs=_rounded(amplitude_to_db(peak)),
            true_peak_dbtp=_rounded(amplitude_to_db(true_peak.finish())),
            lufs=None if lufs is None else _rounded(lufs),
            rms_db=tuple(_rounded(power_to_db(float(window.mean()))) for window in powers),
            onsets=find_onsets(source, envelope.finish(), envelope.hop),
            leading_silence_s=round((silences.leading or 0) / source.rate, 6),
            trailing_silence_s=round(trailing / source.rate, 6),
            longest_silence_s=round(silences.longest / source.rate, 6),
            silent_fraction=round(silences.total / max(1, frames), 6),
            dc=tuple(float(f"{value:.6e}") for value in total / max(1, frames)),
            clipped=clipped,
            invalid=invalid,
        )


def _rounded(decibels: float) -> float:
    """Rounded to 0.001 dB, so that a file of measures stays legible and its numbers compare."""
    return round(decibels, 3) if math.isfinite(decibels) else FLOOR_DB
