"""Sound to be measured, read block by block: a file of any length, or an array."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol, TypeAlias

import numpy
import soundfile
from numpy.typing import NDArray

from marmalade_sc.errors import SampleError

__all__ = ["BLOCK_FRAMES", "Samples", "Source", "open_source"]

#: Of shape (frames, channels), 1.0 is full scale.
Samples: TypeAlias = NDArray[numpy.float64]

BLOCK_FRAMES = 1 << 16


class Source(Protocol):
    """Sound that can be read at any place."""

    @property
    def rate(self) -> int:
        """Frames per second."""

    @property
    def frames(self) -> int:
        """How many there are."""

    @property
    def channels(self) -> int:
        """How many a frame has."""

    def read(self, start: int, count: int) -> Samples:
        """The frames from `start` on, up to `count`; what lies outside of the sound is left out."""


class _ArraySource:
    def __init__(self, samples: Samples, rate: int) -> None:
        self._samples = samples
        self.rate = rate
        self.frames, self.channels = samples.shape

    def read(self, start: int, count: int) -> Samples:
        return self._samples[max(0, start) : max(0, start + count)]


class _FileSource:
    def __init__(self, sound: soundfile.SoundFile, path: Path) -> None:
        self._sound = sound
        self._path = path
        self.rate = int(sound.samplerate)
        self.frames = int(sound.frames)
        self.channels = int(sound.channels)

    def read(self, start: int, count: int) -> Samples:
        first, last = max(0, start), min(self.frames, start + count)
        if last <= first:
            return numpy.zeros((0, self.channels))
        try:
            if self._sound.tell() != first:
                self._sound.seek(first)
            read = self._sound.read(last - first, dtype="float64", always_2d=True)
        except (soundfile.LibsndfileError, RuntimeError) as error:
            raise SampleError(f"{self._path} breaks off at {first / self.rate:.2f} s: {error}") from error
        return numpy.asarray(read, dtype=numpy.float64)


@contextmanager
def open_source(sound: Path | str | Samples, rate: int | None = None) -> Iterator[Source]:
    """The sound of a file, or of an array of shape (frames,) or (frames, channels) with its rate.

    Raises:
        SampleError: when the file is missing or no sound file, or the array has no rate or shape.
    """
    if isinstance(sound, str | Path):
        path = Path(sound)
        try:
            opened = soundfile.SoundFile(path)
        except (soundfile.LibsndfileError, RuntimeError, OSError) as error:
            words = " ".join(str(error).split())
            raise SampleError(
                f"{path} cannot be measured: {words}", hint="give a WAV, FLAC, AIFF or Ogg file"
            ) from error
        with opened:
            yield _FileSource(opened, path)
        return
    samples = numpy.asarray(sound, dtype=numpy.float64)
    if samples.ndim == 1:
        samples = samples[:, None]
    if samples.ndim != 2 or samples.shape[1] < 1 or rate is None or rate < 1:
        raise SampleError(
            f"an array of shape {samples.shape} at rate {rate} is no sound", hint="give frames and a rate"
        )
    yield _ArraySource(samples, rate)


def blocks(source: Source) -> Iterator[tuple[int, Samples]]:
    """All of a source as (start, frames) in blocks of at most 65536 frames, invalid samples as they are."""
    for start in range(0, source.frames, BLOCK_FRAMES):
        block = source.read(start, BLOCK_FRAMES)
        if len(block) == 0:
            return  # a file that holds less than its header says
        yield start, block
