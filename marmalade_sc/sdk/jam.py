"""What a generator's author holds: voices that play patterns, tags, the state, controls, and what to do when.

    from marmalade_sc.sdk.jam import Jam
    from marmalade_sc.sdk.language import s

    jam = Jam()
    jam.kick >> s("bd*4")
    jam.run()

Everything happens in frames of 25 ms, and is pure: from what the jam's state was two frames ago to notes and tags.
The same code so plays live, and under a virtual clock faster than real time, with the same result.
"""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, NoReturn

from marmalade_sc.clock.timeline import Timeline
from marmalade_sc.clock.timetag import UNITS_PER_SECOND
from marmalade_sc.errors import UsageError
from marmalade_sc.ids import check_name
from marmalade_sc.patterns.chance import chance_at, salt_of
from marmalade_sc.patterns.pattern import Pattern
from marmalade_sc.sdk.conditions import Value, condition
from marmalade_sc.sdk.everys import Every, Everys
from marmalade_sc.sdk.memory import Memory, View
from marmalade_sc.sdk.score import ScheduleHandle
from marmalade_sc.sdk.stage import STAGE, Stage, begin_of, milliseconds_of
from marmalade_sc.sdk.succession import TAG, Succession
from marmalade_sc.sdk.tags import Ending, OwnTags, State, Tags, facts
from marmalade_sc.sdk.voice import Played, Voice
from marmalade_sc.sdk.waits import Do, Wait, Waits

__all__ = ["Jam", "Output", "VoiceHandle", "Write"]

_MOST_VOICES: Final = 64
_JUMP: Final = Fraction(1, 8)
_SALT: Final = salt_of("jam.random")


@dataclass(frozen=True, slots=True)
class Write:
    """An entry for a stream, at a time in ms of jam time."""

    key: str
    at_ms: int
    fields: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Output:
    """What a frame made."""

    frame: int
    notes: tuple[Played, ...]
    writes: tuple[Write, ...]


@dataclass(frozen=True, slots=True)
class VoiceHandle:
    """A name to play under: `jam.kick >> s("bd*4")`."""

    jam: "Jam"
    name: str

    def __rshift__(self, pattern: Pattern) -> "VoiceHandle":
        self.jam.play(self.name, pattern)
        return self

    def stop(self, at: str = "bar") -> None:
        """Play nothing, from the next bar on, or "now"."""
        self.jam.play(self.name, None, at)


