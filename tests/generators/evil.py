"""Archives that nobody should unpack, made byte by byte; some need what no well-behaved library would write."""

import functools
import gzip
import io
import os
import tarfile
import zlib
from collections.abc import Callable, Iterable

__all__ = ["EVIL", "GOOD", "entry", "evil", "gz", "tar"]

PROGRAM = b"#!/bin/sh\necho hello\n"


def entry(
    name: bytes,
    data: bytes = PROGRAM,
    kind: bytes = b"0",
    mode: int = 0o755,
    link: bytes = b"",
    *,
    size: bytes | None = None,
    prefix: bytes = b"",
    magic: bytes = b"ustar\x0000",
    wrong_sum: bool = False,
) -> bytes:
    """One entry of a tar, with its content."""
    header = bytearray(512)
    header[0:100] = name.ljust(100, b"\0")[:100]
    header[100:108] = b"%07o\0" % mode
    header[108:124] = b"0000000\x000000000\x00"
    header[124:136] = size if size is not None else b"%011o\0" % len(data)
    header[136:148] = b"00000000000\0"
    header[148:156] = b" " * 8
    header[156:157] = kind
    header[157:257] = link.ljust(100, b"\0")
    header[257:265] = magic
    header[345:500] = prefix.ljust(155, b"\0")
    header[148:156] = b"%06o\0 " % (sum(header) + int(wrong_sum))
    return bytes(header) + data + b"\0" * (-len(data) % 512)


def tar(*entries: bytes) -> bytes:
    """A whole tar."""
    return b"".join(entries) + b"\0" * 1024


def gz(data: bytes) -> bytes:
    """Gzipped."""
    return gzip.compress(data, mtime=0)


def pax(records: Iterable[tuple[bytes, bytes]], kind: bytes = b"x") -> bytes:
    """A pax header with these records."""
    data = b""
    for key, value in records:
        length = len(key) + len(value) + 3
        while len(str(length)) + len(key) + len(value) + 3 != length:
            length = len(str(length)) + len(key) + len(value) + 3
        data += b"%d %s=%s\n" % (length, key, value)
    return entry(b"PaxHeader", data, kind)


def long_name(name: bytes) -> bytes:
    """A name as GNU tar writes it when it has more than 100 characters."""
    return entry(b"././@LongLink", name + b"\0", b"L")


def by_tarfile(format: int, *names: str) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz", format=format) as file:
        for name in names:
            info = tarfile.TarInfo(name)
            info.mode, info.size = 0o755, len(PROGRAM)
            file.addfile(info, io.BytesIO(PROGRAM))
    return out.getvalue()


@functools.cache
def _thin(size: int) -> bytes:
    """So many MiB, of which an eighth cannot be packed: an archive that is neither large nor suspiciously small."""
    return (os.urandom(8 << 10) + bytes(56 << 10)) * (16 * size)


@functools.cache
def bomb(size: int) -> bytes:
    """A gzip file that unpacks to a tar with one file of zeros; made without ever holding it."""
    head = entry(b"zeros", b"", size=b"%011o\0" % size)
    engine = zlib.compressobj(9, wbits=31)
    parts = [engine.compress(head)]
    for _ in range(size >> 20):
        parts.append(engine.compress(bytes(1 << 20)))
    return b"".join([*parts, engine.compress(bytes(1024)), engine.flush()])


