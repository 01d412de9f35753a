"""Writes notes down in Alda's language: parts, voices where notes overlap, chords, lengths as they are read."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Final

from marmalade_sc.scores.instruments import INSTRUMENTS
from marmalade_sc.scores.midiread import MidiNote, MidiPart, MidiScore

__all__ = ["GRID", "LENGTHS", "alda_text", "voices_of"]

_PITCHES: Final = ("c", "c+", "d", "d+", "e", "f", "f+", "g", "g+", "a", "a+", "b")
GRID: Final = 48
"""Parts of a beat that are written as note lengths: sixteenths and their triplets are among them, as 192nds are."""
_INSTANT: Final = Fraction(1, 10**6)
_ALIKE: Final = Fraction(1, 500)
"""Beats by which a note may differ from its share of what is written and still be played like those before it."""
_DETACHED: Final = Fraction(1, 2)
"""A note that sounds for more than this share of the time until the next one is written as long as that."""
_MOST_VOICES: Final = 64
_LINE: Final = 96


def _lengths() -> dict[int, str]:
    """Note lengths by how many parts of the grid they last, longest first."""
    found: dict[int, str] = {}
    for denominator in (1, 2, 4, 8, 16, 32, 64, 3, 6, 12, 24, 48, 96, 192):
        parts = Fraction(4 * GRID, denominator)
        for dots, factor in ((0, Fraction(1)), (1, Fraction(3, 2))):
            if (parts * factor).denominator == 1:
                found.setdefault(int(parts * factor), f"{denominator}{'.' * dots}")
    return dict(sorted(found.items(), reverse=True))


LENGTHS: Final = _lengths()


def alda_text(score: MidiScore, grid: Fraction | None = None) -> str:
    """A score in Alda's language that plays these notes.

    Lengths that lie on 1/48 of a beat are note lengths, all others, and those through which the tempo changes, are
    milliseconds. Each voice says its tempo itself, for in Alda a note that lasts through a change for all does not.

    Args:
        grid: beats to which beginnings and lengths are moved, such as 1/4 for sixteenths; None leaves them.
    """
    if grid is not None:
        score = replace(score, parts=tuple(_gridded(part, grid) for part in score.parts))
    names = _names(score.parts)
    texts = [
        _part_text(score, part, name, place == 0)
        for place, (part, name) in enumerate(zip(score.parts, names, strict=True))
    ]
    return "\n\n".join(texts) + "\n"


def _gridded(part: MidiPart, grid: Fraction) -> MidiPart:
    notes = [
        replace(note, begin=round(note.begin / grid) * grid, length=max(1, round(note.length / grid)) * grid)
        for note in part.notes
    ]
    return MidiPart(part.program, part.name, sorted(notes, key=lambda note: (note.begin, note.key)))


def _names(parts: Sequence[MidiPart]) -> list[str]:
    """How each part is declared: its instrument, and a name where that plays more than one."""
    by_program = {instrument.program: instrument.name for instrument in INSTRUMENTS.values()}
    instruments = ["midi-percussion" if part.program is None else by_program[part.program] for part in parts]
    names: list[str] = []
    taken: set[str] = set()
    for part, instrument in zip(parts, instruments, strict=True):
        if instruments.count(instrument) == 1:
            names.append(instrument)
            continue
        own = re.sub(r"[^A-Za-z0-9_-]", "-", part.name)[:40]
        alias = own if re.match(r"[A-Za-z]{2}", own) else "part"
        count = 1
        while (called := alias if count == 1 and alias != "part" else f"{alias}-{count}") in taken | set(INSTRUMENTS):
            count += 1
        taken.add(called)
        names.append(f'{instrument} "{called}"')
    return names


def voices_of(notes: Iterable[MidiNote]) -> list[list[list[MidiNote]]]:
    """Chords (notes with one beginning and length) in voices, in each of which nothing overlaps."""
    chords: dict[tuple[Fraction, Fraction], list[MidiNote]] = {}
    for note in notes:
        chords.setdefault((note.begin, note.length), []).append(note)
    voices: list[list[list[MidiNote]]] = []
    for (begin, _), chord in sorted(chords.items()):
        for voice in voices:
            if voice[-1][0].begin + voice[-1][0].length <= begin:
                voice.append(chord)
                break
        else:
            if len(voices) < _MOST_VOICES:
                voices.append([chord])
    return voices


def _part_text(score: MidiScore, part: MidiPart, name: str, is_first: bool) -> str:
    voices = voices_of(part.notes)
    if len(voices) == 1:
        return "\n".join((f"{name}:", *_lines(_Voice(score, is_first).words(voices[0]))))
    lines = [f"{name}:"]
    for number, voice in enumerate(voices, 1):
        lines += [f"V{number}:", *_lines(_Voice(score, is_first and number == 1).words(voice))]
    return "\n".join(lines)


def _lines(words: Iterable[str]) -> Iterator[str]:
    """Lines of some bars each."""
    line = " "
    for word in words:
        line += f" {word}"
        if word == "|" and len(line) > _LINE:
            yield line
            line = " "
    if line.strip():
        yield line


@dataclass(slots=True)
class _Voice:
    """Writes the chords of a voice, with what has changed before each."""

    score: MidiScore
    has_markers: bool
    at: Fraction = Fraction(0)
    octave: int | None = None
    length: str = ""
    state: dict[str, str] = field(default_factory=dict)
    markers: list[tuple[Fraction, str]] = field(default_factory=list)

    def words(self, chords: Sequence[list[MidiNote]]) -> Iterator[str]:
        """The words of the voice."""
        if self.has_markers:
            self.markers = [(at, text) for at, text in self.score.markers]
        for place, chord in enumerate(chords):
            yield from self._until(chord[0].begin)
            following = chords[place + 1][0].begin if place + 1 < len(chords) else None
            lasting = self._written(chord[0], following)
            yield from self._levels(chord)
            yield from self._tempo()
            yield from self._said("quant", _number(float(chord[0].length / lasting * 100)))
            yield from self._chord(chord, lasting)
            yield from self._barline()
        if self.markers:
            yield from self._until(self.markers[-1][0])

    def _written(self, note: MidiNote, following: Fraction | None) -> Fraction:
        """The length that a note is written with: as the notes before it were played a little shorter than written,
        or until the next one, or as it sounds."""
        step = None if following is None else following - note.begin
        if share := Fraction(self.state.get("quant", "0")) / 100:
            alike = Fraction(round(note.length / share * GRID), GRID)
            fits = step is None or alike <= step
            if fits and alike and abs(alike * share - note.length) < _ALIKE and self._is_steady(note.begin + alike):
                return alike
        is_shorter = step is not None and step * _DETACHED < note.length < step
        if step is not None and is_shorter and step * GRID % 1 == 0 and self._is_steady(note.begin + step):
            return step
        return note.length

    def _is_steady(self, end: Fraction) -> bool:
        return self.score.tempo_place(self.at) == self.score.tempo_place(end - _INSTANT)

    def _until(self, begin: Fraction) -> Iterator[str]:
        while self.markers and self.markers[0][0] <= begin:
            at, text = self.markers.pop(0)
            yield from self._rest(at)
            name = re.sub(r"[^A-Za-z0-9_'().+-]", "-", text) or "marker"
            yield f"%{name}"
        yield from self._rest(begin)

    def _rest(self, until: Fraction) -> Iterator[str]:
        while self.at < until:
            bar = (self.at // self.score.bar + 1) * self.score.bar
            end = min(until, bar) if (bar - self.at) * GRID % 1 == 0 else until
            yield from self._tempo()
            yield f"r{self._lasting(end - self.at)}"
            self.at = end
            yield from self._barline()

    def _barline(self) -> Iterator[str]:
        if self.at and self.at % self.score.bar == 0:
            yield "|"

    def _said(self, name: str, value: str) -> Iterator[str]:
        if self.state.get(name) != value:
            self.state[name] = value
            yield f"({name} {value})"

    def _tempo(self) -> Iterator[str]:
        us = list(self.score.tempos.values())[self.score.tempo_place(self.at)]
        yield from self._said("tempo", _number(60e6 / us))

    def _levels(self, chord: Sequence[MidiNote]) -> Iterator[str]:
        note = max(chord, key=lambda each: each.velocity)
        yield from self._said("vol", _number(note.velocity / 1.27))
        yield from self._said("track-vol", _number(note.volume / 1.27))
        yield from self._said("pan", _number(note.pan / 1.27))

    def _chord(self, chord: Sequence[MidiNote], lasting: Fraction) -> Iterator[str]:
        length = self._lasting(lasting)
        written = []
        for place, note in enumerate(sorted(chord, key=lambda each: each.key)):
            octave, pitch = note.key // 12 - 1, _PITCHES[note.key % 12]
            before = self._octave(octave, alone=place == 0)
            if place == 0 and before.startswith("o"):
                yield before
                before = ""
            written.append(f"{before}{pitch}{length if place == 0 else ''}")
        self.at += lasting
        yield "/".join(written)

    def _octave(self, octave: int, alone: bool) -> str:
        steps = None if self.octave is None else octave - self.octave
        self.octave = octave
        if octave < 0:  # there is no o-1
            return "o0 <" if alone else (">" * steps if steps and steps > 0 else "<" * -(steps or 0))
        if alone and (steps is None or abs(steps) > 2):
            return f"o{octave}"
        return ">" * (steps or 0) if (steps or 0) > 0 else "<" * -(steps or 0)

    def _lasting(self, beats: Fraction) -> str:
        """A length; nothing where it is the one before."""
        text = self._length(beats)
        if text == self.length:
            return ""
        self.length = text
        return text

    def _length(self, beats: Fraction) -> str:
        end = self.at + beats
        parts = beats * GRID
        if parts.denominator != 1 or not self._is_steady(end):
            return f"{_number(float(self.score.ms(end) - self.score.ms(self.at)))}ms"
        ties = []
        left = int(parts)
        for lasting, text in LENGTHS.items():
            count, left = divmod(left, lasting)
            ties += [text] * count
        return "~".join(ties)


def _number(value: float) -> str:
    return f"{value:.6f}".rstrip("0").rstrip(".")
