"""What scores play, computed by hand from the rules of the language. At 120 bpm a quarter lasts 500 ms."""

import pytest

from marmalade_sc.errors import ScoreError
from marmalade_sc.scores import Score, read_score

# Source, then (offset, MIDI note) of each note in order of time, part and pitch.
ONSETS: list[tuple[str, str, list[tuple[float, int]]]] = [
    ("a note", "piano: c", [(0, 60)]),
    ("lengths hold", "piano: c8 d e4 f", [(0, 60), (250, 62), (500, 64), (1000, 65)]),
    ("a rest's length holds", "piano: r8 c d", [(250, 60), (500, 62)]),
    ("dots", "piano: c4. d4.. e", [(0, 60), (750, 62), (1625, 64)]),
    ("fractional lengths", "piano: c0.5 d", [(0, 60), (4000, 62)]),
    ("a length of one and a half", "piano: c1.5 d", [(0, 60), (4000 / 3, 62)]),
    ("milliseconds and seconds", "piano: c350ms d1.5s e", [(0, 60), (350, 62), (1850, 64)]),
    ("seconds before a bracket", "piano: [c1s] d", [(0, 60), (1000, 62)]),
    ("ties", "piano: c4~8 d", [(0, 60), (750, 62)]),
    ("ties over barlines", "piano: c4|~8 d4~|8 e", [(0, 60), (750, 62), (1500, 64)]),
    ("ties of times", "piano: c4~100ms d", [(0, 60), (600, 62)]),
    ("octaves", "piano: o3 c > c >> c < c", [(0, 48), (500, 60), (1000, 84), (1500, 72)]),
    ("accidentals add up", "piano: c++ d-- e+- f_", [(0, 62), (500, 60), (1000, 64), (1500, 65)]),
    ("a chord goes on after its shortest", "piano: c1/e4/g2 c", [(0, 60), (0, 64), (0, 67), (500, 60)]),
    ("a chord leaves its last length", "piano: c1/e4 d f", [(0, 60), (0, 64), (500, 62), (1000, 65)]),
    ("a rest in a chord", "piano: c1/r8 d", [(0, 60), (250, 62)]),
    ("octaves in chords", "piano: c/>c/<<c d", [(0, 48), (0, 60), (0, 72), (500, 50)]),
    ("octaves after chords", "piano: c/e > c", [(0, 60), (0, 64), (500, 72)]),
    ("a slash belongs to a chord after an octave", "piano: c >/e g", [(0, 60), (0, 76), (500, 79)]),
    ("sequences", "piano: [c d] e", [(0, 60), (500, 62), (1000, 64)]),
    ("repeats", "piano: [c8 d]*2 e*2", [(0, 60), (250, 62), (500, 60), (750, 62), (1000, 64), (1250, 64)]),
    ("a repeat apart", "piano: c * 2", [(0, 60), (500, 60)]),
    ("a note repeated no times sounds", "piano: c*0 d", [(0, 60), (500, 62)]),
    ("a sequence repeated no times is silent", "piano: [c]*0 d", [(0, 62)]),
    ("chords repeat whole", "piano: c/e*2", [(0, 60), (0, 64), (500, 60), (500, 64)]),
    ("endings", "piano: [c'1 d'2 e]*2", [(0, 60), (500, 64), (1000, 62), (1500, 64)]),
    ("endings of ranges", "piano: [c d'1-2,4]*4", [(i * 500, n) for i, n in enumerate([60, 62, 60, 62, 60, 60, 62])]),
    ("endings outside a repeat are silent", "piano: [c d'1]", [(0, 60)]),
    (
        "inner repeats count for themselves",
        "piano: [[c'1 d'2]*2 e'2]*2",
        [(0, 60), (500, 62), (1000, 60), (1500, 62), (2000, 64)],
    ),
    ("a cram", "piano: {c d e f}2 g", [(0, 60), (250, 62), (500, 64), (750, 65), (1000, 67)]),
    ("a cram of uneven notes", "piano: {c2 d4}2. e", [(0, 60), (1000, 62), (1500, 64)]),
    ("a cram within", "piano: {c {d e}}1 f", [(0, 60), (1000, 62), (1500, 64), (2000, 65)]),
    ("a cram without a length", "piano: c2 {d e} f", [(0, 60), (1000, 62), (1500, 64), (2000, 65)]),
    ("a cram's inner lengths end with it", "piano: {c8 d}4 e f", [(0, 60), (250, 62), (500, 64), (1000, 65)]),
    ("a cram of a chord", "piano: {c/>e < c}4", [(0, 60), (0, 76), (250, 60)]),
    ("a cram of a repeat", "piano: {c*3 d}2", [(0, 60), (250, 60), (500, 60), (750, 62)]),
    ("a cram of a name", "aa = c c\npiano: {aa d d}2", [(0, 60), (250, 60), (500, 62), (750, 62)]),
    ("voices begin together", "piano: V1: c d V2: e V0: f", [(0, 60), (0, 64), (500, 62), (1000, 65)]),
    ("a part goes on as its longest voice", "piano: V1: > c V2: e2 V0: c", [(0, 64), (0, 72), (1000, 60)]),
    ("of voices that end together the last", "piano: V1: > c V2: < e V0: c", [(0, 52), (0, 72), (500, 48)]),
    ("voices go on", "piano: V1: c V2: e V1: d", [(0, 60), (0, 64), (500, 62)]),
    ("markers", "piano: c d %here e guitar: @here g", [(0, 60), (500, 62), (1000, 64), (1000, 67)]),
    ("jumping back", "piano: %top c d @top e", [(0, 60), (0, 64), (500, 62)]),
    ("names", "riff = c8 d\npiano: riff riff", [(0, 60), (250, 62), (500, 60), (750, 62)]),
    ("names repeated", "riff = c8\npiano: riff*3", [(0, 60), (250, 60), (500, 60)]),
    ("names keep what they were given", "aa = c\nbb = aa d\naa = g\npiano: bb", [(0, 60), (500, 62)]),
    ("a name's bracket may span lines", "aa = [c\nd]\npiano: aa e", [(0, 60), (500, 62), (1000, 64)]),
    ("groups", "violin/viola: c", [(0, 60), (0, 60)]),
    ("parts go on", "piano: c guitar: d piano: e", [(0, 60), (0, 62), (500, 64)]),
    ("members of groups", 'violin/viola "ss": c ss.viola: d', [(0, 60), (0, 60), (500, 62)]),
    ("key signatures", 'piano: (key-sig "f+ b-") f b f_', [(0, 66), (500, 70), (1000, 65)]),
    ("keys by scale", "piano: (key-sig '(d major)) c f g", [(0, 61), (500, 66), (1000, 67)]),
    ("keys of flat scales", "piano: (key-sig '(b flat major)) b e f", [(0, 70), (500, 63), (1000, 65)]),
    ("keys of modes", "piano: (key-sig '(e phrygian)) f b", [(0, 65), (500, 71)]),
    ("keys by pairs", "piano: (key-sig '(e (flat) b (flat flat))) e b", [(0, 63), (500, 69)]),
    ("transposition", "piano: (transpose -12) c (transpose 1) c", [(0, 48), (500, 61)]),
    ("tempo", "piano: (tempo 60) c d", [(0, 60), (1000, 62)]),
    (
        "tempo by another note",
        'piano: (tempo "4." 60) c d (tempo 2 60) e f',
        [(0, 60), (2000 / 3, 62), (4000 / 3, 64), (5500 / 3, 65)],
    ),
    ("metric modulation", 'piano: (tempo 60) (metric-modulation "4." 2) c d', [(0, 60), (750, 62)]),
    ("a tempo for all", "(tempo! 240) piano: c d guitar: e f", [(0, 60), (0, 64), (250, 62), (250, 65)]),
    (
        "a tempo for all from its time on",
        "piano: c (tempo! 240) c c guitar: r c c c",
        [(0, 60), (500, 60), (500, 60), (750, 60), (750, 60), (1000, 60)],
    ),
    ("a part's own tempo wins", "(tempo! 240) piano: (tempo 60) c d", [(0, 60), (1000, 62)]),
    ("octaves by attribute", "piano: (octave 2) c (octave 'up) c (octave 'down) c", [(0, 36), (500, 48), (1000, 36)]),
    (
        "lengths by attribute",
        'piano: (set-duration 2) c (set-note-length 8) c (set-note-length "2~8") c (set-duration-ms 99) c d',
        [(0, 60), (1000, 60), (1250, 60), (2500, 60), (2599, 62)],
    ),
    (
        "notes by S-expressions",
        "piano: (note (midi-note 61) (note-length 8)) (note (pitch '(d flat))) c",
        [(0, 61), (250, 61), (500, 60)],
    ),
    (
        "lengths by S-expressions",
        'piano: (note (midi-note 60) (duration (note-length "4.") (ms 50))) c',
        [(0, 60), (800, 60)],
    ),
    ("rests by S-expressions", "piano: (pause) c (pause (note-length 8)) d", [(500, 60), (1250, 62)]),
    ("parts by S-expressions", '(part "piano") c', [(0, 60)]),
    ("values that are no events are passed over", "piano: (list 1 2) c (note-length 8) d", [(0, 60), (500, 62)]),
    ("a list quoted", "piano: (key-sig (quote (g major))) f", [(0, 66)]),
    ("nothing plays outside a part", "c d e", []),
    ("comments", "piano: c # d e\n f", [(0, 60), (500, 65)]),
    ("silence has no notes", "piano: (quant 0) c (quant 90) d", [(500, 62)]),
    ("a negative number", "piano: (transpose -1) c", [(0, 59)]),
    ("percussion", "midi-percussion: o2 c d", [(0, 36), (500, 38)]),
]


