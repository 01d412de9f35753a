"""Who plays what: this player's list told to the others whenever it changes, and theirs read."""

import asyncio
import json
from collections.abc import Iterable, Mapping
from typing import Final

from marmalade_sc.errors import IdError
from marmalade_sc.ids import check_name
from marmalade_sc.peers.registers import LARGEST_VALUE
from marmalade_sc.player.control.livelink import LiveLink
from marmalade_sc.player.shared.sharedvalues import SharedValues

__all__ = ["PLAYS", "Playbill", "read_bill", "written_bill"]

PLAYS: Final = "plays"
"""The register's name. Each player's own write of it holds for that player; none takes the place of another's."""
_MOST: Final = 32
_PAUSE_S: Final = 2.0


def written_bill(names: Iterable[str]) -> bytes:
    """Names of tracks and generators as the register holds them; those that there is no room for are left out. Pure."""
    found: list[str] = []
    for name in sorted(set(names)):
        longer = json.dumps([*found, name]).encode()
        if len(found) < _MOST and len(longer) <= LARGEST_VALUE:
            found.append(name)
    return json.dumps(found).encode()


def read_bill(data: bytes) -> tuple[str, ...]:
    """What a register says; nothing where it is no list of names. Pure."""
    try:
        rows = json.loads(data)
        if not isinstance(rows, list) or len(rows) > _MOST:
            return ()
        return tuple(check_name(str(each), "track") for each in rows)
    except (ValueError, RecursionError, IdError):
        return ()


class Playbill:
    """See the module. For one event loop.

    Args:
        own: this player's name.
        live, runs: the processes that know what plays here.
    """

    def __init__(self, own: str, shared: SharedValues, live: LiveLink, runs: LiveLink) -> None:
        self._own = own
        self._shared = shared
        self._live = live
        self._runs = runs
        self._told: bytes | None = None
        self._now: tuple[str, ...] = ()

    async def run(self) -> None:
        """Tell the others, until cancelled: at most every two seconds, and only what is new."""
        while True:
            await asyncio.sleep(_PAUSE_S)
            tracks, instances = await asyncio.gather(
                self._live.ask({"do": "tracks"}), self._runs.ask({"do": "instances"})
            )
            self._now = tuple(sorted({*_playing(tracks), *_own_instances(instances, self._own)}))
            bill = written_bill(self._now)
            if bill != self._told and (self._told is not None or self._now) and self._shared.tell(PLAYS, bill):
                self._told = bill

    def of(self, key: bytes) -> tuple[str, ...]:
        """What a player says that it plays."""
        if key == self._shared.own:
            return self._now
        write = self._shared.of(PLAYS, key)
        return read_bill(write.value) if write is not None else ()


def _playing(answer: Mapping[str, object]) -> list[str]:
    tracks = answer.get("tracks")
    rows = tracks if isinstance(tracks, Mapping) else {}
    return [str(name) for name, each in rows.items() if isinstance(each, Mapping) and each.get("plays")]


def _own_instances(answer: Mapping[str, object], own: str) -> list[str]:
    """Tracks of the instances that this player has asked for itself."""
    rows = answer.get("instances")
    return [
        str(each["track"])
        for each in (rows if isinstance(rows, list) else [])
        if isinstance(each, Mapping) and each.get("state") == "playing" and each.get("requester") in ("local", own)
    ]
