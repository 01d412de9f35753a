"""The book: undo and redo as laws, scenes, and a copy that catches up."""

import copy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marmalade_sc.errors import UnknownNameError, UsageError
from marmalade_sc.live.book import Book, Version
from marmalade_sc.live.lane import Lane
from marmalade_sc.live.operations import (
    DropScene,
    Hush,
    NextScene,
    Only,
    Recall,
    Redo,
    Remembered,
    Replace,
    SaveScene,
    SetMix,
    Undo,
)
from marmalade_sc.patterns.pattern import silence

LANES = [Lane(silence(), number) for number in range(6)]
TRACKS = ("d1", "d2", "b1")


def changes() -> st.SearchStrategy[Remembered]:
    tracks = st.sampled_from(TRACKS)
    return st.one_of(
        st.builds(Replace, tracks, st.sampled_from(LANES)),
        st.builds(Hush, st.none() | tracks),
        st.builds(SetMix, tracks, st.fixed_dictionaries({"gain_db": st.integers(-9, 9).map(float)})),
        st.builds(SetMix, tracks, st.just({"mute": True})),
        st.builds(Only, st.lists(tracks, max_size=2, unique=True).map(tuple)),
    )


DEEDS = st.lists(st.lists(changes(), min_size=1, max_size=4), max_size=12)


def do(book: Book, *deed: Remembered) -> None:
    book.begin()
    for operation in deed:
        book.apply(operation)


def played(deeds: list[list[Remembered]]) -> Book:
    book = Book()
    for deed in deeds:
        do(book, *deed)
    return book


def sounding(book: Book) -> dict[str, Version]:
    """What is played and set: a track that plays nothing and was never touched is as good as none."""
    return {track: version for track, version in book.now.items() if version != Version()}


@given(DEEDS, st.lists(changes(), min_size=1, max_size=4))
@settings(deadline=None)
def test_undo_takes_back_a_deed_as_a_whole(deeds: list[list[Remembered]], last: list[Remembered]) -> None:
    book = played(deeds)
    before = sounding(book)
    do(book, *last)
    if sounding(book) == before:
        return  # it changed nothing, or two of its changes took each other back
    do(book, Undo())
    assert sounding(book) == before


@given(DEEDS, st.integers(1, 5))
@settings(deadline=None)
def test_redo_gives_back_what_undo_has_taken(deeds: list[list[Remembered]], steps: int) -> None:
    book = played(deeds)
    before = sounding(book)
    try:
        do(book, Undo(None, steps))
    except UsageError:
        assert not before
        return
    do(book, Redo(None, steps))
    assert sounding(book) == before


@given(DEEDS, st.integers(1, 5))
@settings(deadline=None)
def test_going_back_by_several_is_undoing_as_often(deeds: list[list[Remembered]], steps: int) -> None:
    one, other = played(deeds), played(deeds)
    try:
        do(one, Undo(None, steps))
    except UsageError:
        return
    for _ in range(steps):
        try:
            do(other, Undo())
        except UsageError:
            break
    assert sounding(one) == sounding(other)


@given(DEEDS, DEEDS)
@settings(deadline=None)
def test_a_copy_that_is_told_what_was_asked_since_is_the_same(
    before: list[list[Remembered]], since: list[list[Remembered]]
) -> None:
    """A generation that evaluates knows of the keys that were pressed meanwhile. They bring no new patterns."""
    keys = [[each for each in deed if not isinstance(each, Replace)] for deed in since]
    book = played(before)
    shared = {id(lane): lane for lane in LANES}
    child = copy.deepcopy(book, shared)
    for deed in keys:
        do(book, *deed)
        do(book, SaveScene("a"))
    child.catch_up(list(book.journal), book.deed)
    assert (child.now, child.scenes, child.deed) == (book.now, book.scenes, book.deed)
    for _ in range(4):
        try:
            do(book, Undo())
            do(child, Undo())
        except UsageError:
            break
        assert child.now == book.now


def test_undo_of_one_track_leaves_the_others() -> None:
    book = played([[Replace("d1", LANES[0]), Replace("d2", LANES[1])], [Replace("d1", LANES[2])]])
    do(book, Replace("d2", LANES[3]))
    do(book, Undo("d1"))
    assert (book.now["d1"].lane, book.now["d2"].lane) == (LANES[0], LANES[3])
    do(book, Redo("d1"))
    assert book.now["d1"].lane is LANES[2]


def test_what_was_undone_is_forgotten_when_the_track_changes() -> None:
    book = played([[Replace("d1", LANES[0])], [Replace("d1", LANES[1])], [Undo()], [Replace("d1", LANES[2])]])
    with pytest.raises(UsageError, match="nothing to redo"):
        do(book, Redo("d1"))


