"""Handing over: a child that adopts its parent's position plays exactly the frames that its parent would play."""

import contextlib
import copy
import json
from dataclasses import replace
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from marmalade_sc.clock.timetag import UNITS_PER_SECOND
from marmalade_sc.errors import UsageError
from marmalade_sc.live.lane import Lane
from marmalade_sc.live.operations import (
    DropScene,
    Grid,
    Hush,
    NextScene,
    Nudge,
    Only,
    Operation,
    Ramp,
    Recall,
    Redo,
    Replace,
    SaveScene,
    SetMix,
    Tempo,
    Transport,
    Undo,
)
from marmalade_sc.live.position import adopt, mark_of, position_of
from marmalade_sc.live.scheduler import Scheduler, Timing
from marmalade_sc.patterns.notation import notation
from marmalade_sc.patterns.piece import Piece
from marmalade_sc.sdk.frames import Frame
from tests.live_package.stage import MS, START, Stage

TEXTS = ("bd*4", "<sn hh>*8", "bd(3,8)", "hh*16?", "~ sn", "bd . sn . hh hh")


def sounds(text: str) -> Lane:
    return Lane(notation(text).fmap(lambda value: {"s": value}), 7)


@st.composite
def operations(draw: st.DrawFn) -> Operation:
    """What code and keys may ask, other than a new pattern."""
    number = draw(st.integers(1, 1000))
    kinds = ["replace", "hush", "mix", "tempo", "ramp", "nudge", "pause", "play", "undo", "redo", "scene", "only"]
    kind = draw(st.sampled_from(kinds))
    track = draw(st.sampled_from(["d1", "d2"]))
    grid = draw(st.sampled_from([Grid(), Grid(Fraction(0)), Grid(Fraction(1, 4)), Grid(Fraction(4))]))
    if kind == "replace":
        fade = draw(st.sampled_from([Fraction(0), Fraction(0), Fraction(1), Fraction(5, 2)]))
        return Replace(track, sounds(draw(st.sampled_from(TEXTS))), grid, fade)
    if kind in ("undo", "redo"):
        return (Undo if kind == "undo" else Redo)(draw(st.sampled_from([None, track])), number % 3 + 1, grid)
    if kind == "scene":
        name = "ab"[number % 2]
        steps = NextScene(1, grid), NextScene(-1, grid)
        scenes: list[Operation] = [SaveScene(name), Recall(name, grid), *steps, DropScene(name)]
        return draw(st.sampled_from(scenes))
    if kind == "only":
        return Only((track,), grid)
    if kind == "hush":
        return Hush(draw(st.sampled_from([None, track])))
    if kind == "mix":
        return SetMix(track, {"gain_db": -float(number % 20)})
    if kind == "tempo":
        return Tempo(60 + number / 7, grid)
    if kind == "ramp":
        return Ramp(60 + number / 7, Fraction(number, 100), grid)
    if kind == "nudge":
        return Nudge((number - 500) / 2000)
    return Transport(kind == "play")


def forked(scheduler: Scheduler) -> Scheduler:
    """A copy as a fork makes it; lanes and instruments only remember what they made, so both may share them."""
    shared: list[object] = [scheduler.orchestra, scheduler.timeline]
    shared += scheduler.book.lanes().values()
    for track in scheduler.tracks.values():
        shared += track.lanes()
    return copy.deepcopy(scheduler, {id(each): each for each in shared})


def parted(scheduler: Scheduler) -> Scheduler:
    """A copy that shares no lane, as it is after a fork."""
    lanes = [lane for track in scheduler.tracks.values() for lane in track.lanes()]
    for lane in lanes:
        lane.rest()
    shared = [scheduler.orchestra, scheduler.timeline, *(lane.pattern for lane in lanes)]
    child = copy.deepcopy(scheduler, {id(each): each for each in shared})
    for lane in (lane for track in child.tracks.values() for lane in track.lanes()):
        if lane.placed is not None:
            lane.placed = replace(lane.placed, timeline=lambda: child.timeline)
    return child


STEPS = st.lists(st.tuples(st.integers(0, 40), st.none() | operations()), max_size=6)


def carry_out(scheduler: Scheduler, operations: list[Operation], now: int) -> None:
    with contextlib.suppress(UsageError):  # nothing to undo, no such scene: then it is so in both
        scheduler.carry_out(operations, now)


def play(scheduler: Scheduler, steps: list[tuple[int, Operation | None]], start: int) -> tuple[list[Frame], int]:
    """Frames every 25 ms with operations in between; the frames and the time afterwards."""
    frames: list[Frame] = []
    now = start
    for ticks, operation in steps:
        for _ in range(ticks):
            frames += scheduler.frames(now)
            now += scheduler.timing.frame
        if operation is not None:
            carry_out(scheduler, [operation], now)
    return frames, now


