"""Compares a sound with a reference file, sample by sample, block by block."""

from pathlib import Path

import numpy

from marmalade_sc.measures.audio import BLOCK_FRAMES, Samples, open_source
from marmalade_sc.measures.compare import Difference
from marmalade_sc.measures.levels import amplitude_to_db

__all__ = ["SAMPLE_TOLERANCE", "compare_audio"]

#: A difference of samples that is none: -80 dBFS, some steps of 16 bits.
SAMPLE_TOLERANCE = 1e-4


def compare_audio(
    sound: Path | Samples,
    reference: Path | Samples,
    tolerance: float = SAMPLE_TOLERANCE,
    *,
    rate: int | None = None,
    where: str = "mix",
) -> list[Difference]:
    """How a sound differs from a reference: rate, channels, length, and samples by more than `tolerance` (1 is full).

    `rate` is that of arrays. Samples that are not numbers differ from everything but their like.

    Raises:
        SampleError: when a file is missing or broken.
    """
    with open_source(sound, rate) as ours, open_source(reference, rate) as theirs:
        found = [
            Difference(where, name, str(expected), str(measured), "±0")
            for name, expected, measured in (
                ("rate", theirs.rate, ours.rate),
                ("channels", theirs.channels, ours.channels),
                ("frames", theirs.frames, ours.frames),
            )
            if expected != measured
        ]
        if ours.channels != theirs.channels or ours.rate != theirs.rate:
            return found
        first: int | None = None
        largest, count = 0.0, 0
        for start in range(0, min(ours.frames, theirs.frames), BLOCK_FRAMES):
            mine, other = ours.read(start, BLOCK_FRAMES), theirs.read(start, BLOCK_FRAMES)
            length = min(len(mine), len(other))
            apart = _apart(mine[:length], other[:length])
            wrong = numpy.nonzero((apart > tolerance).any(axis=1))[0]
            if len(wrong):
                first = start + int(wrong[0]) if first is None else first
                count += len(wrong)
            largest = max(largest, float(apart.max(initial=0.0)))
        if first is not None:
            frames = f"{count} frames from {first} ({first / ours.rate:.3f} s) on"
            size = f"{frames}, up to {amplitude_to_db(largest):.1f} dBFS" if numpy.isfinite(largest) else frames
            allowed = f"±{amplitude_to_db(tolerance):.1f} dBFS" if tolerance > 0 else "±0"
            found.append(Difference(where, "samples", "the reference", size, allowed))
        return found


def _apart(mine: Samples, other: Samples) -> Samples:
    """The distance of samples; infinite where only one is a number, 0 where both are the same non-number."""
    odd = ~(numpy.isfinite(mine) & numpy.isfinite(other))
    same = (mine == other) | (numpy.isnan(mine) & numpy.isnan(other))
    with numpy.errstate(invalid="ignore"):
        apart = numpy.abs(mine - other)
    return numpy.where(odd, numpy.where(same, 0.0, numpy.inf), apart)
