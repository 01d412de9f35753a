"""Names of sounds that a jam has in common: one register for each, whose value says which bytes it means. Pure.

What travels is WAV of 16 or 24 bits with one or two channels and nothing else in it: it is read here, number by number,
and written anew, so that no reader of sound files but this one ever sees a stranger's bytes.
"""

import io
import json
import re
import wave
from dataclasses import dataclass
from typing import Final

from marmalade_sc.peers.refusals import refused

__all__ = ["ASSET", "LARGEST_ASSET", "MOST_ASSETS", "SharedAsset", "plain_wave", "read_asset"]

ASSET: Final = "asset-"
"""The register's name begins so; the name of the sound follows."""
LARGEST_ASSET: Final = 8 << 20
"""Bytes: 47 s of stereo at 44.1 kHz and 16 bits."""
MOST_ASSETS: Final = 64
_HEADER: Final = 44
_HASH: Final = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class SharedAsset:
    """Which bytes a name means: their SHA-256 in hexadecimal digits, and how many they are."""

    sha256: str
    size: int

    def to_bytes(self) -> bytes:
        """As a register's value."""
        return json.dumps({"sha256": self.sha256, "size": self.size}, sort_keys=True).encode()


def read_asset(data: bytes) -> SharedAsset:
    """What a register holds. Raises PeerError for what is none, or too large."""
    try:
        found = json.loads(data)
        sha256, size = found["sha256"], found["size"]
        if not isinstance(sha256, str) or not _HASH.fullmatch(sha256):
            raise ValueError
        if isinstance(size, bool) or not isinstance(size, int) or not _HEADER < size <= LARGEST_ASSET:
            raise ValueError
    except (ValueError, KeyError, TypeError, RecursionError):
        raise refused("malformed", "a sound that cannot be") from None
    return SharedAsset(sha256, size)


def plain_wave(data: bytes) -> bytes:
    """The same sound with a header of ours and nothing behind it.

    Raises:
        PeerError: it is no WAV of 16 or 24 bits with one or two channels, or holds no sound.
    """
    try:
        with wave.open(io.BytesIO(data)) as source:
            channels, width, rate = source.getnchannels(), source.getsampwidth(), source.getframerate()
            if channels not in (1, 2) or width not in (2, 3) or not 8000 <= rate <= 192_000:
                raise ValueError
            frames = source.readframes(len(data))
    except (wave.Error, EOFError, ValueError, OverflowError, MemoryError, RuntimeError):
        raise refused("malformed", "a sound that is no plain WAV") from None
    whole = len(frames) - len(frames) % (channels * width)
    if not whole:
        raise refused("malformed", "a sound that holds none")
    written = io.BytesIO()
    with wave.open(written, "wb") as target:
        target.setnchannels(channels)
        target.setsampwidth(width)
        target.setframerate(rate)
        target.writeframes(frames[:whole])
    return written.getvalue()
