"""What an instance of a generator may play, and that it reaches nobody else's sound."""

import math
import struct

import pytest

from marmalade_sc.clock.timetag import UNITS_PER_SECOND
from marmalade_sc.engine.guests import CEILING, Guest, GuestLimits
from marmalade_sc.engine.voices import WALL, VoiceTable
from marmalade_sc.errors import FrameError
from marmalade_sc.sdk.frames import Bundles, Mix, Release, TimelineChange, join_bundles
from marmalade_sc.sdk.osc import NoteTemplate, bundle, message
from marmalade_sc.testing.catalogue import catalogue_row
from tests.engine.rig import MS, START, Rig, note

KEY = "events:abcdefgh:drums:one"


def rig(limits: GuestLimits | None = None) -> Rig:
    found = Rig()
    found.dispatcher.welcome(Guest(KEY, "g1", limits=limits or GuestLimits()))
    return found


def test_whatever_track_it_names_it_plays_into_its_own_strip() -> None:
    found = rig()
    found.give(found.notes([150], "g1"), found.notes([160], "d1"), instance=KEY)
    found.give(found.notes([170], "d1"))
    found.run(300)
    assert found.heard() == [150, 160, 170]
    assert [track for _, track, _, _ in found.logged] == ["g1", "g1", "d1"]
    assert len({onset.values[4] for onset in found.voices()[:2]}) == 1
    assert found.voices()[2].values[4] != found.voices()[0].values[4], "d1 has another bus"
    assert found.dispatcher.mixer.channels["g1"].ceiling == CEILING
    assert found.server.failures == []


def test_it_neither_mixes_nor_moves_time_nor_silences_others() -> None:
    found = rig()
    found.give(found.notes([150, 400], "d1"))
    timeline = {"version": 1}
    found.give(Mix("d1", 0, {"mute": True}), TimelineChange(timeline), Release("d1", 9, START), instance=KEY)
    found.run(500)
    assert found.heard() == [150, 400]
    assert found.dispatcher.counts.refused == 2
    assert not found.dispatcher.mixer.channels["d1"].settings.mute


def test_forged_messages_and_values_are_refused_one_by_one() -> None:
    found = rig()
    template = NoteTemplate("bd.0123456789ab", 5)
    bad = [
        message("/quit"),
        message("/n_free", 1),
        message("/s_new", "marmalade.master", 41, 0, 0),
        message("/b_free", 0),
        message("/d_recv", b"SCgf"),
        template.message(1, [math.nan, 0, 0.2, 1, 1]),
        template.message(1, [math.inf, 0, 0.2, 1, 1]),
        template.message(1, [1e12, 0, 0.2, 1, 1]),
    ]
    rows = [bundle(START + 150 * MS, [each]) for each in bad]
    rows += [bundle(START + 21 * UNITS_PER_SECOND, [note()]), bundle(1, [note()])]
    rows.append(bundle(START + 160 * MS, [note(1160.0)]))
    found.give(Bundles("g1", 0, START, join_bundles(rows)), instance=KEY)
    found.run(300)
    assert found.heard() == [160]
    assert found.dispatcher.counts.refused == len(rows) - 1
    assert found.server.failures == []


def test_a_flood_of_notes_is_bounded_and_others_play_on() -> None:
    found = rig(GuestLimits(notes=20))
    found.give(found.notes([150 + n / 10 for n in range(200)]), instance=KEY)
    found.give(found.notes([200], "d1"))
    found.run(400)
    assert len(found.heard()) == 41
    assert found.heard()[-1] == 200


def test_its_oldest_synth_goes_for_one_more() -> None:
    found = rig(GuestLimits(voices=3))
    found.give(found.notes([150, 160, 170, 180, 190]), instance=KEY)
    found.run(400)
    assert len(found.heard()) == 5
    freed = list(found.dispatcher._guests[KEY][0]._nodes)
    assert len(freed) == 3


def test_samples_are_numbers_among_its_own() -> None:
    voices = VoiceTable(WALL)
    row = {**catalogue_row("smp"), "controls": [{"name": "buf"}, {"name": "gain"}]}
    voices.add([row])
    template = NoteTemplate(f"smp.{row['hash']}", 3)
    guest = Guest(KEY, "g1", (3005, 3006))

    def buffer(number: float) -> float:
        content = template.message(1, [number, 1.0, 7.0])
        voice = voices.check(content)
        admitted = guest.admit(content, voice, START, START)
        return _first(admitted, voice.in_prefix_size + 16)

    assert [buffer(0), buffer(1)] == [3005, 3006]
    for number in (2, -1, 0.5, 3005):
        with pytest.raises(FrameError, match="not its own"):
            buffer(number)


def test_before_its_entrance_nothing_of_it_is_heard_and_nothing_is_wrong() -> None:
    found = rig()
    found.dispatcher.welcome(Guest(KEY, "g1", begin=START + 300 * MS))
    found.give(found.notes([150, 299, 300, 400], "g1"), instance=KEY)
    found.run(500)
    assert found.heard() == [300, 400]
    assert found.dispatcher.counts.refused == found.dispatcher.counts.late_dropped == 0


