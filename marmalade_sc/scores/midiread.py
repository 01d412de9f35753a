"""Standard MIDI files as notes of parts: who plays what, when in beats, how loud, at which tempo. Pure: bytes in."""

import io
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from marmalade_sc.errors import ScoreError

if TYPE_CHECKING:
    from mido import Message, MidiFile

__all__ = ["MidiNote", "MidiPart", "MidiScore", "read_midi"]

MAX_BYTES: Final = 4 << 20
MAX_MESSAGES: Final = 400_000
_PERCUSSION: Final = 9


@dataclass(frozen=True, slots=True)
class MidiNote:
    """A note; times in beats (quarters), levels 0 to 127."""

    begin: Fraction
    length: Fraction
    key: int
    velocity: int
    volume: int
    pan: int


@dataclass(slots=True)
class MidiPart:
    """What one track plays on one channel with one program (None: percussion)."""

    program: int | None
    name: str
    notes: list[MidiNote] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class MidiScore:
    """A file's content.

    Attributes:
        tempos: microseconds of a beat by the beat from which they hold; from beat 0 on.
        markers: (beat, text), in order.
        bar: beats of the first time signature.
    """

    parts: tuple[MidiPart, ...]
    tempos: dict[Fraction, int]
    markers: tuple[tuple[Fraction, str], ...]
    bar: Fraction

    def ms(self, beat: Fraction) -> Fraction:
        """The time of a beat in milliseconds, exactly."""
        begins = list(self.tempos)
        total = Fraction(0)
        for place, begin in enumerate(begins):
            end = min(beat, begins[place + 1]) if place + 1 < len(begins) else beat
            if end <= begin:
                break
            total += (end - begin) * Fraction(self.tempos[begin], 1000)
        return total

    def tempo_place(self, beat: Fraction) -> int:
        """Which of the tempos holds at a beat."""
        return max(0, bisect_right(list(self.tempos), beat) - 1)


def read_midi(data: bytes, source: str) -> MidiScore:
    """The notes of a standard MIDI file of type 0 or 1.

    Raises:
        ScoreError: it is no such file, is too large, or counts time in frames of film.
    """
    from mido import MidiFile

    if len(data) > MAX_BYTES:
        raise ScoreError(f"{source} is too large: {len(data)} bytes", hint=f"A MIDI file may have {MAX_BYTES}.")
    try:
        file = MidiFile(file=io.BytesIO(data), clip=True, charset="latin-1")
    except Exception as error:  # mido raises whatever its parts raise on a broken file
        raise ScoreError(f"{source} is no MIDI file that can be read: {error}", hint="Export it anew.") from error
    if file.type == 2 or not 0 < file.ticks_per_beat < 0x8000:
        raise ScoreError(f"{source} has no common time in beats", hint="Export it as type 1, with ticks per beat.")
    if sum(map(len, file.tracks)) > MAX_MESSAGES:
        raise ScoreError(f"{source} has too many messages", hint=f"{MAX_MESSAGES} can be read.")
    return _Reader(file).score()


class _Reader:
    def __init__(self, file: "MidiFile") -> None:
        self._file = file
        self._parts: dict[tuple[int, int, int | None], MidiPart] = {}
        self._tempos: dict[Fraction, int] = {Fraction(0): 500_000}
        self._markers: list[tuple[Fraction, str]] = []
        self._bar = Fraction(4)
        self._has_bar = False

    def score(self) -> MidiScore:
        for number, track in enumerate(self._file.tracks):
            self._track(number, list(self._timed(track)))
        parts = tuple(part for part in self._parts.values() if part.notes)
        for part in parts:
            part.notes.sort(key=lambda note: (note.begin, note.key))
        return MidiScore(parts, dict(sorted(self._tempos.items())), tuple(sorted(self._markers)), self._bar)

    def _timed(self, track: "list[Message]") -> "Iterator[tuple[Fraction, Message]]":
        ticks = 0
        for message in track:
            ticks += message.time
            yield Fraction(ticks, self._file.ticks_per_beat), message

    def _track(self, number: int, messages: "list[tuple[Fraction, Message]]") -> None:
        name = next((each.name for _, each in messages if each.type == "track_name"), "")
        programs, volumes, pans = [0] * 16, [100] * 16, [64] * 16
        sounding: dict[tuple[int, int], list[tuple[Fraction, int, int, int, MidiPart]]] = {}
        at = Fraction(0)
        for at, message in messages:
            kind = message.type
            if kind == "program_change":
                programs[message.channel] = message.program
            elif kind == "control_change" and message.control in (7, 10):
                (volumes if message.control == 7 else pans)[message.channel] = message.value
            elif kind in ("note_on", "note_off"):
                place = (message.channel, message.note)
                if kind == "note_on" and message.velocity:
                    part = self._part(number, message.channel, programs[message.channel], name)
                    levels = (message.velocity, volumes[message.channel], pans[message.channel])
                    sounding.setdefault(place, []).append((at, *levels, part))
                elif waiting := sounding.get(place):
                    _end(waiting.pop(0), at, message.note)
            else:
                self._meta(at, message)
        for (_, key), left in sounding.items():
            for each in left:
                _end(each, at, key)

    def _meta(self, at: Fraction, message: "Message") -> None:
        if message.type == "set_tempo" and message.tempo > 0:
            self._tempos[at] = message.tempo
        elif message.type == "marker":
            self._markers.append((at, message.text))
        elif message.type == "time_signature" and not self._has_bar:
            self._has_bar = True
            self._bar = Fraction(message.numerator * 4, message.denominator)

    def _part(self, track: int, channel: int, program: int, name: str) -> MidiPart:
        plays = None if channel == _PERCUSSION else program
        return self._parts.setdefault((track, channel, plays), MidiPart(plays, name))


def _end(begun: tuple[Fraction, int, int, int, MidiPart], at: Fraction, key: int) -> None:
    begin, velocity, volume, pan, part = begun
    if at > begin:
        part.notes.append(MidiNote(begin, at - begin, key, velocity, volume, pan))
