"""What can be played, between the processes: the foundry writes catalogue and banks, engine and live host read them."""

import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from marmalade_sc.clock.clocks import wait
from marmalade_sc.engine.definitions import Definitions
from marmalade_sc.errors import SynthDefError
from marmalade_sc.sdk.instruments import Bank, Orchestra, Sample
from marmalade_sc.synthdefs.cache import Cache, write_whole
from marmalade_sc.synthdefs.catalogue import Catalogue
from marmalade_sc.synthdefs.samples import SampleBank

__all__ = [
    "MOST_BUFFERS",
    "Buffers",
    "read_banks",
    "read_catalogue_rows",
    "read_definitions",
    "read_orchestra",
    "stamp_of",
    "wait_for_catalogue",
]

MOST_BUFFERS = 3000
"""Sample files that are loaded; the engine has 4,096 buffers, the rest are its own and the generators'."""


class Buffers:
    """Numbers for sample files: a file keeps its number as long as the foundry runs.

    One that was written anew gets another number: notes on their way name the old one, and sound as they did.
    """

    def __init__(self) -> None:
        self._numbers: dict[tuple[Path, int, int], int] = {}

    def write(self, banks: SampleBank, path: Path) -> list[str]:
        """List all banks with their buffers in the file `path`; returns a sentence per file that cannot be used."""
        rows = []
        found = banks.scan()
        complaints = [error.message for error in banks.errors]
        for name, bank in found.items():
            specs, errors = banks.plan(name)
            complaints += [error.message for error in errors]
            samples = []
            for spec in specs:
                if spec is None:
                    continue
                version = _version(spec.path)
                if version not in self._numbers and len(self._numbers) >= MOST_BUFFERS:
                    complaints.append(
                        f"{spec.path} is one more than the {MOST_BUFFERS} samples (versions that were written over "
                        "count, too) that can be loaded until the player is started anew"
                    )
                    continue
                number = self._numbers.setdefault(version, len(self._numbers))
                samples.append(
                    {
                        "buffer": number,
                        "path": str(spec.path),
                        "channels": spec.channels,
                        "length_s": spec.duration_s,
                    }
                )
            rows.append({"name": name, "preferred": bank.is_own, "samples": samples})
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, json.dumps(rows).encode())
        return complaints


def _version(path: Path) -> tuple[Path, int, int]:
    try:
        stat = path.stat()
    except OSError:  # it went just now; what reads it will say so
        return (path, 0, 0)
    return (path, stat.st_mtime_ns, stat.st_size)


def read_banks(path: Path) -> tuple[tuple[Bank, ...], tuple[tuple[int, Path], ...]]:
    """The banks that `Buffers.write` listed, and the file of each buffer; nothing where there is no such file."""
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return (), ()
    banks = []
    buffers: dict[int, Path] = {}
    for row in rows:
        samples = []
        for each in row["samples"]:
            samples.append(Sample(int(each["buffer"]), int(each["channels"]), float(each["length_s"])))
            buffers[int(each["buffer"])] = Path(each["path"])
        banks.append(Bank(str(row["name"]), tuple(samples), bool(row["preferred"])))
    return tuple(banks), tuple(sorted(buffers.items()))


def wait_for_catalogue(path: Path, timeout_s: float = 30.0, step: Callable[[], None] = lambda: None) -> None:
    """Return when there is a catalogue. At every start but the first there is one, of the start before; the foundry
    says so when it has changed. Engine and live host need not wait for it to be looked at.

    Args:
        timeout_s: how long nothing may be built in the folder of `path`.
        step: called whenever something was.

    Raises:
        SynthDefError: none has appeared, and nothing that it needs.
    """
    deadline, seen = time.monotonic() + timeout_s, stamp_of(path.parent)
    while not path.exists():
        now, found = time.monotonic(), stamp_of(path.parent)
        if found != seen:
            deadline, seen = now + timeout_s, found
            step()
        if now > deadline:
            raise SynthDefError(f"The catalogue of synthdefs has not appeared within {timeout_s:g} s")
        wait(0.01)


def read_orchestra(catalogue: Path, banks: Path) -> Orchestra:
    """Everything that can be played.

    Raises:
        SynthDefError: the catalogue is not there or damaged.
    """
    return Orchestra.from_rows(rows_of(_catalogue(catalogue)), read_banks(banks)[0])


def read_definitions(catalogue: Path, banks: Path, cache: Path) -> Definitions:
    """What scsynth must have loaded. Raises SynthDefError like `read_orchestra`."""
    found = _catalogue(catalogue)
    store = Cache(cache)
    try:
        compiled = tuple(store.data(definition) for definition in found)
    except OSError as error:
        raise SynthDefError(
            f"A compiled synthdef is missing: {error}", hint="Start again: it is built anew."
        ) from error
    return Definitions(tuple(rows_of(found)), compiled, read_banks(banks)[1])


def read_catalogue_rows(path: Path) -> list[Mapping[str, object]]:
    """The rows of the catalogue in a file. Raises SynthDefError where there is none."""
    return rows_of(_catalogue(path))


def rows_of(catalogue: Catalogue) -> list[Mapping[str, object]]:
    """The catalogue as plain rows."""
    return [dict(definition.to_json()) for definition in catalogue]


def _catalogue(path: Path) -> Catalogue:
    try:
        return Catalogue.load(path)
    except OSError as error:
        raise SynthDefError(f"There is no catalogue of synthdefs: {error}") from error


def stamp_of(*paths: Path) -> tuple[int, ...]:
    """When files were written last, in ns since 1970; 0 for those that are not there. It tells that one has changed."""
    found = []
    for path in paths:
        try:
            found.append(path.stat().st_mtime_ns)
        except OSError:
            found.append(0)
    return tuple(found)
