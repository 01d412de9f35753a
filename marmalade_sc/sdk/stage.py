"""Where a generator plays: its place in the jam, and who drives it, the jam's clock or a virtual one."""

import json
import os
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn, Protocol, cast

from marmalade_sc.errors import JamError
from marmalade_sc.sdk.instruments import Bank, Orchestra, Sample

if TYPE_CHECKING:
    from marmalade_sc.sdk.jam import Jam

__all__ = ["LOCKSTEP", "STAGE", "Driver", "Stage", "begin_of", "frame_at", "milliseconds_of", "read_orchestra"]

_FRAMES_PER_SECOND: Final = 40
LOCKSTEP: Final = "MARMALADE_LOCKSTEP"
"""A variable that is set for an instance whose frames are asked for one by one (`lockstep`)."""


class Driver(Protocol):
    """Who lets frame follow frame."""

    def run(self, jam: "Jam") -> NoReturn:
        """Play until the end; then end the program by SystemExit."""


@dataclass
class Stage:
    """One instance's place.

    Attributes:
        path: `<player>:<generator>:<instance>`.
        controls: as they are at the start.
        catalogue: JSON file with what can be played.
        banks: its own samples, where the file does not have them.
    """

    path: str
    track: str
    seed: int
    controls: Mapping[str, float]
    catalogue: Path
    driver: Driver
    environment: Mapping[str, str] = field(default_factory=dict)
    banks: Sequence[Bank] = ()

    @cached_property
    def orchestra(self) -> Orchestra:
        """What can be played; read when the first note needs it."""
        return read_orchestra(self.catalogue, self.banks)

    def renew(self) -> None:
        """What can be played was changed: read it anew when the next note needs it."""
        self.__dict__.pop("orchestra", None)

    @classmethod
    def of_environment(cls) -> "Stage":
        """The place that the variables of an instance tell of (docs/generators.md).

        Raises:
            JamError: this program was not started by a player.
        """
        found = dict(os.environ)
        try:
            path = found["MARMALADE_INSTANCE"]
            seed, origin = int(found["MARMALADE_SEED"]), int(found["MARMALADE_ORIGIN"])
            socket = found["MARMALADE_SOCKET"]
            controls = json.loads(found.get("MARMALADE_CONTROLS", "{}"))
        except (KeyError, ValueError) as error:
            raise JamError(
                f"This generator does not know its jam ({error}); start it with `marmalade generator run`,"
                " or try it with `python -m marmalade_sc.sdk.offline FOLDER`"
            ) from error
        track = found.get("MARMALADE_TRACK") or path.split(":")[1]
        catalogue = Path(found.get("MARMALADE_ORCHESTRA", "/run/jam/orchestra.json"))
        return cls(path, track, seed, controls, catalogue, _driver(socket, origin, found), found)


def _driver(socket: str, origin: int, environment: Mapping[str, str]) -> Driver:
    """Imported here: a start is some ms faster with one of them."""
    if environment.get(LOCKSTEP):
        from marmalade_sc.sdk.lockstep import Lockstep

        return Lockstep(socket)
    from marmalade_sc.sdk.transport import Transport

    return Transport(socket, origin, int(environment.get("MARMALADE_BEGIN") or 0))


STAGE: Final[ContextVar[Stage | None]] = ContextVar("stage", default=None)
"""The place of a generator that runs inside another program: offline, and in tests."""


def begin_of(frame: int) -> int:
    """Jam time at which a frame begins: 40 a second, on one grid for everybody."""
    return (frame << 32) // _FRAMES_PER_SECOND


def frame_at(when: int) -> int:
    """The frame in which a jam time lies."""
    frame = (when * _FRAMES_PER_SECOND) >> 32
    return frame + 1 if begin_of(frame + 1) <= when else frame


def milliseconds_of(frame: int) -> int:
    """The same in ms, exactly: two frames are 50 ms apart."""
    return frame * 1000 // _FRAMES_PER_SECOND


def read_orchestra(path: Path, more: Sequence[Bank] = ()) -> Orchestra:
    """What can be played, from the file that the player lays out, and more banks.

    Raises:
        JamError: it cannot be read.
    """
    try:
        table = json.loads(path.read_bytes())
        rows = cast(list[dict[str, object]], table["instruments"])
        banks = [
            Bank(row["name"], tuple(Sample(**each) for each in row["samples"]), bool(row.get("preferred")))
            for row in table["banks"]
        ]
        return Orchestra.from_rows(rows, [*banks, *more])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise JamError(f"What can be played is not known: {path.name} cannot be read ({error!r:.100})") from error
