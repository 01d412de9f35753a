"""A generator as an archive: checked when it is read, the same bytes whenever the same files are packed.

What names a version is the SHA-256 of its canonical tar, not of the gzip file around it: compressors differ.
"""

import gzip
import hashlib
import io
import os
import shutil
import stat
import tarfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Final

from marmalade_sc.errors import ArchiveError
from marmalade_sc.generators.tar import Entry, Limits, checked_parts, entries, unzipped

__all__ = ["File", "Limits", "Tree", "pack", "read_archive", "read_folder", "unpack"]

_LEFT_OUT: Final = frozenset({"__pycache__", "node_modules"})


@dataclass(frozen=True, slots=True)
class File:
    """A file of a generator."""

    data: bytes
    is_executable: bool = False


@dataclass(frozen=True)
class Tree:
    """The files of a generator by their path, in the order of the paths' bytes. Every path has been checked."""

    files: Mapping[str, File]

    @classmethod
    def of(cls, files: Mapping[str, File], limits: Limits = Limits()) -> "Tree":  # noqa: B008  a frozen value
        """A tree of these files.

        Raises:
            ArchiveError: a name may not be, two clash, or it is too large.
        """
        return tree_of(
            (
                Entry(tuple(path.split("/")), memoryview(file.data), False, file.is_executable)
                for path, file in _checked_names(files, limits)
            ),
            limits,
        )

    @cached_property
    def canonical(self) -> bytes:
        """The tar that is hashed and signed: sorted, mode 644 or 755, without times and owners; pax for long names."""
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
            for path, file in self.files.items():
                info = tarfile.TarInfo(path)
                info.size = len(file.data)
                info.mode = 0o755 if file.is_executable else 0o644
                tar.addfile(info, io.BytesIO(file.data))
        return out.getvalue()

    @cached_property
    def sha256(self) -> str:
        """64 hexadecimal digits that name this version."""
        return hashlib.sha256(self.canonical).hexdigest()

    @cached_property
    def entry_point(self) -> str:
        """The first executable file by name, of those not in a folder.

        Raises:
            ArchiveError: there is none.
        """
        for path, file in self.files.items():
            if file.is_executable and "/" not in path:
                return path
        raise ArchiveError(
            "The generator has no executable file", hint="Make its program executable: chmod +x, then pack it again."
        )


def read_archive(packed: bytes, limits: Limits = Limits()) -> Tree:  # noqa: B008  a frozen value
    """The files of a `.tgz`, in the one folder that it has, or at its top.

    Raises:
        ArchiveError: it is not what a generator's archive may be; the message says why.
    """
    return tree_of(entries(unzipped(packed, limits), limits), limits)


def tree_of(found: Iterable[Entry], limits: Limits) -> Tree:
    """The tree of some entries.

    Raises:
        ArchiveError: two names are one to some file system, one is a file and a folder, or there are too many.
    """
    files: dict[tuple[str, ...], Entry] = {}
    kinds: dict[tuple[str, ...], tuple[tuple[str, ...], bool]] = {}
    total = 0
    for entry in found:
        if not entry.parts:
            continue
        for length in range(1, len(entry.parts) + 1):
            is_folder = entry.is_folder or length < len(entry.parts)
            parts = entry.parts[:length]
            folded = tuple(part.casefold() for part in parts)
            other, was_folder = kinds.setdefault(folded, (parts, is_folder))
            if other != parts:
                raise ArchiveError(f"{'/'.join(other)!r:.80} and {entry.path!r:.80} differ in case only")
            if was_folder != is_folder:
                raise ArchiveError(f"{'/'.join(parts)!r:.80} is both a file and a folder")
        if len(kinds) > limits.entries:
            raise ArchiveError("The archive has too many entries", hint=f"It may have {limits.entries}.")
        if entry.is_folder:
            continue
        if entry.parts in files:
            raise ArchiveError(f"{entry.path!r:.80} is there twice")
        total += len(entry.data)
        if total > limits.unpacked:
            raise ArchiveError("The archive is too large", hint=f"It may unpack to {limits.unpacked >> 20} MiB.")
        files[entry.parts] = entry
    if not files:
        raise ArchiveError("The archive holds no files")
    inner = 0  # folders that hold all there is name nothing: without them the same files are the same tree
    while all(len(parts) > inner + 1 for parts in files) and len({parts[inner] for parts in files}) == 1:
        inner += 1
    rows = {"/".join(parts[inner:]): File(bytes(each.data), each.is_executable) for parts, each in files.items()}
    return Tree(MappingProxyType(dict(sorted(rows.items(), key=lambda row: row[0].encode()))))


