"""Folders of sound files as banks: found, measured, and made playable, away from the audio path.

A bank is a folder in a samples folder: `samples/bd/*.wav`. Its files are counted in the order of their names;
`bd:3` is the fourth, and counts around behind the last.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from marmalade_sc.errors import SampleError, UnknownNameError, nearest
from marmalade_sc.synthdefs.catalogue import Catalogue
from marmalade_sc.synthdefs.metadata import Definition

if TYPE_CHECKING:
    import soundfile
    from numpy.typing import NDArray

    Block = NDArray[Any]  # what soundfile gives depends on its dtype argument

__all__ = ["SUFFIXES", "Bank", "BufferSpec", "SampleBank", "SampleLimits", "resolve"]

SUFFIXES = frozenset({".wav", ".flac", ".aif", ".aiff", ".aifc", ".ogg"})
#: Read by scsynth itself as they are; others are converted.
_DIRECT = frozenset({"WAV", "WAVEX", "AIFF", "FLAC"})
_BLOCK_FRAMES = 1 << 16
_NAME = re.compile(r"[\w][\w.-]{0,63}")


@dataclass(frozen=True, slots=True)
class SampleLimits:
    """What is loaded at most: bytes of a file, frames of a file, files of a bank, banks of a folder."""

    file_bytes: int = 512 * 1024 * 1024
    frames: int = 48_000 * 600
    files: int = 1000
    banks: int = 2000


@dataclass(frozen=True, slots=True)
class BufferSpec:
    """A sound file that scsynth can read into a buffer as it is: 1 or 2 channels, any rate (samplers adapt).

    The path may hold any letters: it goes to scsynth as UTF-8 bytes (supriya's own encoder is ASCII only).
    """

    path: Path
    frames: int
    channels: int
    rate: int

    @property
    def duration_s(self) -> float:
        """Its length in seconds."""
        return self.frames / self.rate

    @property
    def sampler(self) -> str:
        """The bundled synthdef that plays it."""
        return f"sampler{self.channels}"


@dataclass(frozen=True, slots=True)
class Bank:
    """The sound files of one folder, in the order of their names. Nothing of them was read yet."""

    name: str
    files: tuple[Path, ...]
    is_own: bool

    def at(self, index: int) -> Path:
        """The file of an index, counted around. The bank has at least one file."""
        return self.files[index % len(self.files)]


@dataclass(slots=True)
class SampleBank:
    """The banks of some folders: the player's own first, then others.

    Everything here may block on the disk: call it from no process that schedules or dispatches.

    Args:
        own: the player's own samples folder; its banks win over synthdefs of the same name.
        others: further folders in falling priority; their banks come after synthdefs.
        cache_dir: where converted copies are kept.
    """

    own: Path
    others: Sequence[Path]
    cache_dir: Path
    limits: SampleLimits = field(default_factory=SampleLimits)
    banks: Mapping[str, Bank] = field(default_factory=dict)
    errors: tuple[SampleError, ...] = ()

    def scan(self) -> Mapping[str, Bank]:
        """Finds the banks anew, by their folders' and files' names alone. What is left out is in `errors`."""
        banks: dict[str, Bank] = {}
        errors: list[SampleError] = []
        for folder in (self.own, *self.others):
            for name, files in _folders(folder, self.limits, errors):
                banks.setdefault(name, Bank(name, files, folder == self.own))
        self.banks, self.errors = banks, tuple(errors)
        return banks

    def get(self, name: str) -> Bank:
        """The bank of a name. Raises UnknownNameError with the nearest one."""
        if name not in self.banks:
            near = nearest(name, self.banks)
            hint = f"did you mean {near}?" if near else f"make the folder {self.own / name} and put sounds into it"
            raise UnknownNameError(f"there is no bank {name!r}", hint=hint)
        return self.banks[name]

    def plan(self, bank: str) -> tuple[tuple[BufferSpec | None, ...], tuple[SampleError, ...]]:
        """What is to be loaded for a bank: one row for each file, None where a file cannot be used, and why.

        Files with more than 2 channels, and kinds that scsynth does not read, are converted into `cache_dir` here.

        Raises:
            UnknownNameError: when there is no such bank.
        """
        specs: list[BufferSpec | None] = []
        errors: list[SampleError] = []
        for path in self.get(bank).files:
            try:
                specs.append(self.spec(path))
            except SampleError as error:
                specs.append(None)
                errors.append(error)
        return tuple(specs), tuple(errors)

    def spec(self, path: Path) -> BufferSpec:
        """What is to be loaded for one sound file.

        Raises:
            SampleError: when it is missing, broken, empty or too large.
        """
        import soundfile

        try:
            size = path.stat().st_size
        except OSError as error:
            raise SampleError(
                f"{path} cannot be read: {error.strerror}", hint="put it back, or save the set anew"
            ) from error
        if size > self.limits.file_bytes:
            raise SampleError(
                f"{path} has {size >> 20} MiB, more than {self.limits.file_bytes >> 20}", hint="cut it into pieces"
            )
        try:
            with soundfile.SoundFile(path) as sound:
                frames, channels, rate = int(sound.frames), int(sound.channels), int(sound.samplerate)
                if frames < 1:
                    raise SampleError(f"{path} holds no sound", hint="delete it, or record it anew")
                if frames > self.limits.frames:
                    raise SampleError(
                        f"{path} lasts {frames / rate:.0f} s, more than {self.limits.frames} frames",
                        hint="cut it into pieces",
                    )
                if channels <= 2 and sound.format in _DIRECT:
                    return BufferSpec(path, frames, channels, rate)
                return _converted(sound, path, self.cache_dir)
        except (soundfile.LibsndfileError, RuntimeError, ValueError) as error:
            words = " ".join(str(error).split())
            raise SampleError(f"{path} is broken: {words}", hint="export it again, as WAV") from error
        except OSError as error:
            raise SampleError(f"{path} cannot be converted: {error.strerror}", hint="make room on the disk") from error


def _folders(folder: Path, limits: SampleLimits, errors: list[SampleError]) -> Iterable[tuple[str, tuple[Path, ...]]]:
    """The banks of one samples folder, by name. What is not a bank is passed over; what is too much is named."""
    try:
        entries = sorted(entry.name for entry in os.scandir(folder) if entry.is_dir())
    except OSError:
        return  # a folder that is not there has no banks
    names = [name for name in entries if _NAME.fullmatch(name)]
    if len(names) > limits.banks:
        errors.append(SampleError(f"{folder} has {len(names)} banks, more than {limits.banks}: the rest is left out"))
    for name in names[: limits.banks]:
        files: list[str] = []
        with contextlib.suppress(OSError):
            files = sorted(entry.name for entry in os.scandir(folder / name) if _is_sound(entry.name))
        if len(files) > limits.files:
            message = f"the bank {folder / name} has {len(files)} files, more than {limits.files}: the rest is left out"
            errors.append(SampleError(message))
        if files:
            yield name, tuple(folder / name / file for file in files[: limits.files])


def _is_sound(name: str) -> bool:
    return not name.startswith(".") and Path(name).suffix.lower() in SUFFIXES


def _converted(sound: soundfile.SoundFile, path: Path, cache_dir: Path) -> BufferSpec:
    """A copy with 1 or 2 channels as 32-bit float WAV. More channels are folded: odd ones left, even ones right."""
    import soundfile as files

    stat = path.stat()
    text = f"2\0{path}\0{stat.st_size}\0{stat.st_mtime_ns}"
    channels = min(2, int(sound.channels))
    target = cache_dir / f"{hashlib.sha256(text.encode(errors='surrogateescape')).hexdigest()[:24]}.wav"
    frames = int(sound.frames)
    if not target.is_file():
        cache_dir.mkdir(parents=True, exist_ok=True)
        aside = target.with_name(f".{target.name}.{os.getpid()}.part")
        try:
            with files.SoundFile(aside, "w", int(sound.samplerate), channels, "FLOAT", format="WAV") as copy:
                for block in sound.blocks(_BLOCK_FRAMES, dtype="float32", always_2d=True):
                    copy.write(block if sound.channels <= 2 else _folded(block))
            aside.replace(target)
        finally:
            aside.unlink(missing_ok=True)
    info = files.info(target)
    frames = int(info.frames)
    if frames < 1:
        target.unlink(missing_ok=True)
        raise SampleError(f"{path} holds no sound", hint="delete it, or record it anew")
    return BufferSpec(target, frames, channels, int(info.samplerate))


def _folded(block: Block) -> Block:
    """Channels 1, 3, 5... averaged to the left, 2, 4, 6... to the right."""
    import numpy

    left, right = block[:, 0::2].mean(axis=1), block[:, 1::2].mean(axis=1)
    return numpy.stack([left, right], axis=1).astype(numpy.float32)


def resolve(name: str, catalogue: Catalogue, samples: Mapping[str, Bank]) -> Definition | Bank:
    """What a name in a pattern means: the player's own bank, else a synthdef or its alias, else another bank.

    Raises:
        UnknownNameError: when it means nothing; the hint names the nearest.
    """
    bank = samples.get(name)
    if bank is not None and bank.is_own:
        return bank
    definition = catalogue.find(name)
    if definition is not None:
        return definition
    if bank is not None:
        return bank
    near = nearest(name, [*catalogue.names(), *samples])
    hint = f"did you mean {near}?" if near else "it is neither a synthdef nor a folder of samples"
    raise UnknownNameError(f"there is no sound {name!r}", hint=hint)
