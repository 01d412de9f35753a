"""A set played on a virtual clock inside a sandbox: it is asked nothing and tells its frames. Runs as a program.

`set.json` lies in its folder. What it tells on its socket are JSON lines: where it ends, a frame each with the jam time
at which it is made, and why it could not go on. Who reads them believes nothing of it.
"""

import base64
import json
import socket
from collections.abc import Callable, Mapping
from dataclasses import asdict
from fractions import Fraction
from pathlib import Path
from typing import Final

from marmalade_sc.errors import MarmaladeError, UsageError
from marmalade_sc.player.live.setframes import SetFrames, end_of
from marmalade_sc.sdk.frames import Frame
from marmalade_sc.sdk.stage import read_orchestra

__all__ = ["REQUEST", "SOCKET", "fields_of", "recite"]

REQUEST: Final = "/gen/set.json"
SOCKET: Final = "/run/jam/recital.sock"
_ORCHESTRA: Final = "/run/jam/orchestra.json"


def recite(request: Mapping[str, object], tell: Callable[[Mapping[str, object]], None]) -> None:
    """Evaluate and play a set; what it makes goes to `tell`."""
    try:
        source = SetFrames(
            read_orchestra(Path(_ORCHESTRA)),
            str(request["code"]),
            str(request["name"]),
            bpm=_number(request["bpm"]),
            beats_per_cycle=Fraction(str(request["beats"])),
            seed=int(str(request["seed"])),
            complain=lambda text: tell({"complaint": text[:500]}),
        )
        cycles = None if request["cycles"] is None else Fraction(str(request["cycles"]))
        end = end_of(source.time_of, cycles, _number(request["seconds"]))
        tell({"end": end})
        for now, frames in source.frames(end):
            for frame in frames:
                tell({"at": now, "frame": fields_of(frame)})
        tell({"done": True})
    except MarmaladeError as error:
        where = error.where if isinstance(error, UsageError) else None
        hint = error.hint if isinstance(error, UsageError) else ""
        tell({"error": {"message": error.message, "hint": hint, "where": None if where is None else asdict(where)}})


def fields_of(frame: Frame) -> dict[str, object]:
    """A frame's fields as JSON."""
    return {
        name: base64.b64encode(value).decode() if isinstance(value, bytes) else value
        for name, value in frame.fields().items()
    }


def _number(value: object) -> float | None:
    return None if value is None else float(str(value))


def main() -> None:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(SOCKET)
        with connection.makefile("w", encoding="utf-8") as file:
            recite(
                json.loads(Path(REQUEST).read_text(encoding="utf-8")),
                lambda row: print(json.dumps(row), file=file),
            )


if __name__ == "__main__":
    main()