def onsets(score: Score) -> list[tuple[float, int]]:
    return [(note.offset_ms, note.midi) for note in score.notes]


@pytest.mark.parametrize(("source", "expected"), [case[1:] for case in ONSETS], ids=[case[0] for case in ONSETS])
def test_notes_begin_where_the_rules_say(source: str, expected: list[tuple[float, int]]) -> None:
    found = onsets(read_score(source))
    assert [midi for _, midi in found] == [midi for _, midi in expected]
    assert [offset for offset, _ in found] == pytest.approx([offset for offset, _ in expected], abs=1e-6)


def test_an_ending_in_a_group_is_doubled_in_strict_mode_only() -> None:
    """Alda 2.4 plays it as often as there are parts: pieces rely on what they sounded like."""
    source = "violin/cello: [c'1 d]*1"
    assert len(read_score(source).notes) == 6
    assert len(read_score(source, strict=False).notes) == 4


def test_a_length_of_a_cram_in_a_cram_is_forgotten_in_strict_mode_only() -> None:
    """Alda until 2.4.7 measures the outer cram as if the inner one had no length of its own."""
    assert [note.offset_ms for note in read_score("piano: {{c}2 d}1").notes] == [0, pytest.approx(4000 / 3)]
    assert [note.offset_ms for note in read_score("piano: {{c}2 d}1", strict=False).notes] == [0, 1000]