def test_its_notes_are_transposed_by_their_pitch_or_their_speed() -> None:
    voices = VoiceTable(WALL)
    voices.add([catalogue_row("tone", controls={"amp": (0.1, 0, 1), "freq": (440.0, 1, 20e3), "speed": (1.0, 0, 9)})])
    voices.add(
        [catalogue_row("tape", controls={"speed": (1.0, 0, 9)}), catalogue_row("noise", controls={"amp": (1.0, 0, 1)})]
    )
    guest = Guest(KEY, "g1", semitones=12)

    def played(name: str, *values: float) -> tuple[float, ...]:
        content = NoteTemplate(f"{name}.0123456789ab", len(values)).message(1, list(values))
        voice = voices.check(content)
        return struct.unpack(f">{len(values)}f", guest.admit(content, voice, START, START)[voice.in_prefix_size + 16 :])

    assert played("tone", 0.5, 220.0, 1.0, 1.0) == (0.5, 440.0, 1.0, 1.0)
    assert played("tape", 1.5, 1.0) == (3.0, 1.0)
    assert played("noise", 0.5, 1.0) == (0.5, 1.0)


def test_one_that_brings_other_sounds_plays_on_and_repeats_nothing() -> None:
    """Its stream goes on: a frame that was heard is not heard again, and what it holds sounds."""
    found = rig()
    other = Guest(KEY, "g1", (3100,))
    assert not found.dispatcher.renew(Guest("events:nobody", "g1"))
    found.give(found.notes([150]), instance=KEY, seq=7)
    assert found.dispatcher.renew(other)
    found.give(found.notes([150]), instance=KEY, seq=7)
    found.give(found.notes([160]), instance=KEY, seq=8)
    found.run(300)
    assert found.heard() == [150, 160] and found.dispatcher.counts.repeated == 1


def _first(data: bytes, at: int) -> float:
    value: float = struct.unpack_from(">f", data, at)[0]
    return value


def test_when_it_goes_what_it_held_is_dropped_and_its_strip_fades() -> None:
    found = rig()
    found.give(found.notes([150, 500]), instance=KEY)
    found.give(found.notes([500], "d1"))
    found.run(200)
    found.dispatcher.dismiss(KEY, found.now)
    found.dispatcher.dismiss(KEY, found.now)
    found.run(700)
    assert found.heard() == [150, 500] and found.logged[-1][1] == "d1"
    found.dispatcher.welcome(Guest(KEY, "g1"))
    found.give(found.notes([900]), instance=KEY, seq=1)
    found.run(1000)
    assert found.heard()[-1] == 900, "another incarnation counts anew"
    assert found.server.failures == []


def test_a_strip_that_two_share_does_not_fade_when_one_goes() -> None:
    found = rig()
    other = "events:abcdefgh:drums:two"
    found.dispatcher.welcome(Guest(other, "g1"))
    source = found.dispatcher.mixer.channels["g1"].source
    found.dispatcher.dismiss(KEY, found.now)
    assert found.dispatcher.mixer.channels["g1"].source == source
    found.dispatcher.dismiss(other, found.now)
    assert found.dispatcher.mixer.channels["g1"].source != source


def test_guests_give_up_their_voices_first() -> None:
    """An engine that is overloaded leaves the performer's own music alone as long as it can."""
    found = rig()
    found.give(found.notes([10, 20], "d1"))
    found.give(found.notes([30, 40]), instance=KEY)
    found.run(60)
    own, hosted = ([each.node for each in found.voices()][part] for part in (slice(0, 2), slice(2, 4)))
    wanted = [message("/n_set", node, "gate", -1.01) for node in (hosted[0], hosted[1], own[0])]
    assert found.dispatcher.steal(3) == wanted
    assert found.dispatcher.steal(3) == [message("/n_set", own[1], "gate", -1.01)]


def test_one_that_moves_plays_into_its_new_strip() -> None:
    found = rig()
    found.give(found.notes([150]), instance=KEY)
    found.dispatcher.move(KEY, "d1")
    found.give(found.notes([160]), instance=KEY)
    found.give(found.notes([170], "d1"))
    found.run(300)
    assert [track for _, track, _, _ in found.logged] == ["g1", "d1", "d1"]
    first, second, third = (onset.values[4] for onset in found.voices())
    assert first != second == third
    found.dispatcher.move("events:nobody", "d1")


def test_what_guests_are_refused_is_counted_for_each() -> None:
    found = rig()
    found.give(Mix("g1", 0, {"mute": True}), instance=KEY)
    found.give(found.notes([40_000]), instance=KEY)
    refusals = found.dispatcher.refusals()
    assert list(refusals) == [KEY] and refusals[KEY].total() == 2
    assert not found.dispatcher.refusals()
