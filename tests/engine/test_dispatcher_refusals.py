"""What the dispatcher does not take: broken, unnamed, twice, too much. All that comes with it plays."""

from collections.abc import Callable

import pytest

from marmalade_sc.clock.timetag import UNITS_PER_SECOND
from marmalade_sc.engine.layout import MOST_TRACKS
from marmalade_sc.engine.limits import Limits
from marmalade_sc.sdk.frames import Bundles, Mix, Release, Swap, join_bundles
from marmalade_sc.sdk.osc import NoteTemplate, bundle, message
from tests.engine.rig import MS, START, Rig, note

WRONG: dict[str, tuple[Callable[[], bytes], str]] = {
    "an unknown synthdef": (
        lambda: bundle(START + 150 * MS, [NoteTemplate("xx.0123456789ab", 5).message(1, [0.0] * 5)]),
        "not loaded",
    ),
    "a wrong number of controls": (
        lambda: bundle(START + 150 * MS, [NoteTemplate("bd.0123456789ab", 4).message(1, [0.0] * 4)]),
        "does not carry its 4 controls",
    ),
    "another command": (lambda: bundle(START + 150 * MS, [message("/quit")]), "/quit is not among"),
    "a command that frees": (lambda: bundle(START + 150 * MS, [message("/n_free", 1)]), "/n_free is not among"),
    "a nested bundle": (
        lambda: bundle(START + 150 * MS, [bundle(START + 150 * MS, [note()])]),
        "something else than messages",
    ),
    "immediately": (lambda: bundle(1, [note()]), "immediately"),
    "time zero": (lambda: bundle(0, [note()]), "immediately"),
    "the far future": (lambda: bundle(START + 3601 * UNITS_PER_SECOND, [note()]), "an hour ahead"),
    "bytes": (lambda: b"no bundle at all, but long enough", "not an OSC bundle"),
    "a message that is cut": (lambda: bundle(START + 150 * MS, [note()[:-4]]), ""),
    "named controls": (
        lambda: bundle(START + 150 * MS, [message("/s_new", "bd.0123456789ab", 1, 0, 0, "amp", 9.0)]),
        "does not carry",
    ),
}


@pytest.mark.parametrize("wrong", list(WRONG))
def test_what_breaks_the_rules_is_refused_counted_and_harms_nothing_else(wrong: str) -> None:
    make, said = WRONG[wrong]
    rig = Rig()
    body = join_bundles([make(), bundle(START + 160 * MS, [note(1160)])])
    rig.give(Bundles("d1", 0, START, body))
    rig.give(rig.notes([170]))
    rig.run(300)
    assert rig.heard() == [160, 170]
    assert rig.dispatcher.counts.refused == 1
    ((reason, count),) = rig.dispatcher.counts.reasons.items()
    assert said in reason
    assert count == 1


def test_an_hour_ahead_itself_is_allowed() -> None:
    rig = Rig()
    rig.give(Bundles("d1", 0, START, join_bundles([bundle(START + 3600 * UNITS_PER_SECOND, [note()])])))
    assert rig.dispatcher.counts.accepted == 1


@pytest.mark.parametrize("name", ["", "é1", "a:b", "../x", "master", "-x"])
def test_a_name_that_cannot_be_a_track_is_refused(name: str) -> None:
    """Names go into Redis keys and onto screens."""
    rig = Rig()
    rig.give(rig.notes([150], name), Swap(name, 1, 0), Mix(name, 0, {"mute": True}), Release(name, 1, 0))
    rig.give(Mix("d1", 0, {"sends": {name: -6.0}}))
    rig.run(300)
    assert rig.heard() == []
    assert rig.dispatcher.counts.refused >= 5
    assert set(rig.dispatcher.mixer.channels) <= {"d1"}


def test_reasons_do_not_grow_without_bound() -> None:
    rig = Rig()
    for n in range(300):
        rig.give(Bundles("d1", 0, START, join_bundles([bundle(START, [message(f"/x{n}")])])))
    assert rig.dispatcher.counts.refused == 300
    assert len(rig.dispatcher.counts.reasons) == 100


def test_more_tracks_than_there_are_strips_are_refused() -> None:
    rig = Rig()
    for start in range(0, MOST_TRACKS + 10, 100):
        rig.give(*[rig.notes([150], f"d{n}") for n in range(start, min(start + 100, MOST_TRACKS + 10))])
    rig.run(300, step_ms=20)
    assert len(rig.heard()) == MOST_TRACKS
    assert rig.dispatcher.counts.refused == 10


def test_a_frame_that_comes_twice_counts_once_per_instance() -> None:
    """After Redis was away sources write their last frames again."""
    rig = Rig()
    rig.give(rig.notes([150]), seq=7)
    rig.give(rig.notes([150]), seq=7)
    rig.give(rig.notes([160]), seq=7, instance="other")
    rig.run(300)
    assert rig.heard() == [150, 160]
    assert rig.dispatcher.counts.repeated == 1


def test_a_flood_fills_the_store_and_no_more() -> None:
    rig = Rig(limits=Limits(held=100))
    rig.give(rig.notes(range(500, 700)))
    assert (rig.dispatcher.held, rig.dispatcher.counts.full) == (100, 100)
    rig.run(800)
    assert len(rig.heard()) == 100
