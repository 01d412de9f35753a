"""The scheduler: which notes of which track fall into the next frame. Pure: time is an argument, frames come back.

It asks each track's lane for the stretch of cycles that lies a lookahead away, so that "when I woke up" never enters a
timetag; live host and render run the same object on different clocks.
"""

import contextlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from fractions import Fraction
from typing import Final

from marmalade_sc.clock.timeline import Timeline
from marmalade_sc.clock.timetag import UNITS_PER_SECOND
from marmalade_sc.errors import UsageError
from marmalade_sc.live.asking import notes_of
from marmalade_sc.live.book import Book, Version
from marmalade_sc.live.clockwork import MS, Landing, Timing, begun, changed
from marmalade_sc.live.faults import Faults
from marmalade_sc.live.lane import Lane, Ready
from marmalade_sc.live.onsets import onsets
from marmalade_sc.live.operations import (
    DropScene,
    Grid,
    Hush,
    Operation,
    Remembered,
    Replace,
    SaveScene,
    SetMix,
    in_meter,
)
from marmalade_sc.live.placing import landing_cycle, put_back, resumed, settle
from marmalade_sc.live.steps import step_words
from marmalade_sc.live.track import Track
from marmalade_sc.sdk.emission import Stretch, note_sections, small_enough, stretches_of
from marmalade_sc.sdk.frames import Frame, Mix, Release, Section, Swap, TimelineChange
from marmalade_sc.sdk.instruments import Orchestra
from marmalade_sc.sdk.osc import note_message
from marmalade_sc.sdk.seeds import note_seed

__all__ = ["Landing", "Scheduler", "Timing", "Track"]

_KEPT_PAST: Final = 4 * UNITS_PER_SECOND
"""Segments of the timeline that ended so long ago are forgotten: nothing is asked for their time any more, and even
a knob that is turned for an hour must fit into a frame."""
_OPERATION: Final = MS // 10
"""What one operation costs until the dispatcher knows of it (measured: 0.06 ms): a thousand land that much later."""
_SWAPS_AHEAD: Final = 4
_MIX_FADE_S: Final = 0.02
"""How long a strip takes to what it was before, or is in a scene: no click."""
_MOST_STEPS: Final = 2000
"""Steps told of one frame; a view that shows more than that shows nothing."""


