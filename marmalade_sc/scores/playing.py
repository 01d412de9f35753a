"""From the notes of a score to frames for the dispatcher: each note at its own time, its length as a control. Pure."""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Final

from marmalade_sc.clock.timetag import UNITS_PER_SECOND
from marmalade_sc.errors import ScoreError, UnknownNameError
from marmalade_sc.scores.score import Score, ScorePart
from marmalade_sc.scores.sounding import Sounding
from marmalade_sc.scores.sounds import Sound, sound_of
from marmalade_sc.sdk.emission import note_sections, small_enough
from marmalade_sc.sdk.frames import Frame, Release, Section
from marmalade_sc.sdk.instruments import Instrument, Orchestra
from marmalade_sc.sdk.osc import note_message
from marmalade_sc.sdk.seeds import note_seed, track_seed

__all__ = ["FIRST_SEQ", "MF", "TRACK_VOLUME", "ScoreFrames", "cut", "together", "track_names"]

FIRST_SEQ: Final = 1 << 41
"""Numbers of frames begin here: a live host that writes to the same stream counts from 1."""

MF: Final = 0.5421
"""The volume at which a note has its instrument's level."""
TRACK_VOLUME: Final = 100 / 127
"""The same of the track volume."""
_FRAME_MS: Final = 50.0
_LOUDEST: Final = 4.0


def track_names(score: Score) -> dict[int, str]:
    """The track of each part by the part's number: its own name or its instrument's, counted where it comes again."""
    names: dict[int, str] = {}
    for part in score.parts:
        name = next((alias for alias in part.aliases if "." not in alias), part.name)
        name = re.sub(r"[^A-Za-z0-9_-]", "_", name)[:48]
        same = sum(taken == name or taken.startswith(f"{name}_") for taken in names.values())
        names[part.number] = f"{name}_{same + 1}" if same else name
    return names


def cut(score: Score, begin: str | None, end: str | None) -> Score:
    """The notes between two points (`m:ss`, seconds, or a marker's name), moved so that the first point is 0.

    Raises:
        ScoreError: a point that is none of these.
    """
    if begin is None and end is None:
        return score
    begin_ms, end_ms = _point(score, begin, 0.0), _point(score, end, math.inf)
    notes = [
        note._replace(offset_ms=note.offset_ms - begin_ms)
        for note in score.notes
        if begin_ms <= note.offset_ms < end_ms
    ]
    markers = {name: at - begin_ms for name, at in score.markers.items()}
    before = [bpm for at, bpm in sorted(score.tempos.items()) if at <= begin_ms]
    later = {at - begin_ms: bpm for at, bpm in score.tempos.items() if at > begin_ms}
    tempos = {0.0: before[-1], **later} if before else later
    return Score(score.parts, tuple(notes), markers, tempos, max(0.0, min(end_ms, score.end_ms) - begin_ms))


def together(scores: Sequence[Score]) -> Score:
    """Several scores as one, all from the same beginning; tempo and markers are the first one's that has them."""
    if len(scores) == 1:
        return scores[0]
    parts: list[ScorePart] = []
    notes: list[Sounding] = []
    markers: dict[str, float] = {}
    first = 0
    for score in scores:
        parts += (replace(part, number=part.number + first) for part in score.parts)
        notes += (note._replace(part=note.part + first) for note in score.notes)
        markers = {**score.markers, **markers}
        first = max((part.number for part in parts), default=0)
    notes.sort(key=lambda note: (note.offset_ms, note.part, note.midi))
    tempos = next((score.tempos for score in scores if score.tempos), {})
    return Score(tuple(parts), tuple(notes), markers, tempos, max((score.end_ms for score in scores), default=0.0))


def _point(score: Score, text: str | None, default_ms: float) -> float:
    if text is None:
        return default_ms
    if text in score.markers:
        return score.markers[text]
    found = re.fullmatch(r"(?:(\d{1,6}):)?(\d{1,9}(?:\.\d{1,9})?)", text, re.ASCII)
    if not found:
        raise ScoreError(f"{text} is no time and no marker", hint="Write 1:30, 90 or a marker's name.")
    return (int(found[1] or 0) * 60 + float(found[2])) * 1000


