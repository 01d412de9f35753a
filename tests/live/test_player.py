"""The main job on real servers: code typed, heard on the beat, whatever else the code does."""

import threading
from fractions import Fraction
from pathlib import Path

import numpy
import pytest
import soundfile

from marmalade_sc.clock.timetag import UNITS_PER_SECOND
from tests.live.players import LivePlayer, off_grid
from tests.player.deadline import eventually

pytestmark = pytest.mark.live

MS = UNITS_PER_SECOND // 1000


def late(player: LivePlayer) -> tuple[int, int]:
    engine = player.engine()
    return engine["late_played"], engine["late_dropped"]


def test_what_is_typed_lands_on_the_bar_and_every_note_is_on_the_grid(player: LivePlayer) -> None:
    track = player.track()
    player.evaluate('x9 >> s("hh*4")')
    (landing,) = player.evaluate(f'{track} >> s("bd*16")')["landings"]
    assert landing["cycle"].isdecimal()
    notes = player.wait_for_notes(track, 40)
    assert off_grid(notes, player.timeline(), 16) == ([], [], 0)
    assert player.timeline().timetag(Fraction(landing["cycle"])) == notes[0]
    eventually(lambda: player.peak_db(track) > -40)


def test_a_mistake_has_its_place_and_the_old_pattern_plays_on(player: LivePlayer) -> None:
    track = player.track()
    player.evaluate(f'{track} >> s("bd*16")')
    player.wait_for_notes(track, 4)
    answer = player.ask("evaluate", code=f'\n{track} >> s("bd [sn")')
    assert answer["error"]["code"] == "notation"
    assert (answer["error"]["where"]["line"], answer["error"]["where"]["length"]) == (2, 1)
    assert "^" in answer["error"]["text"]
    player.wait_for_notes(track, 20)
    assert off_grid(player.notes(track), player.timeline(), 16) == ([], [], 0)


@pytest.mark.parametrize("code", ["sum(range(3 * 10**7))", "sorted(range(5 * 10**6), key=str)[0]"])
def test_code_that_holds_the_interpreter_for_seconds_makes_no_note_late(player: LivePlayer, code: str) -> None:
    track = player.track()
    player.evaluate(f'{track} >> s("hh*32")')
    player.wait_for_notes(track, 8)
    before = late(player)
    player.evaluate(code)
    player.wait_for_notes(track, 16)
    assert late(player) == before
    assert off_grid(player.notes(track), player.timeline(), 32) == ([], [], 0)


def test_a_loop_that_never_ends_is_interrupted_and_the_music_does_not_notice(player: LivePlayer) -> None:
    track = player.track()
    player.evaluate(f'{track} >> s("hh*32")')
    player.wait_for_notes(track, 8)
    before = late(player)
    answers: list[dict[str, object]] = []
    stuck = threading.Thread(target=lambda: answers.append(player.ask("evaluate", code="while True: pass")))
    stuck.start()
    player.wait_for_notes(track, 32)
    queued = threading.Thread(target=lambda: answers.append(player.ask("evaluate", code="'behind it'")))
    queued.start()
    assert eventually(lambda: player.ask("interrupt").get("interrupted"))
    stuck.join(5.0)
    queued.join(5.0)
    assert not stuck.is_alive() and not queued.is_alive()
    errors = [answer["error"] for answer in answers if answer.get("error")]
    assert len(errors) == 1 and "interrupted" in str(errors[0])
    assert [answer["value"] for answer in answers if not answer.get("error")] == ["'behind it'"]
    player.wait_for_notes(track, 16)
    assert late(player) == before
    assert off_grid(player.notes(track), player.timeline(), 32) == ([], [], 0)


def test_hush_is_obeyed_while_an_evaluation_runs(player: LivePlayer) -> None:
    track = player.track()
    player.evaluate(f'{track} >> s("hh*32")')
    player.wait_for_notes(track, 8)
    stuck = threading.Thread(target=lambda: player.ask("evaluate", code="while True: pass"))
    stuck.start()
    assert "error" not in player.ask("hush", track=track)
    assert eventually(lambda: player.ask("interrupt").get("interrupted"))
    stuck.join(5.0)
    now = player.notes(track)[-1]
    other = player.track()
    player.evaluate(f"{other} >> s('hh*32')")
    player.wait_for_notes(other, 8)
    assert player.notes(track)[-1] - now < 1000 * MS, (
        "the log is written four times a second; else it would have gone on for the whole bar of the other"
    )


