"""The one that builds synthdefs: scans folders, builds what is new, and rebuilds what is saved.

It lives in a process of its own, with one thread, and never in the engine's or the live host's.
"""

import contextlib
import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from marmalade_sc.errors import SynthDefError
from marmalade_sc.synthdefs.build import Limits, build_in_child
from marmalade_sc.synthdefs.cache import Cache, framework_version, source_key
from marmalade_sc.synthdefs.catalogue import Catalogue
from marmalade_sc.synthdefs.metadata import Definition, is_name
from marmalade_sc.synthdefs.watch import Inotify, Polling, Settling, Stamp, Waker, changed, snapshot

__all__ = ["Built", "Event", "Failed", "Foundry", "Removed"]

#: A file that is missing may be on its way back (renamed away, written anew), an empty one may be filled.
_GRACE_S = 0.2
#: A file that fails while it is written anew, over and over, is told of as failing after this time.
_LONGEST_WAIT_S = 1.0
#: Folders are compared this often even where nothing was heard: inotify is silent on some file systems.
_SAFETY_S = 1.0
#: Old builds are looked for after so many new ones; listing the cache takes some milliseconds.
_PRUNED_EACH = 100
#: A synthdef's text beyond this is not one.
_LONGEST_SOURCE = 1 << 20


@dataclass(frozen=True, slots=True)
class Built:
    """A synthdef that is to be loaded and used from now on; `data_path` holds its bytes.

    `elapsed_s` is from the first sign of the save to this event.
    """

    definition: Definition
    data_path: Path
    elapsed_s: float


@dataclass(frozen=True, slots=True)
class Failed:
    """A file that does not build. What its name meant before, it means still."""

    file: Path
    error: SynthDefError
    elapsed_s: float


@dataclass(frozen=True, slots=True)
class Removed:
    """A name that means nothing any more: its last file went. Notes that sound ring out."""

    name: str
    file: Path


Event = Built | Failed | Removed


@dataclass(frozen=True, slots=True)
class _File:
    """What is known of one file: the digest of the text last tried, and the last version that was good."""

    digest: str
    definition: Definition | None
    error: SynthDefError | None


def _stamp(path: Path) -> Stamp | None:
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_mtime_ns, stat.st_size, stat.st_ino


