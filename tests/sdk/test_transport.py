"""Notes as frames for the engine."""

from fractions import Fraction

from marmalade_sc.clock.timeline import Timeline
from marmalade_sc.sdk.frames import Bundles
from marmalade_sc.sdk.instruments import Instrument
from marmalade_sc.sdk.osc import read_bundle
from marmalade_sc.sdk.stage import begin_of, frame_at
from marmalade_sc.sdk.transport import frames_of, in_order
from marmalade_sc.sdk.voice import Played
from marmalade_sc.testing.catalogue import catalogue_row

KICK = Instrument.from_row(catalogue_row("kick"))


def test_notes_of_one_instant_share_a_bundle_and_synths_are_numbered() -> None:
    values = KICK.pack.pack(*KICK.defaults)
    notes = [Played(Fraction(cycle), "a", KICK, values, 0) for cycle in (1, 1, 2)]
    timeline = Timeline.steady(120, 1 << 32)
    (frame,) = frames_of(notes, timeline, "drums", 5, 9, 7, 100)
    assert (frame.seq, frame.first, frame.last) == (8, 5, 9)
    (section,) = frame.sections
    assert isinstance(section, Bundles) and section.track == "drums"
    bundles = [read_bundle(each) for each in section.bundles()]
    assert [(when, len(messages)) for when, messages in bundles] == [(3 << 32, 2), (5 << 32, 1)]
    assert frames_of([], timeline, "drums", 5, 9, 7, 0) == []


def test_what_every_instance_has_gets_room_last() -> None:
    """A generator follows sixty streams; those of a crowd must not crowd out what it waits for."""
    crowd = [f"tags:a:b:{number}:{name}" for number in range(60) for name in ("Composer", "Track")]
    assert in_order([*crowd, "tags:z:z:z:Context"])[0] == "tags:z:z:z:Context"
    assert sorted(in_order(crowd)) == sorted(crowd)


def test_frames_lie_on_one_grid() -> None:
    for frame in (0, 1, 7, 39, 40, 10**9):
        assert frame_at(begin_of(frame)) == frame and frame_at(begin_of(frame + 1) - 1) == frame
    assert begin_of(40) == 1 << 32