class Jam:
    """See the module. One for each instance.

    Attributes:
        tags, state, schedule: what there is to read.
        controls: the instance's own, as they are now.
        moment: the cycle for which things are being done: of the bar in `every(bars=...)`, else where the frame begins.
        ending: how long it may still play; None while nobody has asked it to end.
    """

    def __init__(self) -> None:
        self._stage = STAGE.get() or Stage.of_environment()
        self._voices: dict[str, Voice] = {}
        self._waits = Waits()
        self._early: list[tuple[Wait, float | None]] = []
        self._everys = Everys()
        self._endings: list[Do] = []
        self._writes: list[tuple[str, dict[str, object], float | None]] = []
        self._own = OwnTags()
        self._complained: set[str] = set()
        self._memory = Memory()
        self._frame = 0
        self._cursor: Fraction | None = None
        self._dice = 0
        self._is_asked = False
        self._timeline: Timeline | None = None
        self._view = View(self._memory, 0, {}, self._want)
        self.complaints: list[str] = []
        self.wanted: set[str] = set()
        self.controls: dict[str, float] = dict(self._stage.controls)
        self.moment = Fraction(0)
        self.ending: Ending | None = None
        self.succession = Succession(self._stage.path, self._stage.environment)
        self.tags = Tags(self)
        self.state = State(self)
        self.schedule = ScheduleHandle(self)

    # What it is

    @property
    def path(self) -> str:
        """`<player>:<generator>:<instance>`."""
        return self._stage.path

    @property
    def track(self) -> str:
        """The strip that it plays into."""
        return self._stage.track

    @property
    def seed(self) -> int:
        """Of its dice."""
        return self._stage.seed

    @property
    def bar(self) -> int:
        """The bar of `moment`, counted from 0."""
        return self.moment.numerator // self.moment.denominator

    @property
    def now_ms(self) -> int:
        """Where the frame that is being made begins, in ms of jam time."""
        return milliseconds_of(self._frame)

    @property
    def bpm(self) -> float:
        """Beats per minute now."""
        return self._timeline.bpm(self.moment) if self._timeline is not None else 0.0

    @property
    def view(self) -> View:
        """The state as this frame sees it: as it was two frames before."""
        return self._view

    def random(self) -> float:
        """A number in [0, 1); the same ones in the same order for the same seed."""
        self._dice += 1
        return chance_at(self.seed, _SALT, Fraction(self._dice))

    # Playing

    def play(self, name: str, pattern: Pattern | None, at: str = "bar") -> None:
        """Let a voice play a pattern, or None, from the next bar on, or "now". At the very start it begins at once.

        Raises:
            UsageError: it is no pattern, or there are too many voices.
        """
        if pattern is not None and not isinstance(pattern, Pattern):
            raise UsageError(f"{name} cannot play {pattern!r:.60}", hint='Write, for example: jam.kick >> s("bd*4")')
        if at not in ("bar", "now"):
            raise UsageError(f"at={at!r:.40} is neither 'bar' nor 'now'")
        cursor = self._cursor
        if cursor is None:
            self._voice(name).take(pattern, Fraction(0))
        else:
            from_here = max(cursor, self.moment)
            self._voice(name).take(pattern, from_here if at == "now" else Fraction(-(-from_here // 1)))

    def once(self, name: str, pattern: Pattern, at: Fraction | None = None) -> None:
        """Play the first cycle of a pattern once, from `at` on (a cycle), or from `moment`."""
        self._voice(name).once(pattern, self.moment if at is None else Fraction(at))

    def __getattr__(self, name: str) -> VoiceHandle:
        if name.startswith("_"):
            raise AttributeError(name)
        return VoiceHandle(self, name)

    def _voice(self, name: str) -> Voice:
        voice = self._voices.get(name)
        if voice is None:
            if len(self._voices) >= _MOST_VOICES:
                raise UsageError(f"A generator may have {_MOST_VOICES} voices")
            voice = self._voices[name] = Voice(check_name(name, "voice"), self.seed, self.complain)
        return voice

    # Telling

    def tag(self, name: str, value: Value, *, seconds: float | None = None, unit: str = "", doc: str = "") -> None:
        """Set a tag of its own; others see it two frames later.

        Args:
            seconds: how long it holds; until it is set again where None.

        Raises:
            UsageError: the name cannot be one, the value is too long, or there are too many tags.
        """
        fields = self._own.fields(name, value, unit, doc)
        self._writes.append((f"tags:{self.path}:{name}", fields, seconds))

    def declare(self, name: str, kind: str, *, unit: str = "", doc: str = "") -> None:
        """Say what the values of a tag of its own are: "number", "text" or "truth". Others are refused from now on.

        Raises:
            UsageError: there is no such type, or the tag was declared otherwise.
        """
        self._own.declare(name, kind, unit, doc)

    def write(self, key: str, fields: Mapping[str, object]) -> None:
        """An entry for a stream: its own tags, or what its manifest asks for and the user has granted."""
        self._writes.append((key, dict(fields), None))

    # What to do when

    def when(
        self,
        text: str,
        do: Do | None = None,
        *,
        timeout: float | None = None,
        otherwise: Do | None = None,
        once: bool = False,
    ) -> Callable[[Do], Do]:
        """Do something each time a condition becomes true; also as a decorator: `@jam.when("Context == 'drop'")`.

        Args:
            text: see `conditions.condition`.
            timeout: seconds after which it is given up, and `otherwise` is done.
            once: only the first time.

        Raises:
            UsageError: the condition cannot be read.
        """
        found = condition(text)

        def wait(then: Do) -> Do:
            self._early.append((Wait(found, then, None, otherwise, once), timeout))
            if self._timeline is not None:
                self._enter_waits()
            return then

        if do is not None:
            wait(do)
        return wait

    def _enter_waits(self) -> None:
        """Timeouts count from here: what is said before the first frame waits for that."""
        for wait, timeout in self._early:
            if timeout is not None:
                wait.deadline = begin_of(self._frame) + round(timeout * UNITS_PER_SECOND)
            self._waits.add(wait)
        self._early.clear()

    def every(
        self, *, bars: float | Fraction | None = None, seconds: float | None = None, early: float | Fraction = 0
    ) -> Callable[[Do], Do]:
        """A decorator: do something at every so many bars or seconds, counted from the jam's first bar.

        Args:
            early: so many bars before; what is played then from the next bar on begins there.

        Raises:
            UsageError: not one of both is given, or it is not above 0.
        """

        each = Every.of(bars, seconds, early)

        def add(do: Do) -> Do:
            self._everys.add(each, do)
            return do

        return add

    def on_ending(self, do: Do) -> Do:
        """A decorator: do something when it is asked to end; `ending` tells how long there is left."""
        self._endings.append(do)
        return do

    def hand_on(self, give: Callable[[], object]) -> Callable[[], object]:
        """A decorator: gives what the next version of this program is to know, when that takes its place at a bar.

        Plain data, at most 36,000 bytes of JSON. The manifest has to say `keeps_state = true`.
        """
        self.succession.hand_on = give
        return give

    def take_over(self, get: Callable[[object], object]) -> Callable[[object], object]:
        """A decorator: gets what the version before has handed on, before the first frame; not called without one."""
        self.succession.take_over = get
        return get

    def run(self) -> NoReturn:
        """Play until it is told to end. The last line of a generator."""
        self._stage.driver.run(self)

    # Frames

    def succeed(self, begin: Fraction, kept: tuple[object, int] | None) -> None:
        """Begin at a cycle, with what the version before has handed on. For those who drive it."""
        self._cursor = self.moment = begin
        if kept is None:
            return
        found, self._dice = kept
        take_over = self.succession.take_over
        if take_over is not None:
            self._try(lambda: take_over(found))

    def step(self, frame: int, timeline: Timeline, memory: Memory) -> Output:
        """Make a frame: what is done, played and told in it. For those who drive it."""
        if self.succession.is_over:
            return Output(frame, (), ())
        self._frame, self._timeline = frame, timeline
        self._enter_waits()
        first, last = begin_of(frame), begin_of(frame + 1)
        begin, end = timeline.cycle(first), timeline.cycle(last)
        if self._cursor is not None and abs(self._cursor - begin) < _JUMP:
            begin = min(self._cursor, end)
        self.moment = begin
        self._look(frame, memory)
        self._cursor = self._cursor if self._cursor is not None else begin
        if abs(self._cursor - begin) >= _JUMP:  # the count of bars was moved
            self._cursor = begin
        leaves = self.succession.leaves
        is_last = leaves is not None and leaves <= end
        if leaves is not None:
            end = max(begin, min(end, leaves))
        self._waits.look(self._view, first, self._try)
        for moment, do in self._everys.due(timeline, first, last, begin, end):
            self.moment = moment
            self._try(do)
        self.moment = begin
        self._cursor = end
        notes: list[Played] = []
        if begin < end and self._voices:
            cycle_s = timeline.cycle_s(begin)
            for voice in self._voices.values():
                notes += voice.notes(begin, end, cycle_s, self._stage.orchestra, self.controls)
        notes.sort(key=lambda note: note.cycle)
        if is_last:
            self._try(self._hand_on)
            self.succession.is_over = True
        writes, self._writes = self._writes, []
        at_ms = milliseconds_of(frame)
        made = []
        for key, fields, seconds in writes:
            until = {} if seconds is None else {"until": at_ms + round(seconds * 1000)}
            made.append(Write(key, at_ms, {**fields, **until}))
        return Output(frame, tuple(notes), tuple(made))

    def complain(self, text: str) -> None:
        """Say once what went wrong; the music goes on."""
        if text not in self._complained and len(self._complained) < 100:
            self._complained.add(text)
            self.complaints.append(text)
            print(text, file=sys.stderr, flush=True)

    def _hand_on(self) -> None:
        fields = self.succession.handed_on(self._dice)
        if fields is not None:
            self._writes.append((f"tags:{self.path}:{TAG}", fields, None))

    def _want(self, key: str) -> None:
        self.wanted.add(key)

    def _look(self, frame: int, memory: Memory) -> None:
        until_ms = milliseconds_of(frame - 2)
        self._memory = memory
        self.succession.look(memory, until_ms)
        if self.succession.has_new_sounds(memory, until_ms):
            self._stage.renew()
            for voice in self._voices.values():
                voice.forget()
        told = memory.before(f"state:controls:{self.path}", until_ms)
        if told is not None:
            self.controls |= {k: float(v) for k, v in told.fields.items() if isinstance(v, int | float)}
        asked = memory.before(f"state:ending:{self.path}", until_ms)
        extras: dict[str, Value] = {**self.controls, **facts(memory, asked, until_ms), "bar": self.bar}
        self._view = View(memory, until_ms, extras, self._want)
        self.schedule.look(memory, until_ms)
        if self.schedule.context is not None:
            extras["schedule"] = self.schedule.context
            extras |= {k: v for k, v in self.schedule.tags.items() if k not in extras}
        if asked is not None and not self._is_asked:
            self._is_asked = True
            self.ending = Ending.of(asked, self)
            for do in self._endings:
                self._try(do)

    def _try(self, do: Do) -> None:
        try:
            do()
        except Exception:  # the author's mistake: told with its place, and the music goes on
            import traceback  # 12 ms, which a start need not wait for

            self.complain(traceback.format_exc(limit=-3))
