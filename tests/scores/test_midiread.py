"""MIDI files as scores: what is imported plays what the file plays."""

import io
import random
import struct
from fractions import Fraction

import pytest
from mido import Message, MetaMessage, MidiFile, MidiTrack

from marmalade_sc.errors import ScoreError
from marmalade_sc.scores import alda_text, midi_file, read_midi, read_score
from tests.scores.test_performance import ONSETS

DOUBLED = "piano: c1/e4/g2 c"
"""One key twice at once: of which the first end is, a MIDI file does not say."""
PIECE = """(tempo! 97)
violin "one": (vol 80) (pan 20) o4 c4 d8. e16 f2 | {c d e}2 r4 g
violin "two": o5 [c8 d/f e]*3
piano: V1: o3 c1~4/e/g V2: o4 r8 [c8 e g > c <]*2
midi-percussion: o2 [c4 d8 f+]*4 %end
"""


def imported(source: str) -> tuple[list[tuple[float, int, float]], list[tuple[float, int, float]]]:
    """Onset, pitch and length of a score's notes, and of those that came back through a MIDI file."""
    first = read_score(source)
    again = read_score(alda_text(read_midi(midi_file(first), "test.mid")))
    return _rows(first.notes), _rows(again.notes)


def _rows(notes: object) -> list[tuple[float, int, float]]:
    assert isinstance(notes, tuple)
    return sorted((round(note.offset_ms), round(note.midi), round(note.audible_ms)) for note in notes)


@pytest.mark.parametrize("source", [PIECE, *[case[1] for case in ONSETS if case[2] and case[1] != DOUBLED]])
def test_what_was_exported_comes_back(source: str) -> None:
    first, again = imported(source)
    assert len(first) == len(again)
    for (at, midi, length), (at_again, midi_again, length_again) in zip(first, again, strict=True):
        assert abs(at - at_again) <= 2
        assert midi == midi_again
        assert abs(length - length_again) <= 2


def test_parts_levels_and_markers_come_back() -> None:
    score = read_score(alda_text(read_midi(midi_file(read_score(PIECE)), "test.mid")))
    assert [part.instrument.name for part in score.parts] == [
        *("midi-violin", "midi-violin", "midi-acoustic-grand-piano", "midi-percussion")
    ]
    first = min((note for note in score.notes if note.part == 1), key=lambda note: note.offset_ms)
    assert (round(first.volume, 2), round(first.panning, 2)) == (0.8, 0.2)
    assert score.markers["end"] == pytest.approx(read_score(PIECE).markers["end"], abs=2)


def test_lengths_are_written_as_a_musician_would() -> None:
    text = alda_text(
        read_midi(midi_file(read_score("piano: (tempo 120) (quant 100) o4 c4 d8. {e f g}2 a1 r2 b2")), "a")
    )
    assert "o4 c4 d8. e6 f g a1" in text.replace(" |", "")
    assert "ms" not in text


def _file(*messages: Message, ticks: int = 480, kind: int = 0) -> bytes:
    file = MidiFile(type=kind, ticks_per_beat=ticks)
    file.tracks.append(MidiTrack(messages))
    out = io.BytesIO()
    file.save(file=out)
    return out.getvalue()


def test_played_notes_keep_their_times_and_can_be_put_on_a_grid() -> None:
    data = _file(
        Message("note_on", note=60, velocity=90, time=7),
        Message("note_off", note=60, time=231),
        Message("note_on", note=62, velocity=90, time=5),
        Message("note_off", note=62, time=230),
    )
    onsets = [note.offset_ms for note in read_score(alda_text(read_midi(data, "a"))).notes]
    assert onsets == pytest.approx([7 * 500 / 480, 243 * 500 / 480], abs=1e-3)
    text = alda_text(read_midi(data, "a"), Fraction(1, 2))
    assert [note.offset_ms for note in read_score(text).notes] == [0, 250]


def test_a_tempo_that_changes_within_a_note_is_followed() -> None:
    data = _file(
        MetaMessage("set_tempo", tempo=500_000, time=0),
        Message("note_on", note=60, velocity=90, time=0),
        MetaMessage("set_tempo", tempo=1_000_000, time=480),
        Message("note_off", note=60, time=480),
        Message("note_on", note=62, velocity=90, time=0),
        Message("note_off", note=62, time=480),
    )
    notes = read_score(alda_text(read_midi(data, "a"))).notes
    assert [(note.offset_ms, note.audible_ms) for note in notes] == [(0, 1500), (1500, 1000)]


def test_notes_without_an_end_end_with_the_track() -> None:
    data = _file(Message("note_on", note=60, velocity=90, time=0), Message("note_on", note=62, velocity=90, time=480))
    assert len(read_midi(data, "a").parts[0].notes) == 1


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"MThd",
        b"not a midi file",
        _file(kind=0)[:20],
        b"MThd" + struct.pack(">IHHh", 6, 1, 1, -6360) + b"MTrk\0\0\0\0",
    ],
)
def test_what_is_no_midi_file_is_told(data: bytes) -> None:
    with pytest.raises(ScoreError):
        alda_text(read_midi(data, "broken.mid"))
    with pytest.raises(ScoreError, match="too large"):
        read_midi(b"MThd" * (1 << 21), "large.mid")


def test_broken_files_end_well() -> None:
    """Bytes exchanged, left out and doubled: notes or a mistake, never anything else."""
    chance = random.Random(4)
    whole = midi_file(read_score(PIECE))
    for _ in range(400):
        data = bytearray(whole)
        for _ in range(chance.randint(1, 8)):
            place = chance.randrange(len(data))
            fresh = bytes(chance.randrange(256) for _ in range(chance.randint(0, 2)))
            data[place : place + chance.randint(0, 2)] = fresh
        try:
            text = alda_text(read_midi(bytes(data), "broken.mid"))
        except ScoreError:
            continue
        try:
            read_score(text)
        except ScoreError as error:
            assert "too" in error.message or "channel" in error.message, text[:400]
