"""Replaying a jam from its event log: what was handed to scsynth, played or rendered again. A wiring."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from marmalade_sc.engine.definitions import Definitions
from marmalade_sc.engine.eventlog import read_event_log
from marmalade_sc.errors import JamError
from marmalade_sc.sdk.frames import Bundles, Frame, Mix, Release, Section, join_bundles
from marmalade_sc.sdk.osc import bundle, read_bundle, read_message
from marmalade_sc.synthdefs.cache import Cache
from marmalade_sc.synthdefs.metadata import Definition

__all__ = ["Replay", "definitions_of", "read_replay"]

_FRAME_NOTES = 100


@dataclass(frozen=True, slots=True)
class Replay:
    """The sections of a session in order of time, each with the jam time at which it is due.

    Attributes:
        begin, end: due times of the first and last note.
        wires: synthdefs that notes name.
    """

    sections: tuple[tuple[int, Section], ...]
    begin: int
    end: int
    wires: frozenset[str]

    def frames(self, shift: int) -> Iterator[tuple[int, Frame]]:
        """(due time of the first section, frame) pairs, moved by `shift`; numbered from 2**40 on."""
        seq = 1 << 40
        for start in range(0, len(self.sections), _FRAME_NOTES):
            part = self.sections[start : start + _FRAME_NOTES]
            seq += 1
            moved = tuple(_moved(section, due + shift) for due, section in part)
            first, last = part[0][0] + shift, part[-1][0] + shift
            yield first, Frame(seq, 0, max(0, first), max(0, last) + 1, moved)


def read_replay(folder: Path, origin: int | None = None) -> Replay:
    """The last session (or the one of `origin`) in a jam's history folder.

    Raises:
        JamError: there is no event log, or nothing in it sounds.
    """
    sections: list[tuple[int, Section]] = []
    wires = set()
    latest = 0
    releases: dict[str, int] = {}
    for found in read_event_log(folder, origin):
        section = found
        if isinstance(section, Bundles):
            # Epochs anew, by the releases that had come when a note was handed over: one that was handed over before
            # a release but lay behind it was never heard.
            section = replace(section, epoch=releases.get(section.track, 0))
            latest = section.first
            for data in section.bundles():
                for content in read_bundle(data)[1]:
                    wires.add(str(read_message(content)[1][0]))
        elif isinstance(section, Release):
            releases[section.track] = releases.get(section.track, 0) + 1
            section = replace(section, epoch=releases[section.track])
            latest = section.when or latest
        elif isinstance(section, Mix):
            latest = section.when or latest
        sections.append((latest, section))
    notes = [due for due, section in sections if isinstance(section, Bundles)]
    if not notes:
        raise JamError(f"Nothing sounds in the event log of {folder}")
    sections.sort(key=lambda pair: pair[0])
    return Replay(tuple(sections), min(notes), max(notes), frozenset(wires))


def definitions_of(replay: Replay, current: Definitions, cache: Path, say: Callable[[str], None]) -> Definitions:
    """`current`, and from the cache the versions of synthdefs that the session used and that were replaced since."""
    have = {f"{row['name']}.{row['hash']}" for row in current.rows}
    missing = set(replay.wires) - have
    store = Cache(cache)
    rows, compiled = list(current.rows), list(current.compiled)
    for path in cache.glob("*.json") if missing else ():
        try:
            definition = Definition.from_json(json.loads(path.read_text(encoding="utf-8")))
            wire = f"{definition.name}.{definition.hash}"
            if wire in missing:
                compiled.append(store.data(definition))
                rows.append(dict(definition.to_json()))
                missing.discard(wire)
        except (OSError, ValueError, KeyError, TypeError):
            continue
    for wire in sorted(missing):
        say(f"The version {wire} of a synthdef is no longer there; its notes are left out")
    return Definitions(tuple(rows), tuple(compiled), current.buffers)


def _moved(section: Section, due: int) -> Section:
    if isinstance(section, Bundles):
        bodies = [bundle(due, read_bundle(data)[1]) for data in section.bundles()]
        return Bundles(section.track, section.epoch, due, join_bundles(bodies))
    if isinstance(section, Release | Mix):
        return replace(section, when=due)
    return section
