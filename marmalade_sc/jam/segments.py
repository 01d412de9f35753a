"""Older points of the jam's series on disk: appended in blocks, found by time, never changed.

A key `tags:ann:drums:one:Context` has a folder `tags/ann/drums/one/Context`; in it `00001.seg` has compressed blocks of
points, `00001.idx` a record of 48 bytes for each block: its first and last stamp, its place, size and count. The block
is written before its record, so what a crash cuts off is not there at all. One process appends, any may read.
"""

import os
import re
import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from marmalade_sc.errors import JamError

__all__ = ["FIRST", "LAST", "Point", "Segments", "Stamp", "after", "before", "series_folder", "stamp_of"]

Stamp = tuple[int, int]
"""Milliseconds of jam time and a counter, as in an entry's id."""
Point = tuple[Stamp, tuple[bytes, ...]]
"""A stamp, and names and values of the entry's fields in turn."""

FIRST: Final[Stamp] = (0, 0)
LAST: Final[Stamp] = ((1 << 64) - 1, (1 << 64) - 1)

_RECORD: Final = struct.Struct(">QQQQQII")
_HEAD: Final = struct.Struct(">QQH")
_SIZE: Final = struct.Struct(">I")
_BLOCK: Final = 256
_LARGEST: Final = 1 << 20
_PART: Final = re.compile(r"[A-Za-z0-9+_-][A-Za-z0-9.+_-]{0,99}")


@dataclass(frozen=True, slots=True)
class _Block:
    first: Stamp
    last: Stamp
    path: Path
    offset: int
    size: int
    count: int


