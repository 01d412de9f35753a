"""A whole path on virtual time: code evaluated, scheduled, dispatched, heard by a server double."""

from fractions import Fraction

from marmalade_sc.clock.clocks import VirtualClock
from marmalade_sc.clock.timeline import Timeline
from marmalade_sc.clock.timetag import UNITS_PER_SECOND
from marmalade_sc.engine.dispatcher import Dispatcher
from marmalade_sc.engine.mixer import Mixer
from marmalade_sc.engine.voices import WALL, VoiceTable
from marmalade_sc.live.operations import Operation
from marmalade_sc.live.scheduler import Landing, Scheduler, Timing
from marmalade_sc.live.session import Evaluation, Session
from marmalade_sc.patterns.controls import voice
from marmalade_sc.patterns.language import namespace
from marmalade_sc.sdk.frames import Frame
from marmalade_sc.sdk.instruments import Bank, Orchestra, Sample
from marmalade_sc.testing.catalogue import catalogue_row
from marmalade_sc.testing.server import ServerDouble

MS = UNITS_PER_SECOND // 1000
START = 1_000_000 * UNITS_PER_SECOND
ROWS = [
    catalogue_row("bd", aliases=("kick",)),
    catalogue_row("sn"),
    catalogue_row("hh", is_random=True),
    catalogue_row("bass"),
    catalogue_row(
        "sampler1",
        kind="sampler",
        controls=dict.fromkeys(("amp", "pan", "sustain", "buf", "speed"), (0.0, -1e9, 1e9)),
    ),
    catalogue_row("lpf", kind="effect", controls={"cutoff": (800.0, 20.0, 20e3), "mix": (1.0, 0.0, 1.0)}),
    catalogue_row("reverb", kind="effect", controls={"mix": (0.3, 0.0, 1.0), "room": (0.5, 0.0, 1.0)}),
]
BANKS = [Bank("tabla", tuple(Sample(n, 1, 0.5) for n in range(3)))]


def orchestra(digest: str = "0123456789ab") -> Orchestra:
    """Kick, snare, hat, bass, a bank and two effects; `digest` stands for a version of their files."""
    return Orchestra.from_rows([dict(row, hash=digest) for row in ROWS], BANKS)


class Stage:
    """See the module. 120 bpm and four beats: a bar is two seconds. Music begins at cycle 0, START."""

    def __init__(self, bpm: str = "120", seed: int = 0) -> None:
        self.clock = VirtualClock(START - 500 * MS)
        self.said: list[str] = []
        self.scheduler = Scheduler(orchestra(), Timeline.steady(bpm, START), Timing(), complain=self.said.append)
        self.session = self.new_session(seed)
        voices = VoiceTable(WALL)
        for digest in ("0123456789ab", "bbbbbbbbbbbb"):
            voices.add([dict(row, hash=digest, wall=f"{row['name']}.{digest}.w") for row in ROWS])
        self.dispatcher = Dispatcher(voices, Mixer())
        self.server = ServerDouble()
        self.server.send(self.dispatcher.restore(), self.clock.now())
        self.frames: list[Frame] = []
        self._next_frame = self.clock.now()
        self.scheduler.announce()

    def new_session(self, seed: int = 0) -> Session:
        return Session(
            namespace(),
            voice,
            orchestra(),
            lambda: self.scheduler.timeline,
            self.clock.now,
            seed,
            self.scheduler.book,
        )

    def evaluate(self, code: str) -> tuple[Evaluation, list[Landing]]:
        """Evaluate a block now, as a generation does."""
        done = self.session.evaluate(code)
        return done, self.do(*done.operations)

    def do(self, *operations: Operation) -> list[Landing]:
        """Carry out operations now, and send the frame."""
        landings = self.scheduler.carry_out(operations, self.clock.now())
        self._frame()
        return landings

    def run(self, seconds: float) -> None:
        """Let time pass: a frame each 25 ms, the dispatcher each 5 ms."""
        end = self.clock.now() + round(seconds * UNITS_PER_SECOND)
        while self.clock.now() < end:
            if self.clock.now() >= self._next_frame:
                self._frame()
                self._next_frame += self.scheduler.timing.frame
            self.server.send(self.dispatcher.due(self.clock.now()), self.clock.now())
            self.clock.advance(min(5 * MS, end - self.clock.now()))
        self.server.run_until(self.clock.now() - 1)

    def run_to(self, cycle: Fraction | int | float) -> None:
        """Let time pass until a cycle of the timeline as it is now."""
        left = self.scheduler.timeline.timetag(Fraction(cycle)) - self.clock.now()
        self.run(max(0.0, left / UNITS_PER_SECOND))

    def _frame(self) -> None:
        now = self.clock.now()
        for frame in self.scheduler.frames(now):
            fields = {
                name.encode(): value if isinstance(value, bytes) else str(value).encode()
                for name, value in frame.fields().items()
            }
            self.frames.append(frame)
            self.dispatcher.accept(Frame.read(fields), "live", now)

    def heard(self) -> list[tuple[Fraction, str]]:
        """What sounded: cycles (by the timeline as it is now, to 1/10,000) and names."""
        found = []
        for onset in self.server.onsets:
            name = onset.wire.partition(".")[0]
            if name != "marmalade":
                cycle = self.scheduler.timeline.cycle(onset.when)
                found.append((Fraction(round(cycle * 9600), 9600), name))
        return found

    def times(self) -> list[tuple[float, str]]:
        """What sounded: seconds since START, and names."""
        return [
            (round((onset.when - START) / UNITS_PER_SECOND, 4), onset.wire.partition(".")[0])
            for onset in self.server.onsets
            if not onset.wire.startswith("marmalade")
        ]


def beats(*cycles: int, name: str = "bd", steps: int = 4) -> list[tuple[Fraction, str]]:
    """`name` on each `steps`-th of the given cycles."""
    return [(cycle + Fraction(step, steps), name) for cycle in cycles for step in range(steps)]
