"""The recording of what is heard, begun and ended by orders, carried over the death of scsynth. Helper thread only."""

from collections.abc import Callable, Mapping
from pathlib import Path

from marmalade_sc.engine.record import Recording
from marmalade_sc.engine.server import Scsynth
from marmalade_sc.errors import EngineError

__all__ = ["Recorder"]


class Recorder:
    """See the module.

    Args:
        now: jam time.
        say: takes a sentence for the people at the shells.
        tell: takes a record for those who watch.

    Attributes:
        recording: the one that runs; read from any thread.
    """

    def __init__(
        self,
        server: Scsynth,
        now: Callable[[], int],
        say: Callable[[str], None],
        tell: Callable[[Mapping[str, object]], None],
    ) -> None:
        self._server = server
        self._now = now
        self._say = say
        self._tell = tell
        self.recording: Recording | None = None

    def start(self, path: Path) -> None:
        """Begin to record; what ran before is ended."""
        self.stop()
        recording = Recording(self._server, path)
        try:
            recording.start(self._now())
        except EngineError as error:
            self._say(str(error))
            return
        self.recording = recording
        self._tell({"kind": "recording", "path": str(path)})

    def go_on(self) -> None:
        """Record on with a new scsynth; the time without one is silence in the file."""
        recording = self.recording
        if recording is None:
            return
        try:
            recording.start(self._now())
            self._say(f"The recording {recording.path.name} goes on; the gap is silence in it.")
        except EngineError as error:
            self._say(f"The recording cannot go on: {error}")
            self.recording = None
            self._finish(recording.close_broken, recording.path)

    def stop(self) -> None:
        """End the recording and put the file in its place."""
        recording, self.recording = self.recording, None
        if recording is not None and not self._finish(recording.stop, recording.path):
            self._finish(recording.close_broken, recording.path)

    def _finish(self, finish: Callable[[], None], path: Path) -> bool:
        try:
            finish()
        except EngineError as error:
            self._say(str(error))
            return False
        self._tell({"kind": "recorded", "path": str(path)})
        return True
