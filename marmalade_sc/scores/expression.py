"""What a part with a feel makes of a note that is written: the notes that sound."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from marmalade_sc.scores.feel import Feel, Swing, Toward
from marmalade_sc.scores.keys import SEMITONES
from marmalade_sc.scores.ornaments import ornamented
from marmalade_sc.scores.parts import Part
from marmalade_sc.scores.pulse import Pulse
from marmalade_sc.scores.sounding import Sounding
from marmalade_sc.scores.tree import Change, Note
from marmalade_sc.scores.tunings import LETTERS_BY_FIFTHS

__all__ = ["RAMPED", "counted", "feel_changed", "felt", "is_extension", "settle"]

RAMPED: Final = {
    "volume_ramp": "volume",
    "track_volume_ramp": "track_volume",
    "panning_ramp": "panning",
    "quantization_ramp": "quantization",
}
"""Fields of a part by the change that lets them go somewhere."""
_PLAIN: Final = {
    "humanity": "humanity",
    "cents": "cents",
    "tuning": "tuning",
    "ornament": "ornament",
    "strum": "strum_ms",
    "sounding": "sounding",
    "louder": "louder",
}
_LETTERS: Final = "cdefgab"


def is_extension(kind: str) -> bool:
    """Whether a change is one that `feel_changed` makes."""
    return kind in RAMPED or kind in _PLAIN or kind in ("tempo_ramp", "swing")


def feel_changed(change: Change, part: Part, at_ms: float) -> None:
    """Make a change that is an extension, as from a time on: that of the part, or where one for all parts stands."""
    feel = _feel(part, at_ms)
    value = change.value
    if change.kind in RAMPED:
        assert isinstance(value, Toward)
        name = RAMPED[change.kind]
        part.feel = feel.toward(name, getattr(part, name), value, at_ms)
    elif change.kind == "tempo_ramp":
        assert isinstance(value, Toward)
        beat_ms = feel.pulse.beat_ms_at(at_ms)
        part.tempo = 60_000 / beat_ms
        pulse = Pulse(at_ms, feel.pulse.beat(at_ms), beat_ms, 60_000 / value.value, value.beats)
        part.feel = replace(feel, pulse=pulse)
    elif change.kind == "swing":
        assert isinstance(value, Toward)  # a share of the time of two notes, and how long each is
        swing = Swing(value.value, value.beats, feel.pulse.beat(at_ms))
        part.feel = replace(feel, swing=None if value.value == 0.5 else swing)
    else:
        part.feel = replace(feel, **{_PLAIN[change.kind]: value})  # type: ignore[arg-type]  # the table has the fields


def settle(part: Part, field: str, at_ms: float) -> None:
    """Before a field is set as in Alda: it goes nowhere any more. A tempo stands at what it has come to."""
    if part.feel is None:
        return
    if field == "tempo":
        part.tempo = 60_000 / part.feel.pulse.beat_ms_at(at_ms)
    else:
        part.feel = part.feel.settled(field)


def counted(part: Part, at_ms: float) -> None:
    """After a tempo was set: beats are counted on from there."""
    if part.feel is not None:
        part.feel = replace(part.feel, pulse=part.feel.pulse.steady_from(at_ms, 60_000 / part.tempo))


def _feel(part: Part, at_ms: float) -> Feel:
    beat_ms = 60_000 / part.tempo
    return part.feel if part.feel is not None else Feel(Pulse(at_ms, 0.0, beat_ms, beat_ms))


def felt(plain: Sounding, note: Note, part: Part, feel: Feel, place: int, count: int) -> Iterator[Sounding]:
    """The notes that sound for one that is written.

    Args:
        plain: as Alda would play it, at the part's time.
        place, count: which note of how many in a chord; 0 and 1 otherwise.
    """
    at_ms = plain.offset_ms
    share = plain.audible_ms / plain.duration_ms * feel.sounding
    begin_ms, lasting_ms = feel.span(at_ms, plain.duration_ms)
    if feel.strum_ms:
        place = place if feel.strum_ms > 0 else count - 1 - place
        late_ms = min(abs(feel.strum_ms) * place, lasting_ms * 0.9)
        begin_ms, lasting_ms = begin_ms + late_ms, lasting_ms - late_ms
    volume = feel.value("volume", at_ms, plain.volume) * feel.louder
    whole = plain._replace(
        offset_ms=begin_ms,
        duration_ms=lasting_ms,
        audible_ms=lasting_ms * share,
        volume=min(1.0, volume),
        track_volume=feel.value("track_volume", at_ms, plain.track_volume),
        panning=feel.value("panning", at_ms, plain.panning),
    )
    if feel.ornament is None:
        yield _at_random(_tuned(whole, note, part, feel, 0.0), part, feel)
        return
    beat_ms = feel.pulse.beat_ms_at(at_ms)
    above, below = _neighbours(note, part)
    for gone_ms, each_ms, semitones in ornamented(feel.ornament, lasting_ms, beat_ms, above, below):
        # All but the last sound as long as they are: one of two short notes that is cut is a click.
        audible_ms = each_ms if gone_ms + each_ms < lasting_ms - 1e-6 else each_ms * share
        made = whole._replace(offset_ms=begin_ms + gone_ms, duration_ms=each_ms, audible_ms=audible_ms)
        yield _at_random(_tuned(made, note, part, feel, semitones), part, feel)


def _tuned(sounding: Sounding, note: Note, part: Part, feel: Feel, semitones: float) -> Sounding:
    midi = sounding.midi
    if feel.tuning is not None and not part.instrument.is_percussion:
        midi = feel.tuning.pitch(midi, _fifths(note, part))
    return sounding._replace(midi=_plain_number(midi + semitones + feel.cents / 100))


def _plain_number(midi: float) -> float:
    nearest = round(midi)
    return nearest if abs(midi - nearest) < 1e-9 else midi


def _fifths(note: Note, part: Part) -> int | None:
    if note.letter is None:
        return None
    accidentals = part.key.get(note.letter, 0) if note.accidentals is None else note.accidentals
    return LETTERS_BY_FIFTHS[note.letter] + 7 * accidentals


def _at_random(sounding: Sounding, part: Part, feel: Feel) -> Sounding:
    if feel.humanity is None:
        return sounding
    late, loud = feel.humanity.dice(part.number, sounding.offset_ms, sounding.midi)
    return sounding._replace(
        offset_ms=max(0.0, sounding.offset_ms + late * feel.humanity.ms),
        volume=min(1.0, max(0.0, sounding.volume * (1 + loud * feel.humanity.share))),
    )


def _neighbours(note: Note, part: Part) -> tuple[float, float]:
    """Semitones to the next notes of the key above and below."""
    if note.letter is None:
        return 2.0, -2.0
    own = SEMITONES[note.letter] + (part.key.get(note.letter, 0) if note.accidentals is None else note.accidentals)
    place = _LETTERS.index(note.letter)
    found = []
    for step in (1, -1):
        octave, index = divmod(place + step, 7)
        letter = _LETTERS[index]
        found.append(float(SEMITONES[letter] + part.key.get(letter, 0) + 12 * octave - own))
    return found[0], found[1]