class Segments:
    """See the module.

    Args:
        root: folder of all series.
        most: segments of 1 MiB that one series may have; the oldest goes for one more.
    """

    def __init__(self, root: Path, most: int = 64) -> None:
        self._root = root
        self._most = most
        self._tables: dict[Path, tuple[int, bytes]] = {}

    def has(self, key: str) -> bool:
        """Whether a series has older points."""
        folder = self._folder(key)
        return folder is not None and folder.is_dir()

    def size(self, prefix: str) -> int:
        """Bytes of all series whose keys begin with `prefix`, a row of whole parts."""
        folder = self._folder(prefix.rstrip(":"))
        found = 0
        for path, _, names in os.walk(folder) if folder is not None else ():
            found += sum((Path(path) / name).stat().st_size for name in names if name.endswith((".seg", ".idx")))
        return found

    def append(self, key: str, points: Sequence[Point]) -> None:
        """Add points that are younger than all that is there; older ones are left out.

        Raises:
            JamError: the disk does not take them, or the key cannot name a folder.
        """
        folder = self._folder(key)
        if folder is None:
            raise JamError(f"The series {key!r:.80} cannot be kept on disk: its name cannot be a folder's")
        last = self.last(key)
        fresh = [each for each in points if last is None or each[0] > last]
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for begin in range(0, len(fresh), _BLOCK):
                self._write(folder, fresh[begin : begin + _BLOCK])
        except OSError as error:
            raise JamError(f"{folder} cannot be written: {error.strerror}. Make room there.") from error

    def last(self, key: str) -> Stamp | None:
        """The stamp of the youngest point on disk."""
        blocks = self._numbers(key)[-1:]
        for path in blocks:
            table = self._table(path)
            if len(table) >= _RECORD.size:
                row = _RECORD.unpack_from(table, len(table) - _RECORD.size)
                return (row[2], row[3])
        return None

    def earliest(self, key: str, first: Stamp, last: Stamp, most: int) -> list[Point]:
        """The first `most` points from `first` to `last`, in order."""
        found: list[Point] = []
        for block in self._blocks(key, first, last):
            found += [each for each in _read(block) if first <= each[0] <= last]
            if len(found) >= most:
                break
        return found[:most]

    def latest(self, key: str, first: Stamp, last: Stamp, most: int) -> list[Point]:
        """The last `most` points from `first` to `last`, in order."""
        found: list[Point] = []
        for block in self._blocks_back(key, first, last):
            found = [each for each in _read(block) if first <= each[0] <= last] + found
            if len(found) >= most:
                break
        return found[-most:] if most > 0 else []

    # Inside

    def _folder(self, key: str) -> Path | None:
        parts = key.split(":")
        return self._root.joinpath(*parts) if len(parts) <= 8 and all(map(_PART.fullmatch, parts)) else None

    def _numbers(self, key: str) -> list[Path]:
        folder = self._folder(key)
        try:
            names = os.listdir(folder) if folder is not None else []  # noqa: PTH208  as fast as can be
        except OSError:
            return []
        assert folder is not None
        return [folder / name for name in sorted(names) if name.endswith(".idx")]

    def _table(self, path: Path) -> bytes:
        """Whole records of an index; read again where it has grown."""
        try:
            size = path.stat().st_size // _RECORD.size * _RECORD.size
            known = self._tables.get(path)
            if known is None or known[0] != size:
                known = self._tables[path] = (size, path.read_bytes()[:size])
            return known[1]
        except OSError:
            return b""

    def _blocks(self, key: str, first: Stamp, last: Stamp) -> Iterator[_Block]:
        for path in self._numbers(key):
            table = self._table(path)
            count = len(table) // _RECORD.size
            for number in range(_lower(table, count, first), count):
                block = _block(path, table, number)
                if block.first > last:
                    return
                yield block

    def _blocks_back(self, key: str, first: Stamp, last: Stamp) -> Iterator[_Block]:
        for path in reversed(self._numbers(key)):
            table = self._table(path)
            count = len(table) // _RECORD.size
            for number in range(min(count - 1, _lower(table, count, last)), -1, -1):
                block = _block(path, table, number)
                if block.last < first:
                    return
                if block.first <= last:
                    yield block

    def _write(self, folder: Path, points: Sequence[Point]) -> None:
        indexes = sorted(folder.glob("*.idx"))
        index = indexes[-1] if indexes else folder / "00001.idx"
        data = index.with_suffix(".seg")
        if data.exists() and data.stat().st_size > _LARGEST:
            index = folder / f"{int(index.stem) + 1:05}.idx"
            data = index.with_suffix(".seg")
            for old in indexes[: len(indexes) + 1 - self._most]:
                self._tables.pop(old, None)
                old.unlink(missing_ok=True)
                old.with_suffix(".seg").unlink(missing_ok=True)
        packed = zlib.compress(b"".join(map(_packed, points)), 1)
        with data.open("ab") as file:
            offset = file.tell()
            file.write(packed)
            file.flush()
            os.fdatasync(file.fileno())
        with index.open("r+b" if index.exists() else "wb") as file:
            file.seek(file.seek(0, os.SEEK_END) // _RECORD.size * _RECORD.size)  # over what a crash cut off
            file.write(_RECORD.pack(*points[0][0], *points[-1][0], offset, len(packed), len(points)))


def series_folder(history: Path) -> Path:
    """Where the series of a jam are, in its folder of history."""
    return history / "series"


def stamp_of(identity: bytes, otherwise: int = 0) -> Stamp:
    """A stamp from an id: `-`, `+`, or milliseconds with a counter, which is `otherwise` where it is left out.

    Raises:
        ValueError: it is none.
    """
    if identity == b"-":
        return FIRST
    if identity == b"+":
        return LAST
    milliseconds, _, number = identity.partition(b"-")
    return int(milliseconds), int(number) if number else otherwise


def before(stamp: Stamp) -> Stamp:
    """The stamp before."""
    return (stamp[0], stamp[1] - 1) if stamp[1] else (stamp[0] - 1, LAST[1])


def after(stamp: Stamp) -> Stamp:
    """The stamp behind."""
    return (stamp[0], stamp[1] + 1) if stamp[1] < LAST[1] else (stamp[0] + 1, 0)


def _lower(table: bytes, count: int, stamp: Stamp) -> int:
    """The first block whose last point is not before `stamp`."""
    low, high = 0, count
    while low < high:
        middle = (low + high) // 2
        row = _RECORD.unpack_from(table, middle * _RECORD.size)
        if (row[2], row[3]) < stamp:
            low = middle + 1
        else:
            high = middle
    return low


def _block(path: Path, table: bytes, number: int) -> _Block:
    row = _RECORD.unpack_from(table, number * _RECORD.size)
    return _Block((row[0], row[1]), (row[2], row[3]), path.with_suffix(".seg"), row[4], row[5], row[6])


def _read(block: _Block) -> list[Point]:
    """The points of a block; none where it is damaged or gone."""
    try:
        with block.path.open("rb") as file:
            file.seek(block.offset)
            data = zlib.decompress(file.read(block.size))
        return list(_unpacked(data))
    except (OSError, zlib.error, struct.error):
        return []


def _packed(point: Point) -> bytes:
    stamp, fields = point
    parts = [_HEAD.pack(*stamp, len(fields))]
    for each in fields:
        parts += [_SIZE.pack(len(each)), each]
    return b"".join(parts)


def _unpacked(data: bytes) -> Iterator[Point]:
    at = 0
    while at < len(data):
        ms, number, count = _HEAD.unpack_from(data, at)
        at += _HEAD.size
        fields = []
        for _ in range(count):
            size = _SIZE.unpack_from(data, at)[0]
            at += _SIZE.size
            fields.append(data[at : at + size])
            at += size
        yield (ms, number), tuple(fields)
