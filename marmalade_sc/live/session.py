"""A session: the user's names, and the evaluation of blocks of code in them.

Evaluation changes no music by itself: it collects operations, which are carried out when the whole block has worked.
"""

import ast
import builtins
import weakref
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from fractions import Fraction
from types import CodeType
from typing import Final

from marmalade_sc.clock.timeline import Timeline
from marmalade_sc.errors import UsageError
from marmalade_sc.live.blocks import Blocks
from marmalade_sc.live.book import Book
from marmalade_sc.live.bound import Bound, described_anew, shown
from marmalade_sc.live.desk import JamHandle, SceneHandle
from marmalade_sc.live.explain import explain, remember
from marmalade_sc.live.handles import ClockHandle, Effect, TrackHandle
from marmalade_sc.live.hosted import GeneratorCall, GeneratorHandle, controls_of
from marmalade_sc.live.lane import Lane
from marmalade_sc.live.limits import TooSlowError, too_slow
from marmalade_sc.live.naming import Naming
from marmalade_sc.live.operations import Grid, Hush, Operation, Redo, Replace, SetMix, Undo
from marmalade_sc.live.output import RESTORED, unsaid
from marmalade_sc.live.playable import names_of, playable
from marmalade_sc.live.rewrite import Rewrite, mark, row
from marmalade_sc.live.units import Unit, units_of
from marmalade_sc.live.ways import Ways
from marmalade_sc.live.wishes import Wishes
from marmalade_sc.patterns.controls import Voice
from marmalade_sc.patterns.notation import Literal
from marmalade_sc.patterns.pattern import Pattern
from marmalade_sc.sdk.instruments import Instrument, Orchestra
from marmalade_sc.sdk.seeds import track_seed

__all__ = ["Evaluation", "Session"]

