"""Recording what is heard, from behind the master, to a file that is whole or not there."""

import errno
import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from marmalade_sc.clock.clocks import wait
from marmalade_sc.clock.timetag import UNITS_PER_SECOND
from marmalade_sc.engine.layout import RECORD_GROUP
from marmalade_sc.engine.server import Scsynth
from marmalade_sc.engine.splice import piece_path, splice
from marmalade_sc.engine.synths import RECORDER_SYNTH
from marmalade_sc.errors import EngineError
from marmalade_sc.sdk.osc import message

__all__ = ["Recording"]

_BUFFER = 4090
_NODE = 60
_LAST_WRITE_S = 0.25
_FRAMES = 1 << 17
"""2.7 s at 48 kHz: DiskOut writes halves, so a disk may stall for more than a second."""

_LEAST_FREE: Final = 1 << 20
"""scsynth does not answer when it cannot write a file's first bytes: with less room none is begun."""


@dataclass(slots=True)
class Recording:
    """One recording. Blocks for some milliseconds at either end; not for the thread that pumps.

    Attributes:
        path: where the file appears when it is finished; 24 bits, wav or flac by its ending.
        bus: first of the two audio buses that are recorded; 0 is what is heard.
    """

    server: Scsynth
    path: Path
    bus: int = 0
    _begun: list[int] = field(default_factory=list)

    @property
    def _aside(self) -> Path:
        """The piece that grows."""
        return piece_path(self.path, max(0, len(self._begun) - 1))

    @property
    def since(self) -> int:
        """Jam time at which it began; 0 before that."""
        return self._begun[0] if self._begun else 0

    def start(self, now: int) -> None:
        """Begin, or go on in another piece after the death of the server; what it had written is kept.

        Args:
            now: jam time.

        Raises:
            EngineError: the file cannot be written, or scsynth does not answer.
        """
        self._begun.append(now)
        try:
            self._start()
        except EngineError:
            self._aside.unlink(missing_ok=True)
            self._begun.pop()
            raise

    def _start(self) -> None:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._aside.touch()
            if shutil.disk_usage(self.path.parent).free < _LEAST_FREE:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError as error:
            raise EngineError(f"{self.path} cannot be written: {error.strerror}. Choose another place.") from error
        header = "flac" if self.path.suffix.lower() == ".flac" else "wav"
        self._do(message("/b_alloc", _BUFFER, _FRAMES, 2))
        self._do(message("/b_write", _BUFFER, str(self._aside), header, "int24", 0, 0, 1))
        self.server.send(
            message("/s_new", RECORDER_SYNTH, _NODE, 1, RECORD_GROUP, "buffer", float(_BUFFER), "bus", float(self.bus))
        )
        self.server.sync()

    def stop(self) -> None:
        """End, and put the file in its place; of several pieces it has silence between them.

        Raises:
            EngineError: scsynth does not answer or the file is not there.
        """
        self.server.send(message("/n_free", _NODE))
        self.server.sync()
        # DiskOut gives its last, half-full buffer to a thread of its own, which nobody can wait for; closing the file
        # before it came there lost up to 1.4 s in one recording of two.
        wait(_LAST_WRITE_S)
        self._do(message("/b_close", _BUFFER))
        self._do(message("/b_free", _BUFFER))
        if len(self._begun) > 1:
            self.close_broken()
            return
        try:
            self._aside.replace(self.path)
        except OSError as error:
            raise EngineError(f"{self.path} could not be finished: {error.strerror}") from error

    def close_broken(self) -> None:
        """Put what there is in its place, where the server is gone.

        Raises:
            EngineError: it cannot be put together; the pieces stay.
        """
        seconds = [(begun - self.since) / UNITS_PER_SECOND for begun in self._begun]
        splice([(piece_path(self.path, number), at) for number, at in enumerate(seconds)], self.path)

    def _do(self, command: bytes) -> None:
        if self.server.request(command, "/done", 5.0) is None:
            raise EngineError(f"{self.path} cannot be recorded: scsynth does not answer")