@dataclass(frozen=True, slots=True)
class ScoreFrames:
    """A score with what plays it.

    Attributes:
        own: sounds that go before those of the table, by full name of instrument.
        epoch: of its tracks; a later playing of the same tracks needs a larger one.
    """

    score: Score
    orchestra: Orchestra
    own: Mapping[str, Sound]
    epoch: int = 0

    def check(self) -> list[str]:
        """Sentences about notes outside their instrument's usual range.

        Raises:
            ScoreError: a synthdef is not there, or has no such control.
        """
        said = []
        names = track_names(self.score)
        for part in self.score.parts:
            pitches = [note.midi for note in self.score.notes if note.part == part.number]
            for midi in sorted(set(pitches)):
                self._voice(part, midi)
            if pitches and not part.instrument.is_percussion:
                sound = sound_of(part.instrument, pitches[0], self.own)
                outside = sum(not sound.lowest <= midi <= sound.highest for midi in pitches)
                if outside:
                    said.append(f"{names[part.number]}: {outside} notes lie outside the usual range of its instrument")
        return said

    def frames(self, start: int, lead: int) -> Iterator[tuple[int, Frame]]:
        """(jam time at which to write, frame): the notes from jam time `start` on, each `lead` ahead of its time."""
        parts = {part.number: part for part in self.score.parts}
        names = track_names(self.score)
        seq, notes = FIRST_SEQ + (start & 0xFFFFFFFFF), self.score.notes
        at, count = 0, 0
        while at < len(notes):
            until_ms = notes[at].offset_ms + _FRAME_MS
            tracks: dict[str, list[tuple[int, list[bytes]]]] = {}
            first = last = _due(start, notes[at])
            while at < len(notes) and notes[at].offset_ms <= until_ms:
                note = notes[at]
                last = _due(start, note)
                instants = tracks.setdefault(names[note.part], [])
                if not instants or instants[-1][0] != last:
                    instants.append((last, []))
                count += 1
                instants[-1][1].append(self._message(note, parts[note.part], names[note.part], count))
                at += 1
            sections: list[Section] = []
            for track, instants in tracks.items():
                sections += note_sections(track, self.epoch, instants)
            for small in small_enough(sections):
                seq += 1
                yield first - lead, Frame(seq, 0, max(0, first - lead), last + 1, tuple(small))

    def release(self, when: int) -> Frame:
        """What ends the score's sound at a jam time."""
        sections = tuple(Release(track, self.epoch + 1, when) for track in track_names(self.score).values())
        return Frame(FIRST_SEQ - 1 - (when & 0xFFFFFFFF), 0, when, when + UNITS_PER_SECOND, sections)

    def _voice(self, part: ScorePart, midi: float) -> tuple[Instrument, Sound]:
        sound = sound_of(part.instrument, midi, self.own)
        try:
            instrument, _ = self.orchestra.find(sound.synth)
        except UnknownNameError as error:
            raise ScoreError(f"{part.name}: {error.message}", hint=error.hint) from error
        missing = [name for name in sound.controls if name not in instrument.index]
        if missing:
            raise ScoreError(
                f"{sound.synth} has no control {missing[0]}", hint=f"It has {', '.join(instrument.index)}."
            )
        return instrument, sound

    def _message(self, note: Sounding, part: ScorePart, track: str, count: int) -> bytes:
        instrument, sound = self._voice(part, note.midi)
        index = instrument.index
        level = sound.level * (note.volume / MF) * (note.track_volume / TRACK_VOLUME)
        controls = dict(sound.controls)
        controls |= {"amp": min(level, _LOUDEST), "pan": note.panning * 2 - 1, "sustain": note.audible_ms / 1000}
        if "freq" in index:
            controls["freq"] = note.reference_pitch * 2 ** ((note.midi - 69) / 12)
        values = instrument.values({name: value for name, value in controls.items() if name in index})
        seed = 0
        if instrument.is_random:
            seed = note_seed(track_seed(0, track), 0, Fraction(count), 0)
        packed = instrument.pack.pack(*values)
        return note_message(instrument.template.prefix_bytes, count & 0xFFFFFF, packed, seed)


def _due(start: int, note: Sounding) -> int:
    """Jam time of a note: rounded once."""
    return start + round(Fraction(note.offset_ms) * UNITS_PER_SECOND / 1000)
