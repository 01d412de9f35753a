"""Messages as bytes: one way to write each, so that nothing can be read in two ways. Pure.

A message is its kind (one byte), then its fields in the order of its class, each behind its length (two bytes, big
endian). What a field may hold is said by its codec, which checks before anything is done with it.
"""

import math
import re
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar, Final, TypeVar

from marmalade_sc.errors import IdError
from marmalade_sc.ids import GeneratorId, check_name
from marmalade_sc.peers.refusals import refused

__all__ = [
    "ADDRESS",
    "ADDRESSES",
    "BLOB",
    "BLOBS",
    "CONTROLS",
    "Codec",
    "GENERATOR",
    "HASH",
    "JAM_ID",
    "KEY",
    "MARKS",
    "Message",
    "NAME",
    "NUMBER",
    "REAL",
    "SIGNATURE",
    "TEXT",
    "decode",
    "encode",
    "fields_of",
    "joined",
    "one_of",
    "parts_in",
    "wire",
]

_LONGEST_FIELD: Final = 0xFFFF
_MOST_ADDRESSES: Final = 4
_MOST_CONTROLS: Final = 32
_HOST: Final = r"(?:[0-9]{1,3}(?:\.[0-9]{1,3}){3}|\[[0-9A-Fa-f:.]{2,45}\]|[a-z0-9](?:[a-z0-9.-]{0,98}[a-z0-9])?)"
_ADDRESS: Final = re.compile(rf"https?://{_HOST}:[1-9][0-9]{{0,4}}")


@dataclass(frozen=True, slots=True)
class Codec:
    """One kind of value: to bytes and back. `decode` raises PeerError for what the kind may not be.

    Attributes:
        name: for the reference.
        doc: what its bytes are, in words.
    """

    name: str
    doc: str
    encode: Callable[[Any], bytes]
    decode: Callable[[bytes], Any]


class Message:
    """Base of all messages: a frozen dataclass whose fields each have a codec. `KIND` is its byte on the wire."""

    KIND: ClassVar[int]


M = TypeVar("M", bound=Message)


def wire(codec: Codec) -> Any:
    """A field of a message."""
    return field(metadata={"codec": codec})


_FIELDS: Final[dict[type, tuple[tuple[str, Codec], ...]]] = {}


def fields_of(kind: type[Message]) -> tuple[tuple[str, Codec], ...]:
    """Names and codecs of a message's fields, in their order on the wire."""
    if kind not in _FIELDS:
        _FIELDS[kind] = tuple((each.name, each.metadata["codec"]) for each in fields(kind))  # type: ignore[arg-type]
    return _FIELDS[kind]


def parts_of(message: Message) -> list[bytes]:
    """The bytes of each field, without lengths. Raises PeerError for a value that may not travel."""
    parts = [codec.encode(getattr(message, name)) for name, codec in fields_of(type(message))]
    for (_, codec), part in zip(fields_of(type(message)), parts, strict=True):
        if len(part) > _LONGEST_FIELD:
            raise refused("malformed", "a field is too long")
        codec.decode(part)  # we never send what we would not take
    return parts


def encode(message: Message) -> bytes:
    """A message as bytes. Raises PeerError for a value that may not travel."""
    return joined(message.KIND, parts_of(message))


def joined(kind: int, parts: Sequence[bytes]) -> bytes:
    """Parts of fields as they travel, behind the byte of their kind."""
    return bytes([kind]) + b"".join(struct.pack(">H", len(part)) + part for part in parts)


def parts_in(data: bytes, tail: int = 0) -> list[bytes]:
    """The parts of fields in a message that `decode` has read."""
    end, place, parts = len(data) - tail, 1, []
    while place < end:
        (length,) = struct.unpack_from(">H", data, place)
        place += 2 + length
        parts.append(data[place - length : place])
    return parts


def decode(data: bytes, kinds: Sequence[type[M]], tail: int = 0) -> M:
    """The message that `data` is, one of `kinds`; the last `tail` bytes are no part of it.

    Raises:
        PeerError: it is none of them, or has one byte too many or too few.
    """
    kind = next((each for each in kinds if data and data[0] == each.KIND), None)
    if kind is None:
        raise refused("malformed", "a message of an unknown kind")
    end, place, values = len(data) - tail, 1, []
    for name, codec in fields_of(kind):
        if place + 2 > end:
            raise refused("malformed", f"the field {name} is missing")
        (length,) = struct.unpack_from(">H", data, place)
        place += 2 + length
        if place > end:
            raise refused("malformed", f"the field {name} is cut off")
        values.append(codec.decode(data[place - length : place]))
    if place != end:
        raise refused("malformed", "there are bytes behind the last field")
    return kind(*values)


# Codecs


def _exactly(count: int) -> Callable[[bytes], bytes]:
    def check(data: bytes) -> bytes:
        if len(data) != count:
            raise refused("malformed", f"{len(data)} bytes where {count} are due")
        return data

    return check


def _text(data: bytes) -> str:
    try:
        found = data.decode("utf-8")
    except UnicodeDecodeError:
        raise refused("malformed", "a text is not UTF-8") from None
    if not found.isprintable() or len(found) > 200:
        raise refused("malformed", "a text holds what cannot be printed, or is too long")
    return found