class Foundry:
    """Keeps the synthdefs of some folders built. Not safe for threads; blocks while it builds.

    Args:
        folders: in falling priority: of two files of one name, the earlier folder's is used. The player's own
            folder comes first, then others, then `catalogue.bundled_folder()`.
        cache_dir: where builds and `catalogue.json` are kept.
        limits: of one build.
        now: seconds that never go back.
        is_polling: True never uses inotify.
    """

    def __init__(
        self,
        folders: Sequence[Path],
        cache_dir: Path,
        *,
        limits: Limits | None = None,
        now: Callable[[], float] = time.monotonic,
        is_polling: bool = False,
    ) -> None:
        self.folders = tuple(folders)
        self.cache = Cache(cache_dir)
        self._limits = limits or Limits()
        self._now = now
        self._version = framework_version()
        self._files: dict[Path, _File] = {}
        self._stamps: dict[Path, Stamp] = {}
        self._settling = Settling()
        self._catalogue = Catalogue.of([])
        self._compared = now()
        self._built = 0
        self._waker: Waker = Polling()
        if not is_polling:
            with contextlib.suppress(OSError):  # no inotify here, or a folder is missing: poll
                self._waker = Inotify(self.folders)

    @property
    def catalogue(self) -> Catalogue:
        """The synthdefs as of the last `scan` or `poll`."""
        return self._catalogue

    @property
    def catalogue_path(self) -> Path:
        """Where the catalogue is written after every change, for those that read it without us."""
        return self.cache.folder / "catalogue.json"

    @property
    def failures(self) -> dict[Path, SynthDefError]:
        """The files whose text now does not build, with why."""
        return {path: file.error for path, file in self._files.items() if file.error is not None}

    def warm(self) -> None:
        """Imports supriya (0.3 s once), so that the next build need not. Call it when nothing waits."""
        import marmalade_sc.synthdefs.compile  # noqa: F401  # for its effect: children inherit it

    def scan(self, step: Callable[[], None] = lambda: None) -> Catalogue:
        """Reads all folders, builds what the cache does not have, and returns the catalogue.

        Files that fail are in `failures`. Imports supriya only when something must be built.

        Args:
            step: called after each file.
        """
        self._stamps = snapshot(self.folders)
        self._files = {path: file for path, file in self._files.items() if path in self._stamps}
        for path in self._stamps:
            source = self._read(path)
            if source is None:
                self._files.pop(path, None)
            else:
                self._files[path] = self._tried(self._files.get(path), path, source)
            step()
        self._settle_catalogue()
        self._prune()
        return self._catalogue

    def poll(self, timeout_s: float) -> list[Event]:
        """Waits up to `timeout_s` for files to be saved; returns what came of it (builds included), or nothing."""
        self.warm()
        deadline = self._now() + timeout_s
        while True:
            now = self._now()
            events = [event for path, first in self._settling.due(now) for event in self._handle(path, first)]
            if events or now >= deadline:
                return events
            rest = [deadline - now, max(0.0, self._compared + _SAFETY_S - now)]
            waiting = self._settling.wait_s(now)
            touched = self._waker.wait(min(rest if waiting is None else [*rest, waiting]))
            self._compare(touched)

    def close(self) -> None:
        """Stops watching; may be called twice."""
        self._waker.close()

    def _compare(self, touched: set[Path]) -> None:
        now = self._now()
        is_polling = isinstance(self._waker, Polling)
        if touched or is_polling or now - self._compared >= _SAFETY_S:
            after = snapshot(self.folders)
            touched = touched | changed(self._stamps, after)
            self._stamps, self._compared = after, now
        for path in touched:
            self._settling.touch(path, now)

    def _handle(self, path: Path, first: float) -> list[Event]:
        """What a quiet file means. A missing or empty one, or one that is being written again, is waited for."""
        now = self._now()
        stamp = _stamp(path)  # before the reading: a save that begins between the two is one that came later
        source = self._read(path)
        if not source and now - first < _GRACE_S:
            self._wait_for(path, first, first + _GRACE_S - now)
            return []
        before = self._catalogue
        old = self._files.get(path)
        if source is None:
            self._files.pop(path, None)
        else:
            new = self._tried(old, path, source)
            if new.error is not None and _stamp(path) != stamp and self._now() - first < _LONGEST_WAIT_S:
                self._wait_for(path, first, 0.0)  # a save has begun meanwhile: what failed was half of one
                return []
            self._files[path] = new
        new_or_none = self._files.get(path)
        if new_or_none is old:
            return []
        self._settle_catalogue()
        if self._built >= _PRUNED_EACH:
            self._prune()
        return self._told(path, before, old, new_or_none, self._now() - first)

    def _told(
        self, path: Path, before: Catalogue, old: _File | None, new: _File | None, elapsed_s: float
    ) -> list[Event]:
        """What is to be said of a file that went from `old` to `new`."""
        events: list[Event] = []
        if new is not None and new.error is not None:
            events.append(Failed(path, new.error, elapsed_s))
        is_mended = old is not None and old.error is not None and new is not None and new.error is None
        for name in {path.stem, *before.definitions, *self._catalogue.definitions}:
            was, is_now = before.definitions.get(name), self._catalogue.definitions.get(name)
            if is_now is not None and (is_now != was or (is_mended and is_now.file == str(path))):
                events.append(Built(is_now, self.cache.data_path(is_now), elapsed_s))
            elif is_now is None and was is not None:
                events.append(Removed(name, path))
        return events

    def _wait_for(self, path: Path, first: float, grace_s: float) -> None:
        self._settling.touch(path, self._now(), grace_s=grace_s)
        self._settling.first_touch(path, first)

    def _read(self, path: Path) -> bytes | SynthDefError | None:
        """The file's text in bytes, why it cannot be had, or None where there is no such file."""
        try:
            return path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            return SynthDefError(f"{path} cannot be read: {error.strerror}")

    def _tried(self, old: _File | None, path: Path, source: bytes | SynthDefError) -> _File:
        """What is known of a file with that text: by the cache or by a build; `old` itself where nothing is new."""
        kept = None if old is None else old.definition
        if isinstance(source, SynthDefError):
            return _File("", kept, source)
        digest = hashlib.sha256(source).hexdigest()
        if old is not None and old.digest == digest:
            return old
        try:
            return _File(digest, self._build(path, source), None)
        except SynthDefError as error:
            return _File(digest, kept, error)

    def _build(self, path: Path, source: bytes) -> Definition:
        if not is_name(path.stem):
            raise SynthDefError(f"{path.name} cannot name a synthdef", hint="use a-z, 0-9 and _, a letter first")
        if len(source) > _LONGEST_SOURCE:
            raise SynthDefError(f"{path.name} has {len(source)} bytes; a synthdef's file has 1 MiB at most")
        try:
            text = source.decode()
        except UnicodeDecodeError as error:
            raise SynthDefError(f"{path.name} is not UTF-8 text (byte {error.start})") from error
        key = source_key(source, path.stem, self._version)
        found = self.cache.get(key)
        if found is None:
            self.warm()
            built = build_in_child(text, path, self._limits, self._now)
            found = built.definition
            self._built += 1
            try:
                self.cache.put(key, found, built.data)
            except OSError as error:
                raise SynthDefError(
                    f"{path.name} is built but cannot be kept: {error.strerror}",
                    hint=f"make room in {self.cache.folder}",
                ) from error
        return found.in_file(str(path))

    def _prune(self) -> None:
        self._built = 0
        with contextlib.suppress(OSError):
            self.cache.prune(frozenset(definition.hash for definition in self._catalogue))

    def _settle_catalogue(self) -> None:
        order = {folder: place for place, folder in enumerate(self.folders)}
        ranked = sorted(self._files, key=lambda path: (order[path.parent], path.name))
        definitions = [self._files[path].definition for path in ranked]
        self._catalogue = Catalogue.of([definition for definition in definitions if definition is not None])
        with contextlib.suppress(OSError):  # a full disk: readers keep the old catalogue, events still tell
            self._catalogue.save(self.catalogue_path)