_SOON: Final = Grid(Fraction(1, 16))
"""Where what played before a crash comes back: it was in its bar, and goes on in it. A piece begins with a bar."""
_LONGEST_CODE: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What a block asked for, and the value of its last expression as text ("" for None).

    `orders` are for the player, not for the music: commands of the control protocol.
    """

    operations: tuple[Operation, ...]
    value: str
    orders: tuple[Mapping[str, object], ...] = ()


class Session:
    """See the module.

    Args:
        language: names of the pattern language.
        voice: makes the constructor of an instrument's patterns from its name.
        orchestra: what can be played; may be replaced.
        timeline, now: the jam's time, for code that asks for it.
        seed: of all chance.
        book: what plays, for code that asks for scenes or wants to undo; see `Book`.
        guard: entered where a new pattern is asked for its first cycles; bounds what each may cost.

    Attributes:
        binders: which statement has bound which of the user's names.
        blocks: what was evaluated, for those who are shown where it sounds.
        is_restoring: whether what is evaluated has been before, and is over: what sounds once does not sound again.
    """

    def __init__(
        self,
        language: Mapping[str, object],
        voice: Callable[[str], object],
        orchestra: Orchestra,
        timeline: Callable[[], Timeline],
        now: Callable[[], int],
        seed: int = 0,
        book: Book | None = None,
        guard: Callable[[], AbstractContextManager[object]] = nullcontext,
    ) -> None:
        self.seed = seed
        self.binders: dict[str, Unit] = {}
        self.is_restoring = False
        self.blocks = Blocks()
        self._book = book if book is not None else Book()
        self._guard = guard
        self._units: list[Unit] = []
        self._unit_count = 0
        self._unit: Unit | None = None
        self._scenes = SceneHandle(self._operations_append, lambda: self._book.scenes)
        self._described: dict[str, tuple[int, Bound]] = {}
        self._language = dict(language)
        self._voice = voice
        self._timeline = timeline
        self._now = now
        self._orchestra = orchestra
        self._tracks: dict[str, TrackHandle] = {}
        self._operations: list[Operation] = []
        self._goes_on = False
        self._ways = Ways()
        self._orders: list[Mapping[str, object]] = []
        self._hosted: set[str] = set()
        self._count = 0
        self.names: dict[str, object] = {"__builtins__": builtins, "__name__": "__marmalade__"}
        self._naming = Naming(self.names, self._language)
        self._bound: dict[str, object] = {}
        self._asked: Callable[[str], str] = str
        self._own = self._own_names()
        self.names.update(self._own)
        self.use(orchestra)

    def use(self, orchestra: Orchestra) -> None:
        """Bind the names of instruments and effects; a name that the user has bound stays theirs."""
        self._orchestra = orchestra
        fresh: dict[str, object] = {}
        for name, instrument in orchestra.effects().items():
            fresh[name] = _effect(instrument)
        for name in orchestra.names():
            if name.isidentifier():
                fresh[name] = self._voice(name)
        fresh.update(self._language)
        fresh.update(self._own)
        older, self._bound = self._bound, fresh
        for name, value in fresh.items():
            if name not in self.names or self.names[name] is older.get(name):
                self.names[name] = value

    def timeline(self) -> Timeline:
        """The jam's timeline now."""
        return self._timeline()

    def now(self) -> int:
        """Jam time now."""
        return self._now()

    @property
    def orchestra(self) -> Orchestra:
        """What can be played now."""
        return self._orchestra

    def named(self, value: object) -> str:
        """The name under which a thing is known, "" for none."""
        return next((name for name, each in self.names.items() if each is value), "")

    def extend(self, names: Mapping[str, object], asked: Callable[[str], str]) -> None:
        """Bind more names, and let `asked` say which code is meant by a block: `every?` may be `help("every")`."""
        self._own.update(names)
        self._asked = asked
        self.use(self._orchestra)

    def track(self, name: str) -> TrackHandle:
        """A track for other names than d1 and its like; code may call it so where the name means nothing else."""
        handle = self._tracks.get(name)
        if handle is None:
            handle = self._tracks[name] = TrackHandle(
                name, self._replace, self._operations_append, self._cycle_s, self._control
            )
        if name not in self.names:
            self.names[name] = handle
        return handle

    def evaluate(self, code: str, source: str = "") -> Evaluation:
        """Run a block. Nothing sounds different until the operations are carried out.

        Args:
            source: a name for the block in messages; one is made when it is empty.

        Raises:
            UsageError: anything at all went wrong; has the place in the block.
        """
        self._count += 1
        source = source or f"block {self._count}"
        self._operations = []
        self._goes_on = source == RESTORED
        self._ways.begin()
        self._orders = []
        if not self.is_restoring:
            self._scenes.begin()
        if len(code) > _LONGEST_CODE:
            raise UsageError(f"A block of {len(code)} characters is longer than {_LONGEST_CODE}")
        code = self._asked(code)
        remember(code, source)
        try:
            with unsaid(self.is_restoring or source == RESTORED):
                value = self._run(code, source)
            text = "" if value is None else shown(value)
        except SystemExit:
            raise UsageError(
                "exit() does not end the player, nor does quit()", hint="Ctrl-D leaves the shell."
            ) from None
        except BaseException as error:
            raise explain(error, code, source, self._known()) from error
        self._ways.settle()
        return Evaluation(tuple(self._operations), text, tuple(self._orders))

    def bound(self) -> list[Bound]:
        """What the user's code has bound, by name; described anew where it has changed."""
        self._described = described_anew(self.names, self._bound, self._described)
        return [row for _, row in self._described.values()]

    def run_inside(self, code: str, source: str) -> object:
        """Run code as part of the block that is evaluated now; gives the value of its last expression."""
        remember(code, source)
        units, unit = self._units, self._unit
        self._unit_count += len(units)
        try:
            return self._run(code, source)
        finally:
            self._units, self._unit = units, unit

    def _run(self, code: str, source: str) -> object:
        # Under the name of a file CPython takes the columns of mistakes from what is on the disk.
        tree = ast.parse(code)
        self._units, binders = units_of(tree, code, self.binders, self._unit_count, self._naming)
        self._unit = None
        rewrite = Rewrite(code, self.blocks.begin(source, code), self._naming)
        tree = ast.fix_missing_locations(rewrite.visit(tree))
        last: ast.expr | None = None
        if tree.body and isinstance(tree.body[-1], ast.Expr):
            ending = tree.body.pop()
            assert isinstance(ending, ast.Expr)
            last = ending.value
        tree.body = [each for place, statement in enumerate(tree.body) for each in (mark(place, statement), statement)]
        body: CodeType = compile(tree, source, "exec")
        final = compile(ast.Expression(last), source, "eval") if last is not None else None
        exec(body, self.names)
        value = None
        if final is not None:
            self._begin_unit(len(self._units) - 1)
            value = eval(final, self.names)
        self._check_tracks()
        fresh = {name: unit for name, unit in binders.items() if unit in self._units}
        self.binders = {**self.binders, **fresh}  # code that ran inside has bound its own
        self._unit_count += len(self._units)
        return value

    def _begin_unit(self, place: int) -> None:
        """The statement at that place of the block begins."""
        self._unit = self._units[place]

    def _check_tracks(self) -> None:
        """`d1 = s("bd")` plays nothing, and d1 would be no track any more: nobody means that."""
        for name, handle in self._tracks.items():
            found = self.names.get(name)
            if isinstance(found, Pattern):
                self.names[name] = handle
                raise UsageError(
                    f"{name} = ... plays nothing: it only gives a pattern a name", hint=f"Write {name} >> ..."
                )

    def _known(self) -> list[str]:
        return [name for name in (*self.names, *dir(builtins)) if not name.startswith("_")]

    # What the user's code calls

    def _own_names(self) -> dict[str, object]:
        return {
            "clock": ClockHandle(self._operations_append, self._timeline, self._now),
            "jam": JamHandle(self._orders_append),
            "hush": self._hush,
            "panic": self._panic,
            "mute": self._mute,
            "unmute": self._unmute,
            "solo": self._solo,
            "unsolo": self._unsolo,
            "scene": self._scenes,
            **Wishes(self._operations_append, self._orders_append, self._names_of).names(),
            "tracks": lambda: tuple(self._tracks),
            "synths": lambda: self._orchestra.names(),
            "_track": self._track,
            "_literal": self._literal,
            "_unit": self._begin_unit,
            "_row": row,
            "_default": self._default,
        }

    def _orders_append(self, order: Mapping[str, object]) -> None:
        self._orders.append(order)

    def _operations_append(self, operation: Operation) -> None:
        if isinstance(operation, SetMix):
            self._ways.add(operation)
        # What is done again comes to the book only when all blocks are evaluated; it judges them then, in order.
        if isinstance(operation, Undo | Redo) and not self._operations and not self.is_restoring:
            self._book.check(operation)
        self._operations.append(operation)

    def _literal(self, text: str, source: str, number: int, line: int, column: int) -> Literal:
        return Literal(text, self.blocks.of(source, number), line, column)

    def _default(self, voice: Voice, control: str, value: object) -> Voice:
        made = voice.having(control, value)
        Lane(made(), 0).check(0, self._cycle_s(), self._orchestra, self._guard)  # a mistake is told here
        return made

    def _track(self, name: str) -> TrackHandle:
        handle = self.names[name] = self.track(name)
        return handle

    def _replace(self, track: str, pattern: object, grid: Grid, fade: Fraction) -> None:
        if isinstance(pattern, GeneratorHandle):
            pattern = pattern()
        if isinstance(pattern, GeneratorCall):
            self._operations.append(Hush(track))
            self._orders.append(pattern.order(track))
            self._hosted.add(track)
            return
        if track in self._hosted:
            self._hosted.discard(track)
            self._orders.append({"do": "stop", "name": track, "quiet": True})
        lane = Lane(playable(pattern), track_seed(self.seed, track), self._unit)
        timeline = self._timeline()
        cycle = timeline.cycle(self._now())
        number = max(0, cycle.numerator // cycle.denominator + 1)
        cycle_s = timeline.cycle_s(Fraction(number))
        try:
            lane.check(number, cycle_s, self._orchestra, self._guard)
        except TooSlowError:
            try:  # what is done for the first time is slow: imports, tables
                lane.check(number, cycle_s, self._orchestra, self._guard)
            except TooSlowError:
                raise too_slow(track, number) from None
        if self._unit is not None:
            self._unit.plays[track] = weakref.ref(lane)
        if self._goes_on and grid == Grid() and lane.pattern.piece is None:
            grid = _SOON
        self._operations.append(Replace(track, lane, grid, fade))

    def _control(self, track: str, name: str, value: object) -> bool:
        """`g1.cutoff = "<200 800>"`: a control of the generator that plays into the track."""
        if track not in self._hosted:
            return False
        self._orders.append({"do": "control", "name": track, "controls": controls_of({name: value})})
        return True

    def _cycle_s(self) -> float:
        timeline = self._timeline()
        return timeline.cycle_s(timeline.cycle(self._now()))

    def _hush(self, *tracks: TrackHandle | str, fade: float = 0.02) -> None:
        """Silence the given tracks, or all; those of other players by name: `hush("acid")`."""
        for name in self._names_of(tracks, "hush") if tracks else [None]:
            if name is None or name in self._hosted:
                self._orders.append({"do": "stop", "name": name or "", "quiet": True})
            self._operations.append(Hush(name, min(10.0, max(0.005, float(fade)))))

    def _panic(self) -> None:
        """Silence everything at once, tails included."""
        self._orders.append({"do": "panic"})
        self._operations.append(Hush())

    def _mute(self, *tracks: TrackHandle | str) -> None:
        """Mute tracks: they go on unheard. Those of other players by name: `mute("acid")`."""
        self._set(tracks, "mute", mute=True)

    def _unmute(self, *tracks: TrackHandle | str) -> None:
        """Unmute tracks, or all."""
        self._set(tracks or self._set_to("mute"), "unmute", mute=False)

    def _solo(self, *tracks: TrackHandle | str) -> None:
        """Hear only these tracks."""
        self._set(tracks, "solo", solo=True)

    def _unsolo(self, *tracks: TrackHandle | str) -> None:
        """End the solo of tracks, or of all."""
        self._set(tracks or self._set_to("solo"), "unsolo", solo=False)

    def _set_to(self, setting: str) -> tuple[TrackHandle, ...]:
        """The tracks of which it is on, as far as that is known: what is done again comes to the book later."""
        on = {name for name, version in self._book.now.items() if version.mix.get(setting)}
        on.update(self._tracks if self.is_restoring else ())
        on.update(each.track for each in self._operations if isinstance(each, SetMix))
        return tuple(handle for name, handle in self._tracks.items() if name in on)

    def _set(self, tracks: Iterable[TrackHandle | str], do: str, **settings: object) -> None:
        for name in self._names_of(tracks, do):
            self._operations.append(SetMix(name, settings))

    def _names_of(self, tracks: Iterable[TrackHandle | str], do: str = "") -> list[str]:
        mine, others = names_of(tracks, self._tracks, may_be_others=bool(do))
        self._orders += [{"do": do, "track": name} for name in others]
        return mine


def _effect(instrument: Instrument) -> Callable[..., Effect]:
    def effect(*values: float, **controls: float) -> Effect:
        return Effect.of(instrument, *values, **controls)

    effect.__name__ = instrument.name
    effect.__doc__ = instrument.doc
    return effect
