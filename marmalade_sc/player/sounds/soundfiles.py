"""Sound files: those of a render, whole or not there; and one as plain WAV, for others."""

import contextlib
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import soundfile

from marmalade_sc.engine.score import LEAD
from marmalade_sc.errors import RenderError, SampleError
from marmalade_sc.peers.assets import plain_wave

__all__ = ["FORMATS", "as_plain_wave", "check_folder", "check_writable", "kind_of", "split"]

FORMATS: Final = {"wav": ("WAV", "PCM_24"), "flac": ("FLAC", "PCM_24")}
_BLOCK: Final = 1 << 16
_HEADER: Final = 44


def kind_of(path: Path) -> str:
    """The key of FORMATS by a file's ending; "wav" without one. Raises RenderError for any other ending."""
    kinds = {"": "wav", ".wav": "wav", ".wave": "wav", ".flac": "flac"}
    try:
        return kinds[path.suffix.lower()]
    except KeyError:
        raise RenderError(
            f"{path} cannot be written: {path.suffix!r} is neither .wav nor .flac", hint="Choose another ending."
        ) from None


def check_writable(path: Path) -> None:
    """Raises RenderError unless a file can be made at `path`; leaves nothing behind."""
    aside = _aside(path)
    try:
        if path.is_dir():
            raise IsADirectoryError(21, "it is a folder")
        aside.touch()
        aside.unlink()
    except OSError as error:
        raise RenderError(f"{path} cannot be written: {error.strerror}", hint="Choose another place.") from error


def check_folder(path: Path) -> None:
    """Makes the folder `path` where it is missing. Raises RenderError unless files can be made in it."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RenderError(f"{path} cannot be made: {error.strerror}", hint="Choose another place.") from error
    check_writable(path / "stem.wav")


def as_plain_wave(path: Path, most: int) -> bytes:
    """A sound file as WAV of 16 bits with one or two channels, of at most so many bytes.

    Raises:
        SampleError: there is none, it cannot be read, is too long, or has more channels.
    """
    try:
        with soundfile.SoundFile(path) as source:
            channels = source.channels
            if channels > 2:
                raise SampleError(f"{path} has {channels} channels", hint="Mix it down to two.")
            if source.frames * channels * 2 > most - _HEADER:
                raise SampleError(
                    f"{path} is too long to be given to all: {source.frames / source.samplerate:.1f} s",
                    hint=f"Cut it to {most / (2 * channels * source.samplerate):.0f} s.",
                )
            data = source.read(dtype="int16", always_2d=True)
            written = io.BytesIO()
            soundfile.write(written, data, source.samplerate, subtype="PCM_16", format="WAV")
    except (OSError, soundfile.LibsndfileError, RuntimeError) as error:
        raise SampleError(f"{path} cannot be read: {error}", hint="Name a sound file.") from error
    return plain_wave(written.getvalue())


def split(rendered: Path, delay: int, frames: int, master: Path, kind: str, stems: Sequence[Path] = ()) -> None:
    """Write master and stems from scsynth's file and put them in their places, all or none.

    Args:
        rendered: 32-bit float; channels 0 and 1 the master, then two for each stem.
        delay: frames by which the master is late; cut from its start, behind LEAD. Stems are not late.
        frames: length of the files; scsynth ends with a whole block.
        kind: a key of FORMATS; 24 bits. Stems are 32-bit float WAV, for they may go beyond full scale.

    Raises:
        RenderError: a file cannot be written; none is left.
    """
    targets = [master, *stems]
    asides = [_aside(path) for path in targets]
    try:
        with soundfile.SoundFile(rendered) as source:
            length = min(frames, source.frames - delay - LEAD)
            for place, aside in enumerate(asides):
                container, subtype = FORMATS[kind] if place == 0 else ("WAV", "FLOAT")
                with soundfile.SoundFile(aside, "w", source.samplerate, 2, subtype=subtype, format=container) as target:
                    source.seek(LEAD + (delay if place == 0 else 0))
                    left = length
                    while left > 0:
                        block = source.read(min(_BLOCK, left), dtype="float32", always_2d=True)
                        if not len(block):
                            break
                        target.write(block[:, 2 * place : 2 * place + 2])
                        left -= len(block)
                if place:
                    _forget_time(aside)
        for aside, path in zip(asides, targets, strict=True):
            aside.replace(path)
    except (OSError, soundfile.LibsndfileError) as error:
        words = getattr(error, "strerror", None) or str(error)
        raise RenderError(f"{master} cannot be written: {words}", hint="Choose another place, or make room.") from error
    finally:
        for aside in asides:
            with contextlib.suppress(OSError):
                aside.unlink()


def _forget_time(path: Path) -> None:
    """A float WAV has a PEAK chunk with the second in which it was written; without it equal sound is equal bytes."""
    with path.open("r+b") as file:
        head = file.read(4096)
        at = head.find(b"PEAK")
        if at >= 0:
            file.seek(at + 12)
            file.write(bytes(4))


def _aside(path: Path) -> Path:
    return path.with_name(f".{path.name}.part")