@functools.cache
def entries_bomb(count: int) -> bytes:
    """A gzip file with so many empty files; made without ever holding its tar."""
    engine = zlib.compressobj(1, wbits=31)
    block = entry(b"f", b"") * 2000
    parts = [engine.compress(block) for _ in range(count // 2000)]
    return b"".join([*parts, engine.compress(bytes(1024)), engine.flush()])


ONE = entry(b"run.sh")

GOOD: dict[str, bytes] = {
    "one file": gz(tar(ONE)),
    "in a folder": gz(tar(entry(b"drums/", b"", b"5"), entry(b"drums/run.sh"), entry(b"drums/lib/a.txt", mode=0o644))),
    "begins with ./": gz(tar(entry(b"./", b"", b"5"), entry(b"./run.sh"))),
    "ustar": by_tarfile(tarfile.USTAR_FORMAT, "run.sh"),
    "gnu, long name": by_tarfile(tarfile.GNU_FORMAT, "run.sh", "lib/" + "x" * 120),
    "pax, long name": by_tarfile(tarfile.PAX_FORMAT, "run.sh", "lib/" + "x" * 120),
    "accents": by_tarfile(tarfile.PAX_FORMAT, "run.sh", "träumerei.txt"),
    "harmless pax records": gz(tar(pax([(b"mtime", b"1.5"), (b"SCHILY.xattr.user.a", b"\xff")]), ONE)),
    "padded to 10 KiB": gz(tar(ONE) + bytes(10240)),
    "the old v7 form": gz(tar(entry(b"run.sh", kind=b"\0", magic=bytes(8)))),
    "a prefix": gz(tar(ONE, entry(b"a.txt", prefix=b"lib/inner"))),
}

EVIL: dict[str, tuple[bytes | Callable[[], bytes], str]] = {
    "not gzip": (b"hello", "no gzip"),
    "nothing": (b"", "cut off"),
    "gzip of nothing": (gz(b""), "cut off"),
    "gzip of text": (gz(b"x" * 2000), "no number|sum"),
    "cut gzip": (gz(tar(entry(b"a", os.urandom(5000))))[:-2000], "cut off"),
    "wrong gzip sum": (gz(tar(ONE))[:-8] + bytes(8), "damaged"),
    "a second gzip member": (gz(tar(ONE)) + gz(tar(entry(b"evil"))), "follows"),
    "bytes behind gzip": (gz(tar(ONE)) + b"hidden", "follows"),
    "empty": (gz(bytes(1024)), "no files"),
    "folders only": (gz(tar(entry(b"a/", b"", b"5"))), "no files"),
    "cut tar": (gz(tar(ONE)[:700]), "cut off"),
    "no end": (gz(ONE), "cut off"),
    "bytes behind the end": (gz(tar(ONE) + tar(entry(b"evil"))), "follows"),
    "wrong sum": (gz(tar(entry(b"a", wrong_sum=True))), "sum"),
    "size that is no number": (gz(tar(entry(b"a", size=b"99999999999\0"))), "no number"),
    "size in base 256": (gz(tar(entry(b"a", size=b"\x80" + bytes(10) + b"\x05"))), "base 256"),
    "negative size": (gz(tar(entry(b"a", size=b"\xff" * 12))), "base 256"),
    "size beyond the end": (gz(tar(entry(b"a", size=b"00077777777\0"))), "cut off"),
    "absolute": (gz(tar(entry(b"/tmp/evil"))), "absolute"),
    "absolute by ./": (gz(tar(entry(b".//tmp/evil"))), "straight|absolute"),
    "parent": (gz(tar(entry(b"../evil"))), "leads through"),
    "parent within": (gz(tar(entry(b"a/../../evil"))), "leads through"),
    "parent by prefix": (gz(tar(entry(b"evil", prefix=b".."))), "leads through"),
    "parent by pax": (gz(tar(pax([(b"path", b"../evil")]), entry(b"ok"))), "leads through"),
    "parent by a long name": (gz(tar(long_name(b"../" * 40 + b"evil"), entry(b"ok"))), "leads through"),
    "point within": (gz(tar(entry(b"a/./b"))), "leads through"),
    "double slash": (gz(tar(entry(b"a//b"))), "leads through"),
    "backslash": (gz(tar(entry(b"..\\evil"))), "begins|character"),
    "drive": (gz(tar(entry(b"c:evil"))), "character"),
    "dot file": (gz(tar(entry(b".bashrc"))), "begins"),
    "option": (gz(tar(entry(b"-rf"))), "begins"),
    "home": (gz(tar(entry(b"~/.ssh/key"))), "begins"),
    "trailing point": (gz(tar(entry(b"run.sh."))), "ends"),
    "line end": (gz(tar(entry(b"a\nb"))), "character"),
    "escape": (gz(tar(entry(b"a\x1b[2Jb"))), "character"),
    "written backwards": (gz(tar(entry("a\u202egpj.sh".encode()))), "character"),
    "NUL by pax": (gz(tar(pax([(b"path", b"a\0b")]), entry(b"ok"))), "character"),
    "not UTF-8": (gz(tar(entry(b"a\xff"))), "UTF-8"),
    "separate accents": (gz(tar(entry("e\u0301".encode()))), "NFC"),
    "300 characters": (gz(tar(long_name(b"x" * 300), entry(b"ok"))), "long name"),
    "a long name without end": (gz(tar(long_name(b"x" * 70_000), entry(b"ok"))), "too long"),
    "40 folders deep": (gz(tar(long_name(b"d/" * 40 + b"f"), entry(b"ok"))), "folders deep"),
    "symbolic link": (gz(tar(entry(b"a", b"", b"2", link=b"/etc/passwd"))), "symbolic link"),
    "link to the folder above": (gz(tar(entry(b"a", b"", b"2", link=b".."), entry(b"a/evil"))), "symbolic link"),
    "hard link": (gz(tar(entry(b"a", b"", b"1", link=b"../secret"))), "hard link"),
    "character device": (gz(tar(entry(b"null", b"", b"3"))), "character device"),
    "block device": (gz(tar(entry(b"sda", b"", b"4"))), "block device"),
    "pipe": (gz(tar(entry(b"pipe", b"", b"6"))), "pipe"),
    "sparse, GNU": (gz(tar(entry(b"a", b"", b"S"))), "sparse"),
    "sparse, pax": (gz(tar(pax([(b"GNU.sparse.major", b"1")]), ONE)), "overrides"),
    "size by pax": (gz(tar(pax([(b"size", b"99999999999")]), ONE)), "overrides"),
    "link by pax": (gz(tar(pax([(b"linkpath", b"/etc")]), ONE)), "overrides"),
    "global pax header": (gz(tar(pax([(b"path", b"../evil")], b"g"), ONE)), "global"),
    "pax without an end": (gz(tar(entry(b"PaxHeader", b"30 path=x", b"x"), ONE)), "cannot be read"),
    "pax with a length of 0": (gz(tar(entry(b"PaxHeader", b"0 path=x\n" * 9, b"x"), ONE)), "cannot be read"),
    "unknown kind": (gz(tar(entry(b"a", b"", b"Z"))), "unknown"),
    "setuid": (gz(tar(entry(b"a", mode=0o4755))), "somebody else"),
    "setgid": (gz(tar(entry(b"a", mode=0o2755))), "somebody else"),
    "folder with content": (gz(tar(entry(b"a/", b"xxx", b"5"))), "content"),
    "twice": (gz(tar(ONE, ONE)), "twice"),
    "case": (gz(tar(entry(b"Run.sh"), ONE)), "case only"),
    "case of a folder": (gz(tar(entry(b"Lib/a"), entry(b"lib/b"))), "case only"),
    "sharp s": (gz(tar(entry("straße".encode()), entry(b"strasse"))), "case only"),
    "file and folder": (gz(tar(entry(b"a"), entry(b"a/b"))), "both"),
    "folder and file": (gz(tar(entry(b"a/b"), entry(b"a"))), "both"),
    "2,000 entries": (gz(tar(*(entry(b"f%d" % number, b"") for number in range(2000)))), "too many"),
    "a million entries": (lambda: entries_bomb(1_000_000), "unpacks"),
    "a million headers": (gz(tar(*[long_name(b"x")] * 60_000, ONE)), "too many|unpacks"),
    "a thousand folders in names": (gz(tar(*(entry(b"a%d/b/c" % n, b"") for n in range(500)))), "too many"),
    "100 MiB of zeros": (lambda: bomb(100 << 20), "unpacks"),
    "3,000 headers": (
        lambda: gz(tar(*[long_name(os.urandom(300).hex().encode()) for _ in range(3000)], ONE)),
        "too many",
    ),
    "a file of 33 MiB": (lambda: gz(tar(entry(b"a", _thin(33)))), "'a' has"),
    "11 MiB packed": (os.urandom(11 << 20), "MiB"),
}


def evil(name: str) -> bytes:
    """An archive of EVIL; the largest are made when they are asked for."""
    packed = EVIL[name][0]
    return packed if isinstance(packed, bytes) else packed()
