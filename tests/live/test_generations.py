"""Every process of a playing set is killed: the music comes back by itself, on the grid, with all that was set."""

import signal
from fractions import Fraction
from pathlib import Path

import pytest
import soundfile

from marmalade_sc.clock.timetag import UNITS_PER_SECOND
from tests.live.players import LivePlayer, off_grid
from tests.player.deadline import eventually

pytestmark = pytest.mark.live


def gap_s(notes: list[int]) -> float:
    """The longest time between two notes."""
    return max(later - earlier for earlier, later in zip(notes, notes[1:], strict=False)) / UNITS_PER_SECOND


def play(player: LivePlayer) -> str:
    """A track of 16ths that has begun."""
    track = player.track()
    player.evaluate(f'{track} >> s("hh*16")')
    player.wait_for_notes(track, 8)
    return track


@pytest.mark.parametrize("name", ["hub", "foundry"])
def test_what_only_looks_on_may_die_unheard(player: LivePlayer, name: str) -> None:
    track = play(player)
    older = player.kill(name)
    eventually(lambda: player.is_back(name, older))
    player.wait_for_notes(track, 16)
    assert off_grid(player.notes(track), player.timeline(), 16) == ([], [], 0)
    eventually(lambda: player.engine().get("sent"))


def test_what_forks_generations_is_missed_by_nobody(player: LivePlayer) -> None:
    """It is asked only when the process that plays has died: then the live host is started anew, with another one."""
    track = play(player)
    older, nursery = player.pid("live"), player.kill("nursery")
    player.wait_for_notes(track, 16)
    one = player.pid("generation")
    player.evaluate("mine = 42")
    eventually(lambda: player.pid("generation") != one)  # it is answered before the one before has ended
    assert player.pid("live") == older
    player.kill("generation")
    eventually(lambda: player.is_back("live", older))
    player.wait_for_notes(track, 16)
    assert player.pid("nursery") != nursery
    assert player.evaluate("mine + 1")["value"] == "43"


def test_a_generation_that_dies_is_replaced_with_its_patterns_names_tempo_and_mix(player: LivePlayer) -> None:
    track = play(player)
    player.evaluate(f"mine = 41\nclock.bpm = 250\n{track}.gain(-20)")
    player.wait_for_notes(track, 24)
    hushed = play(player)
    player.ask("hush", track=hushed)
    last = player.notes(hushed)[-1]
    before = player.timeline()
    older = player.kill("generation")
    player.wait_for_notes(track, 16)
    assert player.pid("generation") != older
    assert player.evaluate("mine + 1")["value"] == "42"
    timeline = player.timeline()
    notes = player.notes(track)
    assert off_grid(notes[-10:], timeline, 16) == ([], [], 0)
    place = Fraction(round(timeline.cycle(notes[-1]) * 16), 16)
    assert before.timetag(place) == notes[-1], "bars lie where they lay"
    assert gap_s(notes) < 6.0
    assert player.notes(hushed)[-1] - last < UNITS_PER_SECOND // 2, "what a key hushed stays silent"
    assert player.ask("tracks")["tracks"][track]["mix"]["gain_db"] == -20
    player.evaluate("clock.bpm = 240")


def test_a_pattern_that_hangs_is_taken_away_and_the_one_before_comes_back(player: LivePlayer) -> None:
    track = play(player)
    player.evaluate(
        "calls = []\n"
        "def once(value):\n"
        "    calls.append(1)\n"
        "    while len(calls) > 400: pass\n"
        "    return value\n"
        f'{track} >> s("sn*64").sometimes(lambda p: p).fmap(once)'
    )
    sixteenth = round(UNITS_PER_SECOND / 16)

    def is_back() -> bool:
        notes = player.notes(track)
        times = [later - earlier for earlier, later in zip(notes, notes[1:], strict=False)]
        return times[-8:] == [sixteenth] * 8 and sixteenth // 4 in times

    eventually(is_back, 20.0)
    assert gap_s(player.notes(track)) < 6.0
    assert player.evaluate("1 + 1")["value"] == "2"


