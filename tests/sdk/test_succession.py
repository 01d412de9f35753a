"""One version of a generator follows another: where the one ends the other begins, and it knows what it was told."""

from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marmalade_sc.clock.timeline import Timeline
from marmalade_sc.clock.timetag import UNITS_PER_SECOND
from marmalade_sc.errors import UsageError
from marmalade_sc.sdk.jam import Jam, Write
from marmalade_sc.sdk.language import s
from marmalade_sc.sdk.memory import Entry, Memory
from marmalade_sc.sdk.stage import STAGE, Stage, begin_of, frame_at, milliseconds_of
from marmalade_sc.sdk.succession import Succession, reload_key

CATALOGUE = Path(__file__).parent.parent / "generators" / "orchestra.json"
PATH = "local:it:1"
TIMELINE = Timeline.steady(120, UNITS_PER_SECOND)


class Still:
    """A driver for those who drive it themselves."""

    def run(self, jam: Jam) -> None:  # type: ignore[override]
        raise AssertionError


def jam_of(**environment: str) -> Jam:
    token = STAGE.set(Stage(PATH, "it", 1, {}, CATALOGUE, Still(), environment))  # type: ignore[arg-type]
    try:
        return Jam()
    finally:
        STAGE.reset(token)


def played(jam: Jam, memory: Memory, first: Fraction, last: Fraction) -> tuple[list[Fraction], list[Write]]:
    """Onsets and writes, frame by frame."""
    onsets, writes = [], []
    frame = frame_at(TIMELINE.timetag(first))
    while begin_of(frame) < TIMELINE.timetag(last):
        output = jam.step(frame, TIMELINE, memory)
        onsets += [note.cycle for note in output.notes]
        for write in output.writes:
            memory.add(write.key, Entry((write.at_ms, len(writes)), dict(write.fields)))
            writes.append(write)
        frame += 1
    return onsets, writes


def told(bar: int, incarnation: int, at: Fraction) -> tuple[str, Entry]:
    ms = milliseconds_of(frame_at(TIMELINE.timetag(at)))
    return reload_key(PATH), Entry((ms, 0), {"incarnation": incarnation, "bar": bar})


@given(st.integers(1, 5), st.sampled_from([4, 3, 16, 7]), st.integers(1, 8))
def test_both_together_play_each_note_once(bar: int, steps: int, early: int) -> None:
    """Whichever frame a bar lies in: none is lost at the seam, and none is heard twice."""
    older, newer, memory = jam_of(), jam_of(MARMALADE_INCARNATION="2", MARMALADE_TAKES_OVER="1"), Memory()
    for jam in (older, newer):
        jam.play("a", s(f"bd*{steps}"))
    memory.add(*told(bar, 2, Fraction(bar) - Fraction(early, 8)))
    before, _ = played(older, memory, Fraction(0), Fraction(bar + 2))
    assert newer.succession.turn(memory) == bar and older.succession.turn(memory) is None
    newer.succeed(Fraction(bar), None)
    after, _ = played(newer, memory, Fraction(bar), Fraction(bar + 2))
    assert before == [Fraction(n, steps) for n in range(bar * steps)]
    assert after == [Fraction(n, steps) for n in range(bar * steps, (bar + 2) * steps)]


def test_what_is_handed_on_arrives_and_the_dice_go_on() -> None:
    keeps = {"MARMALADE_KEEPS_STATE": "1"}
    older, memory = jam_of(**keeps), Memory()
    rolled = [older.random() for _ in range(3)]
    older.hand_on(lambda: {"place": 7, "names": ["Am", "Ünï"]})
    memory.add(*told(1, 2, Fraction(1, 2)))
    _, writes = played(older, memory, Fraction(0), Fraction(2))
    assert [write.key for write in writes] == [f"tags:{PATH}:handed-on"]
    newer = jam_of(MARMALADE_INCARNATION="2", MARMALADE_TAKES_OVER="1", **keeps)
    got: list[object] = []
    newer.take_over(got.append)
    kept = newer.succession.read(Entry((0, 0), writes[0].fields))
    newer.succeed(Fraction(1), kept)
    assert got == [{"place": 7, "names": ["Am", "Ünï"]}]
    assert newer.random() not in rolled


def test_without_the_word_nothing_is_handed_on() -> None:
    older, memory = jam_of(), Memory()
    older.hand_on(lambda: 1)
    memory.add(*told(1, 2, Fraction(1, 2)))
    assert played(older, memory, Fraction(0), Fraction(2))[1] == []


def test_what_fails_on_the_way_is_told_and_the_music_goes_on() -> None:
    older, memory = jam_of(MARMALADE_KEEPS_STATE="1"), Memory()
    older.play("a", s("bd"))
    older.hand_on(lambda: {1, 2})
    memory.add(*told(2, 2, Fraction(1)))
    assert played(older, memory, Fraction(0), Fraction(3)) == ([Fraction(0), Fraction(1)], [])
    assert "no plain data" in older.complaints[0]


@pytest.mark.parametrize(
    "fields",
    [{}, {"value": 1}, {"value": "x"}, {"value": 2, "part0": "~{}"}, {"value": 1, "part0": "~[" * 5000}, {"value": 0}],
)
def test_what_was_not_handed_on_is_not_read(fields: Mapping[str, object]) -> None:
    newer = Succession(PATH, {"MARMALADE_INCARNATION": "2"})
    assert newer.read(Entry((0, 0), fields)) is None


@given(st.recursive(st.none() | st.integers(-(2**40), 2**40) | st.text(max_size=50), lambda x: st.lists(x, max_size=5)))
def test_plain_data_comes_through_as_it_is(kept: object) -> None:
    older = Succession(PATH, {"MARMALADE_KEEPS_STATE": "1"})
    older.hand_on = lambda: kept
    fields = older.handed_on(5)
    assert fields is not None
    assert Succession(PATH, {"MARMALADE_INCARNATION": "2"}).read(Entry((0, 0), fields)) == (kept, 5)


def test_too_much_is_refused() -> None:
    older = Succession(PATH, {"MARMALADE_KEEPS_STATE": "1"})
    older.hand_on = lambda: "x" * 40_000
    with pytest.raises(UsageError, match="too many"):
        older.handed_on(0)
