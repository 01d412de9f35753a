"""Tar archives of strangers, read by an own reader that knows little and refuses the rest. Pure: bytes in, files out.

Python's tarfile knows ten kinds of entries, sparse files and two ways to override every field; some versions of 3.11
lack its filter, and others filter wrongly (CVE-2024-12718, CVE-2025-4517). A generator is files and folders, so those
are all that is read here: ustar (POSIX.1-1988), with long names as GNU tar and pax (POSIX.1-2001) write them.
"""

import unicodedata
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from marmalade_sc.errors import ArchiveError

__all__ = ["Entry", "Limits", "checked_parts", "entries", "unzipped"]

_BLOCK: Final = 512
_CHUNK: Final = 1 << 16
_MiB: Final = 1 << 20
_HARMLESS: Final = frozenset({"mtime", "atime", "ctime", "uid", "gid", "uname", "gname", "comment", "charset"})
"""Records of pax headers that change nothing we use."""
_HARMLESS_PREFIXES: Final = ("SCHILY.", "LIBARCHIVE.", "SUN.")
_KINDS: Final = {
    b"1": "a hard link",
    b"2": "a symbolic link",
    b"3": "a character device",
    b"4": "a block device",
    b"6": "a pipe",
    b"7": "a contiguous file",
    b"S": "a sparse file",
    b"K": "the target of a link",
    b"g": "a global pax header",
    b"V": "a volume label",
    b"M": "a part of a file",
    b"D": "a list of a folder",
}


@dataclass(frozen=True, slots=True)
class Limits:
    """How large an archive may be.

    Attributes:
        packed, unpacked, file: bytes of the archive, of the tar within, of one file.
        entries: files and folders.
        ratio: how many times its packed size the tar may have, where it has more than 1 MiB.
        depth: folders within each other.
        path: bytes of a whole name, in UTF-8.
    """

    packed: int = 10 * _MiB
    unpacked: int = 64 * _MiB
    file: int = 32 * _MiB
    entries: int = 1000
    ratio: int = 100
    depth: int = 8
    path: int = 200


@dataclass(frozen=True, slots=True)
class Entry:
    """A file or folder: its name's parts, its bytes (of the tar's own memory), and whether its owner may execute it."""

    parts: tuple[str, ...]
    data: memoryview
    is_folder: bool
    is_executable: bool

    @property
    def path(self) -> str:
        """The name with slashes."""
        return "/".join(self.parts)


def unzipped(packed: bytes, limits: Limits) -> bytes:
    """The tar of a gzip file, which is never given more room than it may have.

    Raises:
        ArchiveError: it is too large either way, damaged, or something follows it.
    """
    if len(packed) > limits.packed:
        raise ArchiveError(
            f"The archive has {len(packed)} bytes", hint=f"It may have {limits.packed >> 20} MiB. Leave samples out."
        )
    room = min(limits.unpacked, max(_MiB, len(packed) * limits.ratio))
    engine = zlib.decompressobj(wbits=31)
    out = bytearray()
    waiting = packed
    try:
        while waiting and not engine.eof:
            out += engine.decompress(waiting, _CHUNK)
            waiting = engine.unconsumed_tail
            if len(out) > room:
                raise ArchiveError(
                    f"The archive unpacks to more than {room} bytes",
                    hint=f"It may unpack to {limits.unpacked >> 20} MiB, and to {limits.ratio} times its packed size.",
                )
    except zlib.error as error:
        raise ArchiveError(f"The archive is no gzip file, or damaged: {error}") from None
    if not engine.eof:
        raise ArchiveError("The archive is cut off: its end is missing")
    if engine.unused_data.strip(b"\0"):
        raise ArchiveError("Something follows the end of the archive", hint="Pack it anew, as one gzip file.")
    return bytes(out)