def _checked_names(files: Mapping[str, File], limits: Limits) -> Iterable[tuple[str, File]]:
    for path, file in files.items():
        checked_parts(path, limits)
        yield path, file


def pack(tree: Tree) -> bytes:
    """The `.tgz` of a tree: its canonical tar, gzipped without a time or a name."""
    return gzip.compress(tree.canonical, compresslevel=9, mtime=0)


def read_folder(folder: Path, limits: Limits = Limits()) -> Tree:  # noqa: B008  a frozen value
    """The files of a folder as they would be packed. Names that begin with a point, `~` copies and caches stay out.

    Raises:
        ArchiveError: a name may not be, something is neither file nor folder, or it cannot be read.
    """
    files: dict[str, File] = {}
    try:
        _gather(folder, "", files, limits)
    except OSError as error:
        raise ArchiveError(f"{error.filename or folder} cannot be read: {error.strerror}") from error
    return Tree.of(files, limits)


def _gather(folder: Path, prefix: str, files: dict[str, File], limits: Limits) -> None:
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") or path.name.endswith(("~", ".pyc")) or path.name in _LEFT_OUT:
            continue
        status = path.lstat()
        name = f"{prefix}{path.name}"
        if stat.S_ISDIR(status.st_mode):
            if name.count("/") >= limits.depth:
                raise ArchiveError(f"{name!r:.80} is {limits.depth} folders deep")
            _gather(path, f"{name}/", files, limits)
        elif stat.S_ISREG(status.st_mode):
            if len(files) >= limits.entries or status.st_size > limits.file:
                raise ArchiveError(f"{path} is too much", hint=f"A generator has {limits.entries} files at most.")
            files[name] = File(path.read_bytes(), bool(status.st_mode & 0o100))
        else:
            raise ArchiveError(f"{path} is neither a file nor a folder", hint="Replace links by what they point to.")


def unpack(tree: Tree, folder: Path) -> None:
    """Write a tree into a folder that does not exist yet, for everybody to read: an instance may be another user.

    Keep its parents to yourself (0700). The folder is made first and synced, and never made twice: it is the record
    that its instance was accepted. What cannot be written whole was not: once there is room it may be asked for again.

    Raises:
        FileExistsError: the folder is there already.
        ArchiveError: it cannot be written.
    """
    is_ours = False
    try:
        folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder.mkdir(mode=0o755)
        is_ours = True
        folder.chmod(0o755)  # whatever the umask
        _sync(folder.parent)
        made: set[Path] = set()
        for path, file in tree.files.items():
            target = folder / path
            for parent in [*target.relative_to(folder).parents][-2::-1]:
                if parent not in made:
                    (folder / parent).mkdir(mode=0o755)
                    (folder / parent).chmod(0o755)
                    made.add(parent)
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            with os.fdopen(os.open(target, flags, 0o600), "wb") as out:
                out.write(file.data)
                os.fchmod(out.fileno(), 0o555 if file.is_executable else 0o444)
        _sync(folder)
    except FileExistsError as error:
        raise FileExistsError(f"{folder} is there already") from error
    except OSError as error:
        if is_ours:
            shutil.rmtree(folder, ignore_errors=True)
        raise ArchiveError(f"{folder} cannot be written: {error.strerror}") from error


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