def _name(data: bytes) -> str:
    found = _text(data)
    if found:
        try:
            check_name(found)
        except IdError as error:
            raise refused("malformed", error.message) from None
    return found


def _generator(data: bytes) -> str:
    try:
        return str(GeneratorId.parse(_text(data)))
    except IdError as error:
        raise refused("malformed", error.message) from None


def _address(data: bytes) -> str:
    found = _text(data)
    if found and (not _ADDRESS.fullmatch(found) or int(found.rpartition(":")[2]) > 65535):
        raise refused("malformed", f"{found!r:.60} is no address")
    return found


def _number(data: bytes) -> int:
    return int.from_bytes(_exactly(8)(data), "big")


def _real(data: bytes) -> float:
    found = float(struct.unpack(">d", _exactly(8)(data))[0])
    if not math.isfinite(found):
        raise refused("malformed", "a number is not finite")
    return found


def _from_number(value: int) -> bytes:
    if not 0 <= value < 1 << 64:
        raise refused("malformed", "a number is out of range")
    return value.to_bytes(8, "big")


def _split(data: bytes, most: int) -> list[bytes]:
    found: list[bytes] = []
    place = 0
    while place < len(data):
        if place + 2 > len(data) or len(found) >= most:
            raise refused("malformed", "a list is cut off, or too long")
        (length,) = struct.unpack_from(">H", data, place)
        place += 2 + length
        if place > len(data):
            raise refused("malformed", "a list is cut off")
        found.append(data[place - length : place])
    return found


def _joined(parts: Sequence[bytes]) -> bytes:
    return b"".join(struct.pack(">H", len(part)) + part for part in parts)


def _addresses(data: bytes) -> tuple[str, ...]:
    found = tuple(_address(part) for part in _split(data, _MOST_ADDRESSES))
    if "" in found or len(set(found)) != len(found):
        raise refused("malformed", "an address is empty, or there twice")
    return found


def _controls(data: bytes) -> tuple[tuple[str, float], ...]:
    parts = _split(data, 2 * _MOST_CONTROLS)
    if len(parts) % 2:
        raise refused("malformed", "a control has no value")
    names = tuple(_name(part) for part in parts[::2])
    if "" in names or list(names) != sorted(set(names)):
        raise refused("malformed", "controls are not sorted by name, or there twice")
    return tuple(zip(names, map(_real, parts[1::2]), strict=True))


def _from_controls(value: tuple[tuple[str, float], ...]) -> bytes:
    return _joined([part for name, number in value for part in (name.encode(), struct.pack(">d", number))])


def _marks(data: bytes) -> tuple[bytes, ...]:
    if len(data) % 8:
        raise refused("malformed", "marks have 8 bytes each")
    return tuple(data[place : place + 8] for place in range(0, len(data), 8))


def one_of(*words: str) -> Codec:
    """A text that is one of `words`."""

    def check(data: bytes) -> str:
        found = _text(data)
        if found not in words:
            raise refused("malformed", f"{found!r:.40} is none of {', '.join(words)}")
        return found

    return Codec("word", "one of " + ", ".join(f"`{word}`" for word in words), lambda value: str(value).encode(), check)


def _utf8(value: str) -> bytes:
    return value.encode()


TEXT: Final = Codec("text", "UTF-8, printable, at most 200 characters", _utf8, _text)
NAME: Final = Codec("name", "`[A-Za-z0-9][A-Za-z0-9_-]{0,63}`, or nothing", _utf8, _name)
GENERATOR: Final = Codec("generator", "`<player ID>:<name>`", _utf8, _generator)
ADDRESS: Final = Codec("address", "`https://host:port` or `http://host:port`, or nothing", _utf8, _address)
ADDRESSES: Final = Codec(
    "addresses",
    "at most 4 different addresses, each behind its length (2 bytes)",
    lambda value: _joined([each.encode() for each in value]),
    _addresses,
)
NUMBER: Final = Codec("number", "8 bytes, unsigned", _from_number, _number)
REAL: Final = Codec("real", "8 bytes, IEEE 754 double, finite", lambda value: struct.pack(">d", value), _real)
KEY: Final = Codec("key", "32 bytes, a raw Ed25519 public key", bytes, _exactly(32))
HASH: Final = Codec("hash", "32 bytes, SHA-256", bytes, _exactly(32))
JAM_ID: Final = Codec("jam id", "16 bytes", bytes, _exactly(16))
SIGNATURE: Final = Codec("signature", "64 bytes, Ed25519", bytes, _exactly(64))
BLOB: Final = Codec("bytes", "anything", bytes, bytes)
BLOBS: Final = Codec(
    "list", "at most 64 byte strings, each behind its length (2 bytes)", _joined, lambda data: tuple(_split(data, 64))
)
MARKS: Final = Codec("marks", "8 bytes each", b"".join, _marks)
CONTROLS: Final = Codec(
    "controls",
    "at most 32 pairs, sorted by name: the name, then the value as a real, each behind its length (2 bytes)",
    _from_controls,
    _controls,
)