def test_what_code_does_to_its_process_does_not_touch_the_music(player: LivePlayer) -> None:
    track = player.track()
    player.evaluate(f'{track} >> s("hh*32")')
    player.wait_for_notes(track, 8)
    before = late(player)
    assert "ended its process" in str(player.ask("evaluate", code="import os; os._exit(3)")["error"])
    assert "memory" in str(player.ask("evaluate", code="x = bytearray(1 << 40)")["error"]).lower()
    assert "exit()" in str(player.ask("evaluate", code="exit()")["error"])
    player.evaluate("import threading; threading.Thread(target=lambda: None).start()")
    player.wait_for_notes(track, 16)
    assert late(player) == before
    assert off_grid(player.notes(track), player.timeline(), 32) == ([], [], 0)


def test_names_and_code_in_any_language(player: LivePlayer) -> None:
    player.evaluate("größe = 'Äpfel 🍎'")
    assert player.evaluate("größe")["value"] == "'Äpfel 🍎'"


def test_tempo_and_pause_in_the_middle_of_a_set_lose_no_note(player: LivePlayer) -> None:
    """The dispatcher knows both timelines; the log tells what was sent. Distances are those of one of the tempi."""
    track = player.track()
    player.evaluate(f'{track} >> s("bd*16")')
    player.wait_for_notes(track, 8)
    before = late(player)
    player.ask("tempo", bpm=300, now=True)
    player.wait_for_notes(track, 16)
    player.ask("pause")
    player.ask("play")
    player.wait_for_notes(track, 16)
    player.ask("tempo", bpm=200)
    notes = player.wait_for_notes(track, 40)
    timeline = player.timeline()
    cycles = {
        round(timeline.cycle(when) * 16) for when in notes if timeline.segments[0].time_s * UNITS_PER_SECOND < when
    }
    assert cycles == set(range(min(cycles), max(cycles) + 1))
    assert len(set(notes)) == len(notes)
    assert late(player) == before


def test_a_folder_of_samples_is_there_when_it_is_saved(player: LivePlayer) -> None:
    """With a name that is not ASCII: supriya's own encoder could not even say it."""
    folder = player.places.samples / "tröte"
    folder.mkdir(parents=True)
    tone = numpy.sin(numpy.arange(24_000) / 10).astype("float32") * 0.5
    soundfile.write(folder / "für Elise é.wav", tone, 48_000)
    track = player.track()
    eventually(lambda: not player.ask("evaluate", code=f'{track} >> s("tröte*8")').get("error"), 20.0)
    eventually(lambda: player.peak_db(track) > -30)


def test_a_recording_holds_what_was_heard_and_only_then_has_its_name(player: LivePlayer, tmp_path: Path) -> None:
    path = tmp_path / "aufnahme é.flac"
    track = player.track()
    player.evaluate(f'{track} >> s("bd*8")')
    assert player.ask("record", path=str(path))["ok"]
    eventually(lambda: player.engine().get("recording"))
    player.wait_for_notes(track, 24)
    assert not path.exists()
    player.ask("stop_recording")
    eventually(path.exists)
    samples, rate = soundfile.read(path)
    assert rate == 48_000
    assert 2.0 < len(samples) / rate < 20.0
    assert abs(samples).max() > 0.05


def test_a_recording_that_cannot_be_is_said_and_leaves_nothing(player: LivePlayer, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    player.ask("record", path=str(blocked / "x.wav"))
    track = player.track()
    player.evaluate(f'{track} >> s("bd*8")')
    player.wait_for_notes(track, 8)
    assert not player.engine().get("recording")
    assert list(tmp_path.iterdir()) == [blocked]


def test_panic_ends_every_sound(player: LivePlayer) -> None:
    track = player.track()
    player.evaluate(f'{track} >> bass("0*8", sustain=20)\n{track}.fx = reverb(1)')
    eventually(lambda: player.peak_db(track) > -40)
    player.ask("panic")
    eventually(lambda: player.peak_db(track) < -100)
    player.evaluate(f'{track} >> s("bd*8")')
    eventually(lambda: player.peak_db(track) > -40)


@pytest.mark.parametrize(
    "line",
    [b"", b"{", b"[]", b"null", b'{"do": 3}', b'{"do": "evaluate"}', b"\xff\xfe", b'{"do": "tempo", "bpm": true}'],
)
def test_a_message_that_cannot_be_is_answered_and_the_player_lives(player: LivePlayer, line: bytes) -> None:
    import json
    import socket

    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(5.0)
        connection.connect(str(player.places.control_socket))
        stream = connection.makefile("rwb")
        assert json.loads(stream.readline())["hello"] == "marmalade"
        stream.write(line + b"\n")
        stream.flush()
        assert json.loads(stream.readline())["error"]
        stream.write(b'{"id": 7, "do": "status"}\n')
        stream.flush()
        assert json.loads(stream.readline())["id"] == 7