def entries(tar: bytes, limits: Limits) -> Iterator[Entry]:
    """The files and folders of a tar, in its order. Nothing is checked between entries: see `archive.tree_of`.

    Raises:
        ArchiveError: an entry is something else, has a name that may not be, or does not fit.
    """
    view = memoryview(tar)
    place = count = 0
    long_name = ""
    while True:
        header = view[place : place + _BLOCK]
        if len(header) < _BLOCK:
            raise ArchiveError("The archive is cut off: its last blocks are missing")
        if not any(header):
            break
        place += _BLOCK
        size, kind = _checked(bytes(header))
        data = view[place : place + size]
        if len(data) < size:
            raise ArchiveError("The archive is cut off in the middle of a file")
        place += -(-size // _BLOCK) * _BLOCK
        count += 1
        if count > 2 * limits.entries:
            raise ArchiveError("The archive has too many entries", hint=f"It may have {limits.entries}.")
        if kind == b"L":
            long_name = _long_text(data)
        elif kind == b"x":
            long_name = _pax_path(data) or long_name
        else:
            name = long_name or _name(bytes(header))
            long_name = ""
            yield _entry(name, kind, bytes(header), data, limits)
    if any(view[place:]):
        raise ArchiveError("Something follows the end of the archive's files", hint="Pack it anew.")


def _checked(header: bytes) -> tuple[int, bytes]:
    """Size and kind of an entry whose header's sum is right."""
    total = sum(header) - sum(header[148:156]) + 8 * 0x20
    if _number(header[148:156], "checksum") != total:
        raise ArchiveError("The archive is no tar file, or damaged: the sum of a header is wrong")
    kind = header[156:157]
    size = _number(header[124:136], "size")
    if kind in (b"L", b"x") and size > _CHUNK:
        raise ArchiveError("A header of the archive is too long")
    return size, kind


def _number(field: bytes, what: str) -> int:
    if field[:1] >= b"\x80":
        raise ArchiveError(f"A {what} in the archive is in base 256", hint="No file of a generator is that large.")
    text = field.rstrip(b"\0 ").lstrip(b" ")
    if not text:
        return 0
    if not all(0x30 <= each <= 0x37 for each in text):
        raise ArchiveError(f"A {what} in the archive is no number")
    return int(text, 8)


def _name(header: bytes) -> str:
    name = header[:100].split(b"\0", 1)[0]
    prefix = header[345:500].split(b"\0", 1)[0] if header[257:262] == b"ustar" and header[262:263] == b"\0" else b""
    return _decoded(prefix + b"/" + name if prefix else name)


def _long_text(data: memoryview) -> str:
    text = bytes(data)
    return _decoded(text[:-1] if text.endswith(b"\0") else text)


def _decoded(name: bytes) -> str:
    try:
        return name.decode()
    except UnicodeDecodeError:
        raise ArchiveError(f"The name {name!r:.80} is not UTF-8") from None


def _pax_path(data: memoryview) -> str:
    found = _records(bytes(data))
    for name in found:
        if name != "path" and name not in _HARMLESS and not name.startswith(_HARMLESS_PREFIXES):
            raise ArchiveError(f"The archive overrides {name!r:.40} of a file", hint="Pack it with `generator pack`.")
    return found.get("path", "")


def _records(data: bytes) -> Mapping[str, str]:
    found: dict[str, str] = {}
    place = 0
    while place < len(data):
        space = data.find(b" ", place, place + 12)
        digits = data[place:space] if space > 0 else b""
        length = int(digits) if digits.isdigit() else 0
        record = data[space + 1 : place + length]
        if length <= space - place + 1 or place + length > len(data) or record[-1:] != b"\n" or b"=" not in record:
            raise ArchiveError("A pax header of the archive cannot be read")
        key, _, value = record[:-1].partition(b"=")
        if key.startswith(tuple(each.encode() for each in _HARMLESS_PREFIXES)):  # extended attributes may be any bytes
            value = b""
        found[_decoded(key)] = _decoded(value)
        place += length
    return found


def _entry(name: str, kind: bytes, header: bytes, data: memoryview, limits: Limits) -> Entry:
    mode = _number(header[100:108], "mode")
    if kind not in (b"0", b"\0", b"5"):
        raise ArchiveError(
            f"{name!r:.80} is {_KINDS.get(kind, 'something unknown')}", hint="A generator has files and folders only."
        )
    is_folder = kind == b"5" or (kind == b"\0" and name.endswith("/"))
    if mode & 0o7000 and not is_folder:
        raise ArchiveError(f"{name!r:.80} would run as somebody else (setuid, setgid or sticky bit)")
    if is_folder and len(data):
        raise ArchiveError(f"The folder {name!r:.80} has content")
    if len(data) > limits.file:
        raise ArchiveError(f"{name!r:.80} has {len(data)} bytes", hint=f"A file may have {limits.file >> 20} MiB.")
    return Entry(checked_parts(name, limits), data, is_folder, bool(mode & 0o100))


def checked_parts(name: str, limits: Limits) -> tuple[str, ...]:
    """The parts of a name; of "./" none.

    Raises:
        ArchiveError: no file of a generator may be called so.
    """
    plain = name[2:] if name.startswith("./") else name
    plain = plain[:-1] if plain.endswith("/") else plain
    if plain in ("", "."):
        return ()
    if name.startswith("/"):
        raise ArchiveError(f"{name!r:.80} is an absolute path", hint="Names begin at the generator's own folder.")
    parts = tuple(plain.split("/"))
    for part in parts:
        if part in ("", ".", ".."):
            raise ArchiveError(f"{name!r:.80} leads through {part!r}", hint="Names go straight down.")
        if part.startswith((".", "-", "~", " ")) or part.endswith((" ", ".")):
            raise ArchiveError(f"{name!r:.80} begins or ends as no name of a generator's file may")
        if any(each in '\\:*?"<>|' or not each.isprintable() for each in part):
            raise ArchiveError(f"{name!r:.80} has a character that no name may have")
        if unicodedata.normalize("NFC", part) != part:
            raise ArchiveError(f"{name!r:.80} is written with separate accents (not Unicode NFC)")
    if len(parts) > limits.depth:
        raise ArchiveError(f"{name!r:.80} is {len(parts)} folders deep", hint=f"{limits.depth} are allowed.")
    if len(plain.encode()) > limits.path:
        raise ArchiveError(f"{name!r:.60}... is a long name", hint=f"{limits.path} bytes are allowed.")
    return parts
