"""Scores as MIDI files, read back."""

import io

import pytest
from mido import MidiFile, tick2second

from marmalade_sc.errors import ScoreError
from marmalade_sc.scores import cut, midi_file, read_score
from marmalade_sc.scores.midi import TICKS_PER_BEAT, TickMap


def read(source: str) -> MidiFile:
    return MidiFile(file=io.BytesIO(midi_file(read_score(source))))


def notes(file: MidiFile) -> list[tuple[float, int, int, int]]:
    """Seconds, channel, note and velocity of what begins."""
    at, found = 0.0, []
    for message in file:
        at += message.time
        if message.type == "note_on":
            found.append((round(at, 3), message.channel, message.note, message.velocity))
    return found


def test_notes_are_where_they_were_through_changes_of_tempo() -> None:
    source = "(tempo! 90) piano: c d (tempo! 150) e f guitar: r2 (vol 100) c~ midi-percussion: o2 c8*3"
    expected = sorted(
        (round(note.offset_ms / 1000, 3), note.channel, note.midi, round(note.volume * 127))
        for note in read_score(source).notes
    )
    assert sorted(notes(read(source))) == [pytest.approx(row, abs=0.002) for row in expected]


def test_beats_are_whole_ticks() -> None:
    """A program that shows bars shows them as they were written."""
    file = read("(tempo! 97) piano: c d (tempo! 133) e f")
    ticks, at = [], 0
    for message in file.tracks[1]:
        at += message.time
        if message.type == "note_on":
            ticks.append(at)
    assert ticks == [0, TICKS_PER_BEAT, 2 * TICKS_PER_BEAT, 3 * TICKS_PER_BEAT]


def test_parts_have_tracks_programs_and_places() -> None:
    file = read('violin "v": (pan 0) (track-vol 50) c %end piano: c')
    assert file.type == 1
    assert [track.name for track in file.tracks[1:]] == ["v", "piano"]
    settings = [m for m in file.tracks[1] if m.type in ("program_change", "control_change")]
    assert [getattr(m, "program", None) or m.value for m in settings] == [40, 64, 0]
    assert [
        (m.text, round(tick2second(m.time, TICKS_PER_BEAT, 500_000), 3)) for m in file.tracks[0] if m.type == "marker"
    ] == [("end", 0.5)]


def test_parts_that_share_a_channel_change_its_program() -> None:
    names = "piano harpsichord clavinet celeste glockenspiel music-box vibraphone marimba xylophone dulcimer organ"
    names += " accordion harmonica guitar violin viola cello"
    score = read_score(" ".join(f"{name}: {'r ' * turn} c" for turn, name in enumerate(names.split())))
    file = MidiFile(file=io.BytesIO(midi_file(score)))
    assert sum(message.type == "program_change" for message in file) == 17


def test_a_synthdef_cannot_be_exported() -> None:
    with pytest.raises(ScoreError):
        midi_file(read_score("mysynth: c", synthdefs=frozenset({"mysynth"})))


def test_a_cut_keeps_the_tempo_that_holds() -> None:
    score = cut(read_score("(tempo! 60) piano: c %here (tempo! 240) d e"), "here", None)
    assert dict(score.tempos) == {0.0: 240}


@pytest.mark.parametrize("bpm", [0.001, 3.0, 1e9])
def test_any_tempo_can_be_written(bpm: float) -> None:
    assert TickMap({0.0: bpm}).tick(1000) >= 0


def test_quarter_tones_are_bent() -> None:
    """The wheel comes before its note, and goes back for the next."""
    file = MidiFile(file=io.BytesIO(midi_file(read_score("piano: (transpose 0.5) c (transpose 0) d", strict=False))))
    events = [(m.type, getattr(m, "pitch", None), getattr(m, "note", None)) for m in file.tracks[1] if not m.is_meta]
    assert [event for event in events if event[0] in ("pitchwheel", "note_on")] == [
        ("pitchwheel", 2048, None),
        ("note_on", None, 60),
        ("pitchwheel", 0, None),
        ("note_on", None, 62),
    ]
