"""A dispatcher on virtual time with a server double behind it: what tests of the dispatcher stand on."""

from collections.abc import Iterable
from dataclasses import replace

from marmalade_sc.clock.timetag import UNITS_PER_SECOND
from marmalade_sc.engine.dispatcher import Dispatcher
from marmalade_sc.engine.limits import Limits
from marmalade_sc.engine.mixer import Mixer
from marmalade_sc.engine.voices import WALL, VoiceTable
from marmalade_sc.sdk.frames import Bundles, Frame, Section, join_bundles
from marmalade_sc.sdk.osc import NoteTemplate, bundle
from marmalade_sc.testing.catalogue import catalogue_row
from marmalade_sc.testing.server import Onset, ServerDouble

MS = UNITS_PER_SECOND // 1000
START = 1_000_000 * UNITS_PER_SECOND
TEMPLATE = NoteTemplate("bd.0123456789ab", 5)


def note(freq: float = 220.0, template: NoteTemplate = TEMPLATE) -> bytes:
    """A note of `bd`, told apart by its frequency."""
    return template.message(1, [0.5, 0.0, 0.2, freq, 7.0])


class Rig:
    """See the module. Times are milliseconds since START."""

    def __init__(self, mode: str = WALL, limits: Limits | None = None) -> None:
        voices = VoiceTable(mode)
        voices.add([catalogue_row("bd"), catalogue_row("hh", has_exact=False)])
        self.logged: list[tuple[int, str, bytes, int]] = []
        self.journal: list[Section] = []
        self.dispatcher = Dispatcher(
            voices,
            Mixer(),
            limits or Limits(),
            log=lambda *record: self.logged.append(record),
            journal=self.journal.append,
        )
        self.server = ServerDouble()
        self.now = START
        self.seq = 0
        self.revision = 0
        self.server.send(self.dispatcher.restore(), self.now)

    @property
    def ms(self) -> float:
        return (self.now - START) / MS

    def give(self, *sections: Section, instance: str = "live", seq: int | None = None) -> None:
        """One frame, taken in now."""
        self.seq += 1
        number = self.seq if seq is None else seq
        self.dispatcher.accept(Frame(number, self.revision, self.now, self.now, sections), instance, self.now)

    def notes(self, at_ms: Iterable[float], track: str = "d1", epoch: int = 0) -> Bundles:
        """A section with one note at each time; its frequency says its time."""
        rows = [bundle(START + round(ms * MS), [note(1000 + ms)]) for ms in at_ms]
        return Bundles(track, epoch, START, join_bundles(rows))

    def pump(self) -> None:
        """What the engine's loop does at one moment."""
        self.server.send(self.dispatcher.due(self.now), self.now)

    def run(self, until_ms: float, step_ms: float = 1.0) -> None:
        """Let time pass."""
        end = START + round(until_ms * MS)
        while self.now < end:
            self.now = min(end, self.now + round(step_ms * MS))
            self.pump()
        self.server.run_until(self.now)

    def heard(self) -> list[float]:
        """The times of all notes that sounded, as their frequencies say them."""
        return [round(onset.values[3] - 1000, 3) for onset in self.voices()]

    def times(self) -> list[float]:
        """The times at which notes were made, to the microsecond."""
        return [round((onset.when - START) / UNITS_PER_SECOND * 1000, 3) for onset in self.voices()]

    def voices(self) -> list[Onset]:
        return [onset for onset in self.server.onsets if onset.wire.startswith(("bd.", "hh."))]

    def limit(self, **changes: int) -> None:
        self.dispatcher.limits = replace(self.dispatcher.limits, **changes)
