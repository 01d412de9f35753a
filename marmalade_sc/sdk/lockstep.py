"""Drives a generator in step with others under a virtual clock: each frame is asked for, and answered, in turn.

What is said is one JSON object a line, over the instance's own socket. First the generator says HELLO. Then it is asked
`{"frame": k, "entries": [[key, ms, number, {field: value}]], "timeline": {...}}`, with the entries since the question
before, and a timeline where that is new; it answers `{"frame": k, "frames": [{...}], "writes": [[key, {...}]],
"complaints": [...]}`, the frames as in docs/frames.md with their data in base64.
"""

import base64
import json
import socket
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, NoReturn

from marmalade_sc.clock.timeline import Timeline
from marmalade_sc.errors import JamError
from marmalade_sc.sdk.memory import Entry, Memory
from marmalade_sc.sdk.stage import begin_of
from marmalade_sc.sdk.transport import frames_of

if TYPE_CHECKING:
    from marmalade_sc.sdk.jam import Jam, Output

__all__ = ["HELLO", "Lockstep"]

HELLO: Final = b"marmalade lockstep 1\n"


class Lockstep:
    """See the module.

    Args:
        path: of the socket.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._memory = Memory()
        self._timeline: Timeline | None = None
        self._seq = 0
        self._nodes = 0
        self._told = 0

    def run(self, jam: "Jam") -> NoReturn:
        """Answer until nobody asks any more. Raises JamError where nobody is there."""
        try:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.connect(self._path)
                connection.sendall(HELLO)
                with connection.makefile("rb") as lines:
                    for line in lines:
                        connection.sendall(json.dumps(self._answer(jam, json.loads(line))).encode() + b"\n")
        except OSError as error:
            raise JamError(f"The jam's socket {self._path} cannot be reached: {error}") from error
        sys.exit(0)

    def _answer(self, jam: "Jam", asked: Mapping[str, object]) -> dict[str, object]:
        table, entries, frame = asked.get("timeline"), asked["entries"], asked["frame"]
        if isinstance(table, dict):
            self._timeline = Timeline.from_json(table)
        assert isinstance(entries, list) and isinstance(frame, int) and self._timeline is not None
        for key, ms, number, fields in entries:
            self._memory.add(key, Entry((ms, number), fields))
        return self._told_of(jam, jam.step(frame, self._timeline, self._memory), self._timeline)

    def _told_of(self, jam: "Jam", output: "Output", timeline: Timeline) -> dict[str, object]:
        first, last = begin_of(output.frame), begin_of(output.frame + 1)
        frames = frames_of(output.notes, timeline, jam.track, first, last, self._seq, self._nodes)
        self._seq += len(frames)
        self._nodes += len(output.notes)
        complaints, self._told = jam.complaints[self._told :], len(jam.complaints)
        return {
            "frame": output.frame,
            "frames": [_plain(each.fields()) for each in frames],
            "writes": [[write.key, dict(write.fields)] for write in output.writes],
            "complaints": complaints,
        }


def _plain(fields: Mapping[str, bytes | int]) -> dict[str, str]:
    return {
        name: base64.b64encode(value).decode() if isinstance(value, bytes) else str(value)
        for name, value in fields.items()
    }
