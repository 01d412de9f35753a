"""MusicXML: bars are full, and what is tied together lasts as long as it was written."""

from fractions import Fraction
from xml.etree import ElementTree

import pytest

from marmalade_sc.errors import ScoreError
from marmalade_sc.scores import musicxml, read_score
from tests.scores.test_midiread import PIECE
from tests.scores.test_performance import ONSETS

GRID = 48


def parts(source: str) -> list[ElementTree.Element]:
    return ElementTree.fromstring(musicxml(read_score(source), "a & b")).findall("part")


def sung(part: ElementTree.Element) -> list[tuple[Fraction, int, Fraction]]:
    """Beginning and length in beats, and key, of what sounds in a part; ties joined."""
    found: list[tuple[Fraction, int, Fraction]] = []
    open_ties: dict[tuple[str, int], int] = {}
    bar = Fraction(0)
    for measure in part.findall("measure"):
        at = before = bar
        for element in measure:
            lasting = Fraction(int(element.findtext("duration") or 0), GRID)
            if element.tag == "backup":
                at -= lasting
            if element.tag != "note":
                continue
            begin = before if element.find("chord") is not None else at
            before, at = begin, begin + lasting
            pitch = element.find("pitch")
            if pitch is None:
                continue
            alter = int(pitch.findtext("alter") or 0)
            step = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}[pitch.findtext("step") or ""]
            key = (int(pitch.findtext("octave") or 0) + 1) * 12 + step + alter
            place = (element.findtext("voice") or "", key)
            ties = {tie.get("type") for tie in element.findall("tie")}
            if "stop" in ties:
                index = open_ties.pop(place)
                first, _, sofar = found[index]
                found[index] = (first, key, sofar + lasting)
            else:
                index = len(found)
                found.append((begin, key, lasting))
            if "start" in ties:
                open_ties[place] = index
        bar += 4
    assert not open_ties
    return sorted(found)


@pytest.mark.parametrize("source", [PIECE, *[case[1] for case in ONSETS if case[2]]])
def test_every_bar_is_full_in_every_voice(source: str) -> None:
    for part in parts(source):
        for measure in part.findall("measure"):
            full: dict[str, int] = {}
            for note in measure.findall("note"):
                if note.find("chord") is None:
                    voice = note.findtext("voice") or ""
                    full[voice] = full.get(voice, 0) + int(note.findtext("duration") or 0)
            assert set(full.values()) == {4 * GRID}


def test_notes_are_written_where_and_as_long_as_they_were() -> None:
    (part,) = parts("piano: o4 c4. d8 e1 {f g a}4 b4 c8/e")
    assert sung(part) == [
        *((0, 60, Fraction(3, 2)), (Fraction(3, 2), 62, Fraction(1, 2)), (2, 64, 4)),
        *((6, 65, Fraction(1, 3)), (Fraction(19, 3), 67, Fraction(1, 3)), (Fraction(20, 3), 69, Fraction(1, 3))),
        *((7, 71, 1), (8, 60, Fraction(1, 2)), (8, 64, Fraction(1, 2))),
    ]


def test_tempo_markers_clefs_and_drums_are_there() -> None:
    text = musicxml(read_score("cello: (tempo 90) o2 c1 %verse d percussion: o2 c d"), "<title>").decode()
    for there in (
        "<per-minute>90<",
        "<rehearsal>verse<",
        "<sign>F<",
        "<sign>percussion<",
        "<unpitched>",
        "&lt;title&gt;",
    ):
        assert there in text


def test_what_cannot_be_engraved_is_told() -> None:
    with pytest.raises(ScoreError):
        musicxml(read_score("piano: r"))
    with pytest.raises(ScoreError, match="too many"):
        musicxml(read_score("piano: r99999s c"))