class Scheduler:
    """See the module.

    Args:
        orchestra: what can be played.
        timeline: where cycles lie.
        cursor: cycle up to which frames were made.
        complain: takes sentences about patterns that fail while they play.

    Attributes:
        book: what each track plays and played, and the scenes.
        guard: entered where a pattern is asked for a cycle; bounds what that may cost. Nothing does in a render, which
            must not depend on the speed of a machine.
        first_epoch: of tracks that are new; beyond every number that was used before a crash.
        lanes: how many have been numbered.
        steps: what is told of the notes that are made, for `steps_line`; None while nobody wants to know.
    """

    def __init__(
        self,
        orchestra: Orchestra,
        timeline: Timeline,
        timing: Timing = Timing(),  # noqa: B008  a frozen value
        cursor: Fraction = Fraction(0),  # noqa: B008  a frozen value
        complain: Callable[[str], None] = lambda text: None,
    ) -> None:
        self.orchestra = orchestra
        self.timeline = timeline
        self.timing = timing
        self.cursor = cursor
        self.tracks: dict[str, Track] = {}
        self.seq = 0
        self.nodes = 0
        self.first_epoch = 0
        self.book = Book()
        self.faults = Faults(complain)
        self.guard: Callable[[], AbstractContextManager[object]] = nullcontext
        self.steps: list[str] | None = None
        self.lanes = 0
        self._now = 0
        self._sections: list[Section] = []
        self._next_orchestra: tuple[Fraction, Orchestra] | None = None

    # Changing

    def begin(self, operations: Sequence[Operation], now: int) -> None:
        """Let cycle 0 begin at once where the first patterns ever are about to play; else do nothing.

        Nobody should wait a bar for the first sound; and a set that is played live then has the cycles that it has
        when it is rendered.
        """
        if self.tracks or not any(isinstance(operation, Replace) for operation in operations):
            return
        timeline = begun(self.timeline, now, self.timing.settled + (len(operations) + 10) * _OPERATION)
        if timeline is self.timeline:
            return
        if self._next_orchestra is not None:  # its bar is one of the old count
            self.orchestra = self._next_orchestra[1]
            self._next_orchestra = None
        self.cursor = Fraction(0)
        self.timeline = timeline
        self._sections.append(TimelineChange(self.timeline.to_json()))

    def earliest(self, now: int, operations: int) -> Fraction:
        """The first cycle at which so many operations can land that are carried out at jam time `now`."""
        return self.timeline.cycle(now + self.timing.settled + operations * _OPERATION)

    def carry_out(self, operations: Iterable[Operation], now: int, earliest: Fraction | None = None) -> list[Landing]:
        """Do what is asked, as one deed; returns when each takes effect. Changes of sound go out with the next frame.

        Args:
            earliest: cycle before which nothing lands; by default what is not yet settled at jam time `now`.

        Raises:
            UsageError: there is nothing to undo or redo, or no such scene; what stood before it is done.
        """
        asked = list(operations)
        if earliest is None:
            earliest = self.earliest(now, len(asked))
        self.book.begin()
        beats = self.timeline.beats_per_cycle(earliest)
        return [self._carry_out(in_meter(operation, beats), now, earliest) for operation in asked]

    def restore(self, deeds: Iterable[Sequence[Operation]], now: int, places: object = None) -> list[Landing]:
        """Do again, at once, what was done before a crash: each a deed of its own, of which the last is heard.

        Without those on time itself, for the timeline has been kept. `places`: where pieces began, see `placing`.
        """
        count = 0
        for deed in deeds:
            self.book.begin()
            for operation in deed:
                if isinstance(operation, Remembered):
                    count += 1
                    self._number(operation)
                    with contextlib.suppress(UsageError):  # it worked once; its past may have been left out since
                        self.book.apply(operation)
        versions = dict(self.book.now)
        put_back(versions, places, lambda: self.timeline)
        return self._land(versions, {}, Grid(Fraction(0)), self.earliest(now, len(versions)), now)

    def _carry_out(self, operation: Operation, now: int, earliest: Fraction) -> Landing:
        if not isinstance(operation, Remembered):
            timeline, landing = changed(self.timeline, operation, earliest, now, self.timing.settled, self.cursor)
            if timeline is not self.timeline:
                resumed((*self.book.lanes().values(), *self._lanes()), self.timeline, timeline)
                self.timeline = timeline.pruned(now - _KEPT_PAST)
                self._sections.append(TimelineChange(self.timeline.to_json()))
            return landing
        self._number(operation)
        if isinstance(operation, Replace):
            self.book.apply(operation)
            at = landing_cycle(operation.grid, self.track(operation.track), earliest, self.timeline)
            return Landing(operation.track, self._replace(operation, at))
        before = dict(self.book.now)
        versions = self.book.apply(operation)
        if isinstance(operation, Hush):
            return self._hush(operation, now)
        if isinstance(operation, SetMix):
            return self._set_mix(operation, now, earliest)
        if isinstance(operation, SaveScene | DropScene):
            return Landing(self.book.words(operation, versions), self.timeline.cycle(now))
        at = operation.grid.next(earliest)
        self._land(versions, before, operation.grid, earliest, now)
        return Landing(self.book.words(operation, versions), at)

    def _lanes(self) -> Iterable[Lane]:
        return (lane for track in self.tracks.values() for lane in track.lanes())

    def _number(self, operation: Remembered) -> None:
        if isinstance(operation, Replace):
            self.lanes += 1
            operation.lane.number = operation.lane.number or self.lanes

    def _land(
        self,
        versions: Mapping[str, Version],
        before: Mapping[str, Version],
        grid: Grid,
        earliest: Fraction,
        now: int,
    ) -> list[Landing]:
        """Let tracks become what `versions` say, all at one point of the grid. `before`: what they were in the book."""
        at = grid.next(earliest)
        landings = []
        for name, version in versions.items():
            track = self.track(name)
            if version.lane is not None:
                settle(version.lane, track, at, grid, lambda: self.timeline)
            if not track.plays_from(at, version.lane):
                self._play(track, version.lane, at)
            settings = before.get(name, Version()).mix_towards(version)
            if settings:
                settings["fade_s"] = _MIX_FADE_S
                track.mix.update(settings)
                self._sections.append(Mix(name, self.timeline.timetag(at) if grid.cycles else 0, settings))
            landings.append(Landing(name, at))
        return landings

    def _replace(self, operation: Replace, at: Fraction) -> Fraction:
        track = self.track(operation.track)
        settle(operation.lane, track, at, operation.grid, lambda: self.timeline)
        if not operation.fade or operation.lane.is_in_seconds:
            self._play(track, operation.lane, at)
            return at
        track.coming = [each for each in track.coming if each[0] < at]
        fading = track.faded(operation.lane, at, operation.fade)
        self.lanes += 1
        fading.number = self.lanes
        self._play(track, fading, at)
        track.coming.append((at + operation.fade, track.next_epoch(), operation.lane))
        return at

    def _play(self, track: Track, lane: Lane | None, at: Fraction) -> None:
        """Let a track play `lane` from `at` on, whatever else was to come."""
        epoch = track.next_epoch()
        older = track.before(at)
        if lane is not None and lane is not older:
            lane.came = (at, older)
        if older is not None:
            older.came = None  # no chain of all that ever played
        track.coming = [each for each in track.coming if each[0] < at]
        if at < self.cursor:  # the old pattern was already asked beyond the border: the new one catches up
            track.coming.clear()
            self._take(track, at, epoch, lane)
            self._emit(track, at, self.cursor)
        else:
            track.coming.append((at, epoch, lane))

    def _hush(self, operation: Hush, now: int) -> Landing:
        names = [operation.track] if operation.track is not None else list(self.tracks)
        for name in names:
            track = self.track(name)
            track.take(None, track.next_epoch())
            track.last_good = None
            track.coming.clear()
            self.faults.replaced(name)
            self._sections.append(Release(name, track.playing, now, operation.fade_s))
        return Landing(f"hush {operation.track or 'all'}", self.timeline.cycle(now))

    def _set_mix(self, operation: SetMix, now: int, earliest: Fraction) -> Landing:
        track = self.track(operation.track)
        track.mix.update(operation.settings)
        at = operation.grid.next(earliest) if operation.grid.cycles else self.timeline.cycle(now)
        when = self.timeline.timetag(at) if operation.grid.cycles else 0
        self._sections.append(Mix(track.name, when, dict(operation.settings)))
        return Landing(operation.words, at)

    @property
    def is_unsent(self) -> bool:
        """Whether something was collected that no frame holds yet."""
        return bool(self._sections)

    def forget_unsent(self) -> None:
        """Drop what was collected for the next frame: it has been sent by the process that this is a copy of."""
        self._sections = []

    def announce(self) -> None:
        """Say again all that an engine must know that was just started: timeline, strips, epochs."""
        self._sections.append(TimelineChange(self.timeline.to_json()))
        for track in self.tracks.values():
            if track.mix:
                self._sections.append(Mix(track.name, 0, dict(track.mix)))

    def reload(self, orchestra: Orchestra, now: int) -> Fraction:
        """Play with other instruments from the next bar on; returns that bar. New names can be used at once."""
        earliest = max(self.earliest(now, 0), self.cursor)
        at = Fraction(-(-earliest.numerator // earliest.denominator))
        self._next_orchestra = (at, orchestra)
        self.orchestra = self.orchestra.extended(orchestra)
        return at

    # Making frames

    def frames(self, now: int) -> list[Frame]:
        """The frames to write now: everything up to a lookahead and a frame ahead that was not made yet."""
        self._now = now
        self.faults.look(now)
        until = now + self.timing.lookahead + self.timing.frame
        end = self.timeline.cycle(until)
        stands = self.timeline.stops_at()
        if stands is not None:
            end = min(end, stands)
        if end > self.cursor:
            begin, self.cursor = self.cursor, end
            if self._next_orchestra is not None and self._next_orchestra[0] < end:
                at, orchestra = self._next_orchestra
                self._next_orchestra = None
                self._emit_all(begin, max(begin, at))
                self.orchestra = orchestra
                self._emit_all(max(begin, at), end)
            else:
                self._emit_all(begin, end)
            # Swaps go some frames ahead of the notes that follow them: 1,600 of both in one frame cost 65 ms.
            soon = self.timeline.cycle(until + _SWAPS_AHEAD * self.timing.frame)
            for track in self.tracks.values():
                if track.coming and track.coming[0][0] < soon:
                    self._announce_swap(track, track.coming[0][0], track.coming[0][1])
        return self._cut(now, until)

    def prefetch(self, enough: Callable[[], bool]) -> None:
        """Ask patterns for the cycle behind the cursor, until `enough()`: keeps the first frame of a bar short."""
        number = self.cursor.numerator // self.cursor.denominator + 1
        cycle_s = self.timeline.cycle_s(Fraction(number))
        for track in list(self.tracks.values()):
            if track.lane is not None and not track.coming:
                self._notes(track, number, cycle_s)
                if enough():
                    return

    def _emit_all(self, begin: Fraction, end: Fraction) -> None:
        if begin >= end:
            return
        stretches = stretches_of(begin, end, self.timeline)
        for track in self.tracks.values():
            if not track.coming:
                self._emit_stretches(track, stretches)
                continue
            start = begin
            while track.coming and track.coming[0][0] < end:
                at, epoch, lane = track.coming.pop(0)
                self._emit(track, start, max(start, at))
                start = max(start, at)
                self._take(track, start, epoch, lane)
            self._emit(track, start, end)

    def _take(self, track: Track, at: Fraction, epoch: int, lane: Lane | None) -> None:
        """Play another lane from `at` on."""
        self._announce_swap(track, at, epoch)
        track.take(lane, epoch)
        self.faults.replaced(track.name)

    def _announce_swap(self, track: Track, at: Fraction, epoch: int) -> None:
        if track.announced < epoch:
            track.announced = epoch
            self._sections.append(Swap(track.name, epoch, self.timeline.timetag(at)))

    def _emit(self, track: Track, begin: Fraction, end: Fraction) -> None:
        if begin < end:
            self._emit_stretches(track, stretches_of(begin, end, self.timeline))

    def _emit_stretches(self, track: Track, stretches: list[Stretch]) -> None:
        """Bundles of what begins there, one per instant, as sections of the frame that is being made."""
        lane = track.lane
        if lane is None:
            return
        timetag, steps = self.timeline.timetag, self.steps
        instants: list[tuple[int, list[bytes]]] = []
        for stretch in stretches:
            for when, note in onsets(self._notes(track, stretch.number, stretch.cycle_s), stretch, timetag):
                if not instants or instants[-1][0] != when:
                    instants.append((when, []))
                same = instants[-1][1]
                seed = note_seed(lane.seed, stretch.number, note.offset, len(same)) if note.is_random else 0
                self.nodes = (self.nodes + 1) & 0xFFFFFF
                if steps is not None and len(steps) < _MOST_STEPS:
                    steps.append(f"[{when}{note.told or step_words(note, track.name)}")
                same.append(note_message(note.head, self.nodes, note.values, seed))
        self._sections += note_sections(track.name, track.playing, instants)

    def _notes(self, track: Track, number: int, cycle_s: float) -> list[Ready]:
        return notes_of(track, number, cycle_s, self.orchestra, self.guard, self.faults, self._now)

    def _cut(self, now: int, until: int) -> list[Frame]:
        """What was collected, as frames that are small enough."""
        frames = [self._frame(now, until, part) for part in small_enough(self._sections)]
        self._sections = []
        return frames

    def _frame(self, now: int, until: int, sections: list[Section]) -> Frame:
        self.seq += 1
        return Frame(self.seq, self.timeline.revision, max(0, now), max(0, until), tuple(sections))

    def track(self, name: str) -> Track:
        """The track of that name; made when it is new."""
        track = self.tracks.get(name)
        if track is None:
            track = self.tracks[name] = Track(name, self.first_epoch, self.first_epoch, self.first_epoch)
        return track
