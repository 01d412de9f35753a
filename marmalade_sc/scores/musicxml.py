"""A score as MusicXML, for programs that engrave: each part on a staff, voices, chords, ties, beams, triplets."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Final
from xml.etree import ElementTree

from marmalade_sc.errors import ScoreError
from marmalade_sc.scores.midiread import MidiNote, MidiPart, MidiScore
from marmalade_sc.scores.notated import notated
from marmalade_sc.scores.score import Score
from marmalade_sc.scores.sounds import DRUMS
from marmalade_sc.scores.written import GRID, LENGTHS, voices_of

__all__ = ["musicxml"]

_TYPES: Final = {1: "whole", 2: "half", 4: "quarter", 8: "eighth", 16: "16th", 32: "32nd", 64: "64th", 128: "128th"}
_STEPS: Final = (("C", 0), ("C", 1), ("D", 0), ("D", 1), ("E", 0), ("F", 0), ("F", 1))
_STEPS_ABOVE: Final = (("G", 0), ("G", 1), ("A", 0), ("A", 1), ("B", 0))
_PITCHES: Final = (*_STEPS, *_STEPS_ABOVE)
_LINES: Final = {
    "kick": ("F", "4"),
    "tom_low": ("A", "4"),
    "tom_mid": ("D", "5"),
    "tom_high": ("E", "5"),
    "snare": ("C", "5"),
    "hihat": ("G", "5"),
    "openhat": ("G", "5"),
    "crash": ("A", "5"),
    "ride": ("F", "5"),
    "clap": ("C", "5"),
}
"""Where drums are written."""
_MOST_BARS: Final = 4000
_BASS: Final = 55

Element = ElementTree.Element
_add = ElementTree.SubElement


@dataclass(frozen=True, slots=True)
class _Symbol:
    """A note, chord or rest (no keys) as one sign: `lasting` parts of the grid; tied to what comes before and after.

    `beam` is where it stands under one: begin, continue, end, or "" under none; `tuplet` whether one begins or ends.
    """

    begin: int
    lasting: int
    keys: tuple[int, ...]
    from_before: bool = False
    to_next: bool = False
    beam: str = ""
    tuplet: str = ""

    @property
    def is_triplet(self) -> bool:
        """Whether it lasts two thirds of its sign."""
        return int(LENGTHS[self.lasting].strip(".")) not in _TYPES


def musicxml(score: Score, title: str = "") -> bytes:
    """The score as a MusicXML 4 document, in bars of four beats.

    Raises:
        ScoreError: nothing sounds, or it has more bars than can be engraved.
    """
    written = notated(score)
    ends = [note.begin + note.length for part in written.parts for note in part.notes]
    if not ends:
        raise ScoreError("there is nothing to write: no note sounds", hint="Write piano: c d e.")
    bars = int(-(-max(ends) // written.bar))
    if bars > _MOST_BARS:
        raise ScoreError(f"{bars} bars are too many to engrave", hint="Write a part of it, with --from and --to.")
    root = Element("score-partwise", version="4.0")
    _add(_add(root, "work"), "work-title").text = title
    parts = _add(root, "part-list")
    for number, part in enumerate(written.parts, 1):
        _add(_add(parts, "score-part", id=f"P{number}"), "part-name").text = part.name
    for number, part in enumerate(written.parts, 1):
        _write_part(_add(root, "part", id=f"P{number}"), written, part, bars, is_first=number == 1)
    head = b'<?xml version="1.0" encoding="UTF-8"?>\n'
    return head + ElementTree.tostring(root, encoding="unicode").encode()


def _write_part(element: Element, score: MidiScore, part: MidiPart, bars: int, is_first: bool) -> None:
    bar = int(score.bar * GRID)
    voices = [_symbols(voice, bar, bars) for voice in voices_of(part.notes)]
    for number in range(bars):
        measure = _add(element, "measure", number=str(number + 1))
        if number == 0:
            _write_attributes(measure, part)
        if is_first:
            _write_directions(measure, score, number)
        begin = number * bar
        for place, symbols in enumerate(voices):
            mine = symbols.get(number, [])
            if place and not any(symbol.keys for symbol in mine):
                continue
            if place:
                _add(_add(measure, "backup"), "duration").text = str(bar)
            for symbol in _beamed(mine or [_Symbol(begin, bar, ())]):
                _write_symbol(measure, symbol, place + 1, part.program is None)


def _symbols(voice: Sequence[list[MidiNote]], bar: int, bars: int) -> dict[int, list[_Symbol]]:
    """The signs of a voice by bar, rests among them, from the first bar to the last."""
    found: dict[int, list[_Symbol]] = {}
    at = 0
    for chord in voice:
        begin, lasting = int(chord[0].begin * GRID), int(chord[0].length * GRID)
        for symbol in _split(at, begin - at, (), bar):
            found.setdefault(symbol.begin // bar, []).append(symbol)
        for symbol in _split(begin, lasting, tuple(sorted({note.key for note in chord})), bar):
            found.setdefault(symbol.begin // bar, []).append(symbol)
        at = begin + lasting
    for symbol in _split(at, bars * bar - at, (), bar):
        found.setdefault(symbol.begin // bar, []).append(symbol)
    return found


def _split(begin: int, lasting: int, keys: tuple[int, ...], bar: int) -> Iterator[_Symbol]:
    """Signs that last so long together: cut at barlines, each a length that has a sign."""
    pieces: list[tuple[int, int]] = []
    while lasting > 0:
        within = min(lasting, bar - begin % bar)
        for length in LENGTHS:
            while length <= within:
                pieces.append((begin, length))
                begin, within, lasting = begin + length, within - length, lasting - length
    for place, (at, length) in enumerate(pieces):
        yield _Symbol(at, length, keys, bool(keys) and place > 0, bool(keys) and place + 1 < len(pieces))


def _beamed(symbols: Sequence[_Symbol]) -> list[_Symbol]:
    """The signs of a bar, those shorter than a beat joined within each."""
    groups: dict[int, list[int]] = {}
    for place, symbol in enumerate(symbols):
        if symbol.keys and symbol.lasting < GRID:
            groups.setdefault(symbol.begin // GRID, []).append(place)
    beams: dict[int, str] = {}
    tuplets: dict[int, str] = {}
    for places in groups.values():
        if len(places) > 1 and places[-1] - places[0] == len(places) - 1:
            beams |= dict.fromkeys(places, "continue") | {places[0]: "begin", places[-1]: "end"}
            if symbols[places[0]].is_triplet and symbols[places[-1]].is_triplet:
                tuplets |= {places[0]: "start", places[-1]: "stop"}
    return [
        replace(symbol, beam=beams.get(place, ""), tuplet=tuplets.get(place, ""))
        for place, symbol in enumerate(symbols)
    ]


def _write_attributes(measure: Element, part: MidiPart) -> None:
    attributes = _add(measure, "attributes")
    _add(attributes, "divisions").text = str(GRID)
    _add(_add(attributes, "key"), "fifths").text = "0"
    time = _add(attributes, "time")
    _add(time, "beats").text, _add(time, "beat-type").text = "4", "4"
    clef = _add(attributes, "clef")
    mean = sum(note.key for note in part.notes) / len(part.notes)
    sign, line = ("F", "4") if mean < _BASS else ("G", "2")
    _add(clef, "sign").text, _add(clef, "line").text = ("percussion", "2") if part.program is None else (sign, line)


def _write_directions(measure: Element, score: MidiScore, number: int) -> None:
    begin, end = number * score.bar, (number + 1) * score.bar
    for at, text in score.markers:
        if begin <= at < end:
            _add(_direction(measure, at - begin), "rehearsal").text = text
    tempos = [(at, us) for at, us in score.tempos.items() if begin <= at < end]
    for at, us in tempos[-1:]:  # of a tempo that goes somewhere, one for each bar
        metronome = _add(_direction(measure, at - begin), "metronome")
        _add(metronome, "beat-unit").text = "quarter"
        _add(metronome, "per-minute").text = f"{60e6 / us:.4g}"


def _direction(measure: Element, offset: Fraction) -> Element:
    """What stands above the staff, so far into the bar; gives the element to write into."""
    direction = _add(measure, "direction", placement="above")
    kind = _add(direction, "direction-type")
    if offset:
        _add(direction, "offset").text = str(int(offset * GRID))
    return kind


def _write_symbol(measure: Element, symbol: _Symbol, voice: int, is_drum: bool) -> None:
    denominator, _, dots = LENGTHS[symbol.lasting].partition(".")
    is_dotted = LENGTHS[symbol.lasting].endswith(".")
    number = int(denominator)
    for place, key in enumerate(symbol.keys or (None,)):
        note = _add(measure, "note")
        if place:
            _add(note, "chord")
        if key is None:
            _add(note, "rest")
        else:
            (_write_drum if is_drum else _write_pitch)(note, key)
        _add(note, "duration").text = str(symbol.lasting)
        if symbol.from_before:
            _add(note, "tie", type="stop")
        if symbol.to_next:
            _add(note, "tie", type="start")
        _add(note, "voice").text = str(voice)
        _add(note, "type").text = _TYPES[number * 2 // 3 if symbol.is_triplet else number]
        if is_dotted:
            _add(note, "dot")
        if symbol.is_triplet:
            modification = _add(note, "time-modification")
            _add(modification, "actual-notes").text, _add(modification, "normal-notes").text = "3", "2"
        if symbol.beam and not place:
            _add(note, "beam", number="1").text = symbol.beam
        if symbol.from_before or symbol.to_next or (symbol.tuplet and not place):
            notations = _add(note, "notations")
            if symbol.tuplet and not place:
                _add(notations, "tuplet", type=symbol.tuplet)
            if symbol.from_before:
                _add(notations, "tied", type="stop")
            if symbol.to_next:
                _add(notations, "tied", type="start")


def _write_drum(note: Element, key: int) -> None:
    drum = DRUMS.get(key)
    step, octave = _LINES.get(drum.synth if drum else "", ("B", "4"))
    shown = _add(note, "unpitched")
    _add(shown, "display-step").text, _add(shown, "display-octave").text = step, octave


def _write_pitch(note: Element, key: int) -> None:
    pitch = _add(note, "pitch")
    step, alter = _PITCHES[key % 12]
    _add(pitch, "step").text = step
    if alter:
        _add(pitch, "alter").text = str(alter)
    _add(pitch, "octave").text = str(key // 12 - 1)