def test_a_note_has_all_that_its_part_had() -> None:
    (note,) = read_score("flute: (vol 50) (track-vol 20) (pan 10) (quant 50) (reference-pitch 432) c2").notes
    assert (note.volume, note.track_volume, note.panning, note.channel) == (0.5, 0.2, 0.1, 0)
    assert (note.duration_ms, note.audible_ms, note.reference_pitch) == (1000, 500, 432)


def test_a_slur_lasts_its_whole_length() -> None:
    first, second = read_score("piano: c4~ d4").notes
    assert (first.audible_ms, second.audible_ms) == (500, 450)


@pytest.mark.parametrize(("marking", "volume"), [("mf", 0.5421), ("pppppp", 0.00787), ("ffffff", 1.0)])
def test_dynamics_set_the_volume(marking: str, volume: float) -> None:
    assert read_score(f"piano: ({marking}) c").notes[0].volume == volume


def test_parts_get_channels_of_their_own_and_percussion_the_tenth() -> None:
    score = read_score("piano: c guitar: c midi-percussion: c flute: c")
    assert [note.channel for note in score.notes] == [0, 1, 9, 2]


def test_parts_share_channels_when_they_do_not_sound_at_once() -> None:
    """17 parts in turn: Alda finds a channel for each, and so do we."""
    names = "piano harpsichord clavinet celeste glockenspiel music-box vibraphone marimba xylophone dulcimer organ"
    names += " accordion harmonica guitar violin viola cello"
    source = " ".join(f"{name}: {'r ' * turn} c" for turn, name in enumerate(names.split()))
    assert {note.channel for note in read_score(source).notes} == set(range(16)) - {9}


def test_a_synthdef_is_an_instrument_when_it_is_allowed() -> None:
    (note,) = read_score("mysynth: c", synthdefs=frozenset({"mysynth"})).notes
    assert note.channel == -1
    with pytest.raises(ScoreError):
        read_score("mysynth: c")


@pytest.mark.parametrize(
    ("source", "line", "column"),
    [
        ("piano: o4c", 1, 10),
        ("piano:\n  x", 2, 4),
        ("piano: [c", 1, 8),
        ("piano: {}", 1, 8),
        ("piano: (tempo 0.5)", 1, 15),
        ("piano: (tempo)", 1, 8),
        ("piano: (nonsense 1)", 1, 9),
        ("piano: (", 1, 8),
        ('piano: (key-sig "h")', 1, 17),
        ("piano: (pan 101)", 1, 13),
        ("piano: (midi-channel 16)", 1, 22),
        ("flute: (midi-channel 9) c", 1, 8),
        ("piano: o10 c", 1, 12),
        ("piano: c0", 1, 8),
        ("piano: @nowhere", 1, 8),
        ("%nowhere", 1, 1),
        ("piano: nothing", 1, 8),
        ("aa =\npiano: c", 1, 1),
        ("piano/piano: c", 1, 1),
        ('piano "a": c piano: d', 1, 14),
        ('piano: c piano "a": d', 1, 10),
        ('piano "aa": c guitar "aa": d', 1, 15),
        ('piano "aa": c aa/guitar: d', 1, 15),
        ("pianoo: c", 1, 1),
        ("piano: c'", 1, 10),
        ("piano: c*", 1, 10),
        ("piano: c'1", 1, 9),
        ("violin/cello: c violin: c violin/cello: %mark", 1, 41),
        ("violin/cello: c violin: c violin/cello: (tempo! 90)", 1, 41),
        ("piano: c/", 1, 10),
        ("piano: c )", 1, 10),
        ("piano: V1 c", 1, 10),
        ('aa = (part "piano") c', 1, 6),
    ],
)
def test_a_mistake_is_shown_where_it_stands(source: str, line: int, column: int) -> None:
    with pytest.raises(ScoreError) as caught:
        read_score(source)
    assert caught.value.where is not None
    assert (caught.value.where.line, caught.value.where.column) == (line, column)
    assert caught.value.message


def test_the_nearest_name_is_offered() -> None:
    with pytest.raises(ScoreError) as caught:
        read_score("pianoo: c")
    assert caught.value.hint == "Did you mean piano?"