def test_the_live_host_that_dies_comes_back_with_the_set(player: LivePlayer) -> None:
    track = play(player)
    player.evaluate("mine = 'kept'\nscene.save('kept')")
    player.evaluate(f'{track} >> s("sn*4")')
    player.evaluate("scene('kept')")
    before = player.timeline()
    older = player.kill("live")
    count = len(player.notes(track))
    eventually(lambda: len(player.notes(track)) > count + 16, 20.0)
    eventually(player.is_up)
    assert player.pid("live") != older
    notes = player.notes(track)
    place = Fraction(round(before.cycle(notes[-1]) * 16), 16)
    assert before.timetag(place) == notes[-1], "bars lie where they lay"
    assert gap_s(notes) < 6.0
    assert len(set(notes)) == len(notes)
    eventually(lambda: not player.ask("evaluate", code="mine").get("error"))
    assert player.evaluate("mine")["value"] == "'kept'"
    notes = player.notes(track)[-8:]
    assert {after - note for note, after in zip(notes, notes[1:], strict=False)} == {
        before.timetag(place) - before.timetag(place - Fraction(1, 16))
    }, "the scene that was recalled plays, not what was evaluated before it"
    player.evaluate("scene.delete('kept')")


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_a_scsynth_that_dies_or_hangs_sounds_again_within_three_seconds(player: LivePlayer, number: int) -> None:
    """With all its synthdefs, strips and effects: the level of a track with a gain and an effect says so."""
    track = player.track()
    player.evaluate(f'{track} >> s("bd*16")\n{track}.gain(-12)\n{track}.fx = lpf(2000)')
    eventually(lambda: player.peak_db(track) > -60)
    restarts = player.engine()["restarts"]
    older = player.kill("scsynth", number)
    eventually(lambda: player.engine().get("restarts") == restarts + 1, 5.0)
    eventually(lambda: player.engine().get("synths", 0) > 3 and player.peak_db(track) > -60, 3.0)
    assert player.pid("scsynth") != older
    assert not [process for process in player.processes() if process.pid == older]
    player.wait_for_notes(track, 16)
    engine = player.engine()
    assert engine["late_lines"] < 50


def test_a_recording_goes_on_when_scsynth_has_died(player: LivePlayer, tmp_path: Path) -> None:
    """The gap is silence of its length, so that the file still runs beside the clock."""
    path, track = tmp_path / "abend é.flac", player.track()
    player.evaluate(f'{track} >> s("bd*16")')
    player.wait_for_notes(track, 16)
    player.ask("record", path=str(path))
    eventually(lambda: player.engine().get("recording"))
    player.wait_for_notes(track, 64)
    restarts = player.engine()["restarts"]
    player.kill("scsynth")
    eventually(lambda: player.engine().get("restarts") == restarts + 1)
    eventually(lambda: len([each for each in tmp_path.iterdir() if each.suffix == ".part"]) == 2)
    player.wait_for_notes(track, 64)
    assert not path.exists()
    player.ask("stop_recording")
    eventually(path.exists)
    samples, rate = soundfile.read(path)
    loud = [abs(samples[at : at + rate // 4]).max() > 0.01 for at in range(0, len(samples) - rate // 4, rate // 4)]
    assert loud.count(True) >= 12
    assert not all(loud)
    assert loud.index(False) > 0, "what was recorded before the death is there"
    assert loud[-2], "and what came after it"
    assert not [each for each in tmp_path.iterdir() if each.suffix == ".part"]


def test_an_engine_that_dies_comes_back_with_strips_and_tempo(player: LivePlayer) -> None:
    track = player.track()
    player.evaluate(f'{track} >> s("bd*16")\n{track}.gain(-12)\n{track}.fx = lpf(2000)')
    player.wait_for_notes(track, 16)
    eventually(lambda: player.peak_db(track) > -60)
    loud = max(player.peak_db(track) for _ in range(3))
    older = player.kill("engine")
    eventually(lambda: player.is_back("engine", older))
    eventually(lambda: player.engine().get("sent", 0) > 16)
    eventually(lambda: abs(player.peak_db(track) - loud) < 6)
    assert off_grid(player.wait_for_notes(track, 16)[-16:], player.timeline(), 16) == ([], [], 0)


@pytest.mark.parametrize("name", ["redis-events", "redis-state"])
def test_a_redis_that_dies_costs_no_note_but_those_on_their_way(player: LivePlayer, name: str) -> None:
    track = play(player)
    dropped = player.engine()["late_dropped"]
    older = player.kill(name)
    eventually(lambda: player.is_back(name, older))
    player.wait_for_notes(track, 24)
    strays, missing, doubled = off_grid(player.notes(track), player.timeline(), 16)
    assert strays == [] and doubled == 0
    # A restart takes some 50 ms where the lookahead is 200: what was written is written again.
    assert len(missing) <= 4
    assert player.engine()["late_dropped"] - dropped <= 4
    assert player.evaluate("1 + 1")["value"] == "2"


def test_a_redis_that_dies_again_and_again_leaves_the_music_on_the_grid(player: LivePlayer) -> None:
    track = play(player)
    for _ in range(3):
        older = player.kill("redis-events")
        eventually(lambda older=older: player.is_back("redis-events", older))  # type: ignore[misc]
        player.wait_for_notes(track, 8)
    strays, missing, doubled = off_grid(player.notes(track), player.timeline(), 16)
    assert (strays, doubled) == ([], 0)
    assert len(missing) <= 12


def test_orders_are_not_carried_out_twice_when_redis_is_lost(player: LivePlayer) -> None:
    """A panic that is read again with the stream would silence the set minutes later."""
    player.ask("panic")
    track = play(player)
    player.kill("redis-events")
    player.wait_for_notes(track, 32)
    assert off_grid(player.notes(track)[-24:], player.timeline(), 16)[0] == []
    assert len(player.notes(track)) >= 32
