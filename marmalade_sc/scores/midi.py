"""A score as a standard MIDI file of type 1: tempo and markers in the first track, each part in one of its own."""

import io
from bisect import bisect_right
from collections.abc import Mapping
from itertools import accumulate
from typing import TYPE_CHECKING, Final

from marmalade_sc.errors import ScoreError
from marmalade_sc.scores.playing import track_names
from marmalade_sc.scores.score import Score

if TYPE_CHECKING:
    from mido import Message

__all__ = ["TICKS_PER_BEAT", "TickMap", "midi_file"]

TICKS_PER_BEAT: Final = 960
_SLOWEST_US: Final = 0xFFFFFF
"""Microseconds of a beat have 24 bits in a file: no tempo below 3.6 bpm."""

_BEND: Final = 4096
"""Steps of the pitch wheel for a semitone, at the usual range of two."""

_Order = tuple[int, int]


class TickMap:
    """From milliseconds to ticks, by the tempos of a score.

    Args:
        tempos: bpm by the time in ms from which it holds; 120 where nothing is said.
    """

    def __init__(self, tempos: Mapping[float, float]) -> None:
        at = dict(sorted(({0.0: 120.0} | dict(tempos)).items()))
        self.starts_ms = list(at)
        self.beat_ms = [max(0.001, min(_SLOWEST_US / 1000, 60_000 / bpm)) for bpm in at.values()]
        lasting = [end - begin for begin, end in zip(self.starts_ms, self.starts_ms[1:], strict=False)]
        beats = (ms / beat_ms for ms, beat_ms in zip(lasting, self.beat_ms, strict=False))
        self.start_beats = [0.0, *accumulate(beats)]

    def beat(self, ms: float) -> float:
        """Beats from the score's beginning to a time."""
        place = max(0, bisect_right(self.starts_ms, ms) - 1)
        return self.start_beats[place] + (ms - self.starts_ms[place]) / self.beat_ms[place]

    def tick(self, ms: float) -> int:
        """The tick nearest to a time."""
        return max(0, round(self.beat(ms) * TICKS_PER_BEAT))


def midi_file(score: Score) -> bytes:
    """The bytes of the file. Volume is the velocity, track volume controller 7, panning controller 10.

    What lies between two notes is the nearer one with the pitch wheel, which bends all that sounds on its channel.

    Raises:
        ScoreError: a part plays a synthdef, for which MIDI has no name.
    """
    from mido import Message, MetaMessage, MidiFile, MidiTrack

    ticks = TickMap(score.tempos)
    parts = {part.number: part for part in score.parts}
    tracks: dict[int, list[tuple[_Order, Message]]] = {part.number: [] for part in score.parts}
    channels: dict[int, tuple[int, int, int]] = {}
    bends: dict[int, int] = {}
    for note in score.notes:
        part = parts[note.part]
        if note.channel < 0:
            why = "is a synthdef, which MIDI does not know" if part.instrument.is_synthdef else "finds no MIDI channel"
            raise ScoreError(f"{part.name} {why}", hint="Leave that part out.")
        begin, end = ticks.tick(note.offset_ms), ticks.tick(note.offset_ms + note.audible_ms)
        end = max(begin + 1, end)
        track, common = tracks[note.part], {"channel": note.channel}
        state = (part.instrument.program or 0, _seven_bits(note.track_volume), _seven_bits(note.panning))
        before = channels.get(note.channel)
        key = min(127, max(0, round(note.midi)))
        bend = round((note.midi - key) * _BEND)
        if bends.get(note.channel, 0) != bend:
            bends[note.channel] = bend
            track.append(((begin, 1), Message("pitchwheel", pitch=bend, **common)))
        if before != state:
            channels[note.channel] = state
            if before is None or before[0] != state[0]:
                track.append(((begin, 1), Message("program_change", program=state[0], **common)))
            track.append(((begin, 1), Message("control_change", control=7, value=state[1], **common)))
            track.append(((begin, 1), Message("control_change", control=10, value=state[2], **common)))
        velocity = max(1, _seven_bits(note.volume))
        track.append(((begin, 2), Message("note_on", note=key, velocity=velocity, **common)))
        track.append(((end, 0), Message("note_off", note=key, velocity=0, **common)))
    conductor = [
        ((ticks.tick(at), 0), MetaMessage("set_tempo", tempo=round(beat_ms * 1000)))
        for at, beat_ms in zip(ticks.starts_ms, ticks.beat_ms, strict=True)
    ]
    conductor += [((ticks.tick(at), 1), MetaMessage("marker", text=name)) for name, at in score.markers.items()]
    file = MidiFile(type=1, ticks_per_beat=TICKS_PER_BEAT, charset="utf-8")
    file.tracks.append(MidiTrack(_with_deltas(conductor)))
    names = track_names(score)
    for number, events in tracks.items():
        named = MetaMessage("track_name", name=names[number])
        file.tracks.append(MidiTrack([named, *_with_deltas(events)]))
    out = io.BytesIO()
    file.save(file=out)
    return out.getvalue()


def _seven_bits(share: float) -> int:
    return min(127, max(0, round(share * 127)))


def _with_deltas(events: "list[tuple[_Order, Message]]") -> "list[Message]":
    """Messages in order of time with the ticks between them; of one instant ends come first, then settings, notes."""
    at, made = 0, []
    for (tick, _), message in sorted(events, key=lambda event: event[0]):
        made.append(message.copy(time=tick - at))
        at = tick
    return made