def test_a_hush_can_be_undone() -> None:
    """The wrong key on stage: everything comes back at the next bar."""
    book = played([[Replace("d1", LANES[0])], [Replace("b1", LANES[1])], [Hush()]])
    assert not any(version.lane for version in book.now.values())
    do(book, Undo())
    lanes = [book.now[track].lane for track in ("d1", "b1")]
    assert lanes == LANES[:2]


def test_history_is_bounded() -> None:
    book = played([[Replace("d1", LANES[number % 6])] for number in range(500)])
    with pytest.raises(UsageError, match="nothing to undo"):
        for _ in range(500):
            do(book, Undo())
    assert len(book.lanes()) <= len(LANES)


@pytest.mark.parametrize("operation", [Undo(), Redo(), Undo("d1"), Redo("d9")])
def test_nothing_to_undo_is_told(operation: Remembered) -> None:
    with pytest.raises(UsageError, match="There is nothing to"):
        do(Book(), operation)


def test_a_scene_brings_back_patterns_and_mix_and_stops_the_others() -> None:
    book = played([[Replace("d1", LANES[0]), SetMix("d1", {"gain_db": -6.0})], [SaveScene("a")]])
    do(book, Replace("d1", LANES[1]), SetMix("d1", {"gain_db": 0.0}), Replace("d2", LANES[2]))
    do(book, Recall("a"))
    assert book.now["d1"] == Version(LANES[0], {"gain_db": -6.0})
    assert book.now["d2"].lane is None
    do(book, Undo())
    lanes = [book.now[track].lane for track in ("d1", "d2")]
    assert lanes == LANES[1:3]


def test_next_and_previous_go_round() -> None:
    book = Book()
    for name, lane in zip("abc", LANES, strict=False):
        do(book, Replace("d1", lane), SaveScene(name))
    order = []
    for step in (1, 1, 1, -1, -1):
        do(book, NextScene(step))
        order.append(book.scene)
    assert order == ["a", "b", "c", "b", "a"]
    assert book.now["d1"].lane is LANES[0]


def test_scenes_that_are_not_there_are_told_with_the_nearest() -> None:
    book = played([[Replace("d1", LANES[0]), SaveScene("verse")]])
    with pytest.raises(UnknownNameError, match="no scene 'vers'") as raised:
        do(book, Recall("vers"))
    assert "'verse'" in raised.value.hint
    do(book, DropScene("verse"))
    with pytest.raises(UsageError, match="no scene yet"):
        do(book, NextScene(1))


def others() -> st.SearchStrategy[Remembered]:
    settings = st.fixed_dictionaries({"gain_db": st.integers(-9, 9).map(float), "pan": st.sampled_from([-1.0, 0.5])})
    return st.builds(SetMix, st.sampled_from(TRACKS), settings, is_shared=st.just(True))


@given(st.lists(st.lists(changes(), min_size=1, max_size=3) | others().map(lambda each: [each]), max_size=14))
def test_undo_never_takes_back_what_was_set_for_all(deeds: list[list[Remembered]]) -> None:
    """All of ours undone, and done again: what was set for all is as it was set last, as if it had been so at first."""
    book, ours = Book(), Book()
    theirs: dict[str, SetMix] = {}
    for deed in deeds:
        do(book, *deed)
        for each in deed:
            if isinstance(each, SetMix) and each.is_shared:
                theirs[each.track] = each
    for each in theirs.values():
        do(ours, each)
    while any(book._past.values()):
        do(book, Undo())
    for track in theirs:
        assert book.now[track].lane is None
        assert not book.now[track].mix_towards(ours.now[track])


def test_a_fader_that_is_moved_for_all_is_no_deed_of_ours() -> None:
    book = played([[Replace("d1", LANES[0])], [SetMix("acid", {"gain_db": -6.0, "pan": 0.0}, is_shared=True)]])
    do(book, Undo())
    assert book.now["d1"].lane is None, "the pattern went, not the fader"
    assert book.now["acid"].mix["gain_db"] == -6.0
    with pytest.raises(UsageError, match="nothing to undo"):
        do(book, Undo())
    do(book, Redo())
    do(book, SetMix("acid", {"mute": True}))
    do(book, SetMix("acid", {"gain_db": -9.0, "pan": 0.5}, is_shared=True))
    do(book, Undo())
    assert (book.now["acid"].mix["gain_db"], book.now["acid"].mix.get("mute", False)) == (-9.0, False)
