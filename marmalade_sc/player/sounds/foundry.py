"""The process that builds synthdefs and lists samples, and tells the engine what is new. A wiring."""

import contextlib
import os
import signal
from collections.abc import Sequence
from pathlib import Path

from marmalade_sc.errors import SynthDefError
from marmalade_sc.jam.keys import CONTROL
from marmalade_sc.jam.streams import StateLog
from marmalade_sc.player.base import lifeline
from marmalade_sc.player.base.priority import stand_back
from marmalade_sc.player.base.program import run_program
from marmalade_sc.player.base.wiring import Wiring
from marmalade_sc.player.sounds.content import Buffers
from marmalade_sc.settings.places import bundled
from marmalade_sc.synthdefs.catalogue import Catalogue
from marmalade_sc.synthdefs.foundry import Built, Failed, Foundry, Removed
from marmalade_sc.synthdefs.samples import SampleBank

__all__ = ["main"]

_POLL_S = 0.5
_DEEP_EACH = 4
"""Every so many polls the sample files themselves are looked at: 4,000 of them take 20 ms, which is 1 % of a core."""
_KEPT = 200


def main(arguments: list[str]) -> int:
    """Run until SIGTERM; the exit status."""
    wiring = Wiring.read(arguments)
    stopping: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, frame: stopping.append(number))
    lifeline.watch()
    wiring.places.synthdefs.mkdir(parents=True, exist_ok=True)
    wiring.places.samples.mkdir(parents=True, exist_ok=True)
    samples = SampleBank(
        wiring.settings.path("samples.folder", wiring.places.samples),
        [wiring.jam_places.assets],
        wiring.places.root / "cache" / "samples",
    )
    # Before the catalogue: whoever waits for that finds the banks, too. What comes while they are read is seen later.
    watched = [samples.own, *samples.others]
    stamp, deep, polls = _stamp(watched), _deep_stamp(watched), 0
    buffers, banks = Buffers(), _bytes(wiring.banks)
    for complaint in buffers.write(samples, wiring.banks):
        print(complaint, flush=True)
    chosen = wiring.settings.path("synthdefs.folder", wiring.places.synthdefs)
    folders = list(dict.fromkeys([chosen, wiring.places.synthdefs, bundled("synthdefs")]))
    foundry = Foundry(folders, wiring.synthdef_cache)
    before = {*_catalogued(wiring.catalogue)}
    fresh_names = sorted({each.name for each in foundry.scan(lifeline.going_on) if each.hash not in before})
    for path, error in foundry.failures.items():
        print(f"{path.name}: {error}", flush=True)
    news = StateLog(str(wiring.places.events_socket))
    lifeline.ready()
    # Builds want the CPU for 10 ms at a time. The engine waited for the first ones; from now on the music comes first.
    stand_back(5)
    if banks is not None and _bytes(wiring.banks) != banks:
        fresh_names.append("samples")
    if before and fresh_names:
        news.append(wiring.clock.now(), [(CONTROL, {"order": "definitions", "names": fresh_names}, _KEPT)])
    while not stopping:
        events = foundry.poll(_POLL_S)
        polls += 1
        fresh, fresh_deep = _stamp(watched), deep if polls % _DEEP_EACH else _deep_stamp(watched)
        names = [event.definition.name for event in events if isinstance(event, Built)]
        names += [event.name for event in events if isinstance(event, Removed)]
        complaints = [f"{event.file.name}: {event.error}" for event in events if isinstance(event, Failed)]
        if fresh != stamp or fresh_deep != deep:
            stamp, deep = fresh, _deep_stamp(watched)
            complaints += buffers.write(samples, wiring.banks)
            names.append("samples")
        now = wiring.clock.now()
        if names:
            news.append(now, [(CONTROL, {"order": "definitions", "names": names}, _KEPT)])
        if complaints:
            news.append(now, [(CONTROL, {"order": "say", "text": text[:4000]}, _KEPT) for text in complaints])
    foundry.close()
    return 0


def _catalogued(path: Path) -> list[str]:
    """Hashes in the catalogue of the start before."""
    try:
        return [definition.hash for definition in Catalogue.load(path)]
    except (OSError, SynthDefError):
        return []


def _bytes(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None


def _stamp(folders: Sequence[Path]) -> tuple[tuple[str, int], ...]:
    """Names and times of the bank folders: changes when a file comes or goes."""
    found = []
    for folder in folders:
        with contextlib.suppress(OSError), os.scandir(folder) as entries:
            found += [(entry.path, entry.stat().st_mtime_ns) for entry in entries]
    return tuple(sorted(found))


def _deep_stamp(folders: Sequence[Path]) -> int:
    """Changes when a sample is written over in place, which its folder's time does not tell."""
    found = []
    for folder in folders:
        with contextlib.suppress(OSError), os.scandir(folder) as banks:
            for bank in banks:
                with contextlib.suppress(OSError), os.scandir(bank.path) as files:
                    stats = ((file.path, file.stat()) for file in files)
                    found += [(path, stat.st_mtime_ns, stat.st_size) for path, stat in stats]
    return hash(tuple(sorted(found)))


if __name__ == "__main__":
    run_program(main)
