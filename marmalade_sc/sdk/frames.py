"""A frame: what one generator instance plays within a short window, as one entry of its stream.

An entry has the fields `v, seq, tl_rev, first, last, data`. `data` is a row of sections, each for one track: a header
(kind, length of the track's name, epoch, time, size), the name, the body. Bundles carry jam time; ids in them are
relative to the instance. docs/frames.md is the reference for other languages.
"""

import json
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from marmalade_sc.errors import FrameError

__all__ = [
    "LARGEST_DATA",
    "VERSION",
    "Bundles",
    "Frame",
    "Mix",
    "Release",
    "Section",
    "Swap",
    "TimelineChange",
    "decode_sections",
    "encode_section",
    "join_bundles",
    "section_size",
]

VERSION: Final = 1
LARGEST_DATA: Final = 60_000
"""Bytes of sections in one entry; also below the 65,507 bytes of a UDP datagram."""

_HEAD: Final = struct.Struct(">BxHIQI")
_SIZE: Final = struct.Struct(">I")
_BUNDLES, _SWAP, _RELEASE, _TIMELINE, _MIX = range(5)


@dataclass(frozen=True, slots=True)
class Bundles:
    """Notes of one track and epoch: `body` is length-prefixed OSC bundles, `first` the earliest timetag."""

    track: str
    epoch: int
    first: int
    body: bytes

    def bundles(self) -> Iterator[bytes]:
        """The bundles, in the order they were written.

        Raises:
            FrameError: a length runs past the end.
        """
        at, end = 0, len(self.body)
        while at < end:
            if at + 4 > end:
                raise FrameError("A section ends inside a length")
            size = _SIZE.unpack_from(self.body, at)[0]
            at += 4
            if size < 20 or at + size > end:
                raise FrameError("A section has a bundle with a wrong length")
            yield self.body[at : at + size]
            at += size


@dataclass(frozen=True, slots=True)
class Swap:
    """From jam time `when` on only `epoch` of the track plays: what earlier epochs hold for then is dropped."""

    track: str
    epoch: int
    when: int


@dataclass(frozen=True, slots=True)
class Release:
    """At jam time `when` the track's sound is faded out within `fade_s` seconds and freed; `epoch` comes next."""

    track: str
    epoch: int
    when: int
    fade_s: float = 0.02


@dataclass(frozen=True, slots=True)
class TimelineChange:
    """The jam's timeline from now on, as `Timeline.to_json` writes it."""

    timeline: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Mix:
    """New settings of the track's channel strip at jam time `when` (0: at once): gain, pan, mute, inserts."""

    track: str
    when: int
    settings: Mapping[str, object]


Section = Bundles | Swap | Release | TimelineChange | Mix


@dataclass(frozen=True, slots=True)
class Frame:
    """One window of one instance.

    Attributes:
        seq: grows by one per frame of the instance; a frame that comes twice counts once.
        revision: of the timeline its timetags were made with.
        first, last: the window in jam time, `last` excluded.
    """

    seq: int
    revision: int
    first: int
    last: int
    sections: tuple[Section, ...]

    def fields(self) -> dict[str, bytes | int]:
        """The fields of the stream entry.

        Raises:
            FrameError: the sections need more than LARGEST_DATA bytes; see `split`.
        """
        data = b"".join(map(encode_section, self.sections))
        if len(data) > LARGEST_DATA:
            raise FrameError(f"A frame of {len(data)} bytes is larger than {LARGEST_DATA}; split it")
        return {
            "v": VERSION,
            "seq": self.seq,
            "tl_rev": self.revision,
            "first": self.first,
            "last": self.last,
            "data": data,
        }

    @classmethod
    def read(cls, fields: Mapping[bytes, bytes]) -> "Frame":
        """The frame in a stream entry from anyone.

        Raises:
            FrameError: a field is missing, of another version, too large or breaks the format.
        """
        try:
            if int(fields[b"v"]) != VERSION:
                raise FrameError(f"A frame has version {fields[b'v']!r:.20}, this is {VERSION}")
            data = fields[b"data"]
            numbers = [int(fields[name]) for name in (b"seq", b"tl_rev", b"first", b"last")]
        except (KeyError, ValueError) as error:
            raise FrameError(f"A frame lacks a field or has a wrong one: {error!r:.100}") from error
        if len(data) > LARGEST_DATA:
            raise FrameError(f"A frame of {len(data)} bytes is larger than {LARGEST_DATA}")
        if any(not 0 <= number < 1 << 64 for number in numbers):
            raise FrameError("A frame has a number that is not in 0 to 2**64")
        return cls(numbers[0], numbers[1], numbers[2], numbers[3], tuple(decode_sections(data)))


def join_bundles(bundles: Sequence[bytes]) -> bytes:
    """Bundles as the body of a section: each behind its length."""
    parts = []
    for content in bundles:
        parts.append(_SIZE.pack(len(content)))
        parts.append(content)
    return b"".join(parts)


def encode_section(section: Section) -> bytes:
    """One section as bytes; a row of them is what `decode_sections` reads."""
    if isinstance(section, Bundles):
        return _section(_BUNDLES, section.track, section.epoch, section.first, section.body)
    if isinstance(section, Swap):
        return _section(_SWAP, section.track, section.epoch, section.when, b"")
    if isinstance(section, Release):
        return _section(_RELEASE, section.track, section.epoch, section.when, struct.pack(">f", section.fade_s))
    if isinstance(section, TimelineChange):
        return _section(_TIMELINE, "", 0, 0, json.dumps(section.timeline).encode())
    return _section(_MIX, section.track, 0, section.when, json.dumps(section.settings).encode())


def section_size(section: Section) -> int:
    """Bytes of `encode_section(section)`, without encoding what is large."""
    if isinstance(section, Bundles):
        return _HEAD.size + len(section.track.encode()) + len(section.body)
    return len(encode_section(section))


def _section(kind: int, track: str, epoch: int, when: int, body: bytes) -> bytes:
    name = track.encode()
    return _HEAD.pack(kind, len(name), epoch, when, len(body)) + name + body


def decode_sections(data: bytes) -> Iterator[Section]:
    """The sections in a row of bytes. Raises FrameError where it breaks the format."""
    at, end = 0, len(data)
    while at < end:
        if at + _HEAD.size > end:
            raise FrameError("A frame ends inside a section's header")
        kind, name_size, epoch, when, size = _HEAD.unpack_from(data, at)
        at += _HEAD.size
        if name_size > 64 or at + name_size + size > end:
            raise FrameError("A frame has a section with a wrong length")
        try:
            track = data[at : at + name_size].decode()
            at += name_size
            body = data[at : at + size]
            at += size
            if kind == _BUNDLES:
                yield Bundles(track, epoch, when, body)
            elif kind == _SWAP:
                yield Swap(track, epoch, when)
            elif kind == _RELEASE:
                yield Release(track, epoch, when, min(10.0, max(0.005, struct.unpack(">f", body)[0])))
            elif kind == _TIMELINE:
                yield TimelineChange(_object(body))
            elif kind == _MIX:
                yield Mix(track, when, _object(body))
            else:
                raise FrameError(f"A frame has a section of unknown kind {kind}")
        except (UnicodeDecodeError, struct.error) as error:
            raise FrameError(f"A frame has a broken section: {error!r:.100}") from error


def _object(body: bytes) -> Mapping[str, object]:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise FrameError("A section's settings are not JSON") from error
    if not isinstance(value, dict):
        raise FrameError("A section's settings are not an object")
    return value
