"""A score as a pattern: its beats are beats of the jam, so that it follows the tempo, loops, and changes at the bar."""

from bisect import bisect_left
from collections.abc import Mapping
from fractions import Fraction
from typing import Final

from marmalade_sc.patterns.event import Event
from marmalade_sc.patterns.pattern import MAX_PERIOD, Pattern, Run
from marmalade_sc.patterns.span import Span
from marmalade_sc.scores.midi import TickMap
from marmalade_sc.scores.playing import MF, TRACK_VOLUME
from marmalade_sc.scores.score import Score
from marmalade_sc.scores.sounds import Sound, sound_of

__all__ = ["score_pattern"]

_FINEST: Final = 1_000_000
"""Beats are fractions with denominators up to here: exact for what is written in notes, 1e-12 beats off for times."""


def score_pattern(score: Score, beats_per_cycle: Fraction, own: Mapping[str, Sound] | None = None) -> Pattern:
    """All parts of a score at once, over as many whole cycles as it needs, again and again.

    Args:
        beats_per_cycle: quarters of a bar.
        own: sounds that go before those of the table.
    """
    ticks = TickMap(score.tempos)
    parts = {part.number: part for part in score.parts}
    spans: list[tuple[Fraction, Fraction, Mapping[str, object]]] = []

    def cycles(ms: float) -> Fraction:
        return Fraction(ticks.beat(ms)).limit_denominator(_FINEST) / beats_per_cycle

    for note in score.notes:
        sound = sound_of(parts[note.part].instrument, note.midi, own)
        value: dict[str, object] = {"s": sound.synth, **sound.controls}
        value["amp"] = sound.level * (note.volume / MF) * (note.track_volume / TRACK_VOLUME)
        value["pan"] = note.panning * 2 - 1
        value["dur"] = note.audible_ms / note.duration_ms
        if not parts[note.part].instrument.is_percussion:
            value["freq"] = note.reference_pitch * 2 ** ((note.midi - 69) / 12)
        spans.append((cycles(note.offset_ms), cycles(note.offset_ms + note.duration_ms), value))
    spans.sort(key=lambda span: span[0])
    begins = [begin for begin, _, _ in spans]
    longest = max((end - begin for begin, end, _ in spans), default=Fraction(0))
    period = max(1, -(-max((end for _, end, _ in spans), default=Fraction(1)) // 1))

    def ask(begin: Fraction, end: Fraction, run: Run) -> list[Event]:
        found: list[Event] = []
        query = Span(begin, end)
        for turn in range(int((begin - longest) // period), int(-(-end // period))):
            shift = turn * period
            first = bisect_left(begins, begin - longest - shift)
            last = bisect_left(begins, end - shift)
            run.spend(last - first)
            for note_begin, note_end, value in spans[first:last]:
                whole = Span(note_begin + shift, note_end + shift)
                part = whole.intersection(query)
                if part is not None and turn >= 0:
                    found.append(Event(whole, part, dict(value)))
        return found

    return Pattern(ask, period if period <= MAX_PERIOD else None)