@given(STEPS, STEPS, STEPS, st.lists(operations(), max_size=3), st.booleans())
@settings(max_examples=80, deadline=None)
def test_a_handover_at_any_moment_changes_no_frame(
    before: list[tuple[int, Operation | None]],
    meanwhile: list[tuple[int, Operation | None]],
    after: list[tuple[int, Operation | None]],
    evaluated: list[Operation],
    marked: bool,
) -> None:
    """`before`, the child is forked; `meanwhile` it evaluates and the parent plays on; then the child adopts all of the
    position, or (`marked`) what has changed of it."""
    # New patterns come only by evaluation, and one evaluation runs at a time.
    meanwhile = [(ticks, None if isinstance(each, Replace) else each) for ticks, each in meanwhile]
    parent = Stage().scheduler
    parent.carry_out([Replace("d1", sounds("bd*8"))], START - 200 * MS)
    _, now = play(parent, before, START - 200 * MS)
    child = forked(parent)
    mark = mark_of(parent) if marked else None
    _, now = play(parent, meanwhile, now)
    parent.frames(now)
    position = json.loads(json.dumps(position_of(parent, mark)))
    adopt(child, position)
    for each in (parent, child):
        carry_out(each, evaluated, now)
    ours, _ = play(child, [*after, (50, None)], now)
    theirs, _ = play(parent, [*after, (50, None)], now)
    assert ours == theirs
    assert without_journal(position_of(child)) == without_journal(position_of(parent))
    assert (child.book.now, child.book.scenes, child.book.scene) == (
        parent.book.now,
        parent.book.scenes,
        parent.book.scene,
    )
    while True:  # their pasts are the same, too
        try:
            for each in (parent, child):
                each.carry_out([Undo()], now)
        except UsageError:
            break
        assert child.book.now == parent.book.now


def without_journal(position: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in position.items() if name != "journal"}


def test_a_position_is_plain_data() -> None:
    stage = Stage()
    stage.evaluate('d1 >> s("bd*4")\nd1.gain(-3)')
    stage.run_to(1.4)
    stage.evaluate('d1 >> s("sn*4")')
    position = position_of(stage.scheduler)
    assert json.loads(json.dumps(position)) == position


def test_what_has_not_changed_does_not_travel() -> None:
    stage = Stage()
    stage.evaluate('d1 >> s("bd*4")\nd2 >> s("sn*4")')
    stage.run_to(1.4)
    mark = mark_of(stage.scheduler)
    stage.run(0.1)
    same = position_of(stage.scheduler, mark)
    assert same["tracks"] == {}
    assert same["timeline"] is None
    stage.scheduler.carry_out([Hush("d2")], stage.clock.now())
    changed = position_of(stage.scheduler, mark)["tracks"]
    assert isinstance(changed, dict)
    assert list(changed) == ["d2"]


def test_a_piece_that_counts_seconds_is_moved_in_the_child_as_well() -> None:
    """Time goes on while a block is evaluated: else the piece would jump by as long as it had stood still."""
    parent, now = Stage().scheduler, START - 200 * MS
    piece = Piece("piece", Fraction(60), in_seconds=True)
    lane = Lane(sounds("bd*8").pattern.of_piece(piece), 7)
    carry_out(parent, [Replace("d1", lane)], now)
    _, now = play(parent, [(100, Transport(False)), (100, None)], now)
    child, mark = parted(parent), mark_of(parent)
    _, now = play(parent, [(0, Transport(True)), (10, None)], now)
    adopt(child, json.loads(json.dumps(position_of(parent, mark))))
    ours, _ = play(child, [(120, None)], now)
    theirs, _ = play(parent, [(120, None)], now)
    assert sum(len(frame.sections) for frame in theirs) > 10
    assert ours == theirs


def test_a_child_plays_no_frame_a_second_time() -> None:
    stage = Stage()
    stage.evaluate('d1 >> s("bd*16")')
    stage.run_to(1)
    child = forked(stage.scheduler)
    stage.run(0.5)
    adopt(child, position_of(stage.scheduler))
    assert child.seq == stage.scheduler.seq
    (first, *_) = child.frames(stage.clock.now() + 25 * MS)
    assert first.seq == stage.scheduler.seq + 1
    assert first.last == stage.clock.now() + 25 * MS + Timing().lookahead + Timing().frame
    assert first.first < stage.clock.now() + UNITS_PER_SECOND
