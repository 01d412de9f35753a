"""Rendering: a set evaluated and played on a virtual clock into a score, by the same path as live. A wiring."""

import contextlib
import json
import math
import os
import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO, Protocol

from marmalade_sc.clock.timetag import UNITS_PER_SECOND
from marmalade_sc.engine.definitions import Definitions
from marmalade_sc.engine.dispatcher import Dispatcher
from marmalade_sc.engine.limits import Limits
from marmalade_sc.engine.mixer import STEM_SYNTH, Mixer
from marmalade_sc.engine.packets import Packet
from marmalade_sc.engine.score import LEAD, NonRealtime, Score, sample_of
from marmalade_sc.engine.synths import LIMITER_LOOKAHEAD_S, system_synthdefs
from marmalade_sc.engine.voices import WALL, VoiceTable
from marmalade_sc.errors import RenderError
from marmalade_sc.live.clockwork import Timing
from marmalade_sc.player.live.setframes import START, SetFrames, end_of
from marmalade_sc.player.rendering.replay import Replay
from marmalade_sc.sdk.osc import message

__all__ = ["MOST_STEMS", "START", "Played", "Rendering", "ReplayPlayer", "SetPlayer", "Source", "end_of"]

MOST_STEMS = 30
"""Stems leave by outputs of their own; 62 channels lie below the mixer's buses."""

_FIRST_STEM = 2


@dataclass(frozen=True, slots=True)
class Played:
    """One note as it was handed over.

    Attributes:
        timetag: since the start, in units of 2**-32 s.
        controls: values by index of control, without the seed.
    """

    timetag: int
    track: str
    wire: str
    controls: tuple[float, ...]

    def row(self, rate: int, names: Sequence[str]) -> dict[str, object]:
        """As `--events` writes it."""
        return {
            "time_s": self.timetag / UNITS_PER_SECOND,
            "timetag": self.timetag,
            "sample": sample_of(self.timetag, rate),
            "track": self.track,
            "synth": self.wire.partition(".")[0],
            "controls": dict(zip(names, self.controls, strict=False)),
        }


class Source(Protocol):
    """What a rendering plays: a set, or a replay."""

    def run(self, dispatcher: Dispatcher, end: int) -> Iterator[tuple[int, list[Packet]]]:
        """Play until jam time `end`; yields the time and what is to go to scsynth, frame by frame."""

    def time_of(self, cycles: Fraction) -> int:
        """Jam time of a cycle."""


class ReplayPlayer:
    """A replay on a virtual clock."""

    def __init__(self, replay: Replay) -> None:
        self._replay = replay
        self._step = Timing().frame

    def time_of(self, cycles: Fraction) -> int:
        """Raises RenderError: a replay has seconds, not cycles."""
        raise RenderError("A replay has no cycles", hint="Give its length with --seconds.")

    def run(self, dispatcher: Dispatcher, end: int) -> Iterator[tuple[int, list[Packet]]]:
        """See `Source`."""
        now = START - 4 * self._step
        waiting = self._replay.frames(START - self._replay.begin)
        following = next(waiting, None)
        while now < end:
            while following is not None and following[0] <= now + 8 * self._step:
                dispatcher.accept(following[1], "replay", now)
                following = next(waiting, None)
            yield now, dispatcher.due(now)
            now += self._step


class SetPlayer(SetFrames):
    """A set on a virtual clock as what a rendering plays."""

    def run(self, dispatcher: Dispatcher, end: int) -> Iterator[tuple[int, list[Packet]]]:
        """See `Source`."""
        for now, frames in self.frames(end):
            for frame in frames:
                dispatcher.accept(frame, "render", now)
            yield now, dispatcher.due(now)


@dataclass(frozen=True, slots=True)
class _Performance:
    """What is about to be written into a score."""

    mixer: Mixer
    dispatcher: Dispatcher
    frames: Iterable[tuple[int, list[Packet]]]
    channels: int


@dataclass(slots=True)
class Rendering:
    """One render of a set to a sound file.

    Attributes:
        seconds: length of the music; `tail_s` is added so that what sounds may ring out.
        frames: length of the files to be made, known after `run`.
        late: notes that came up to 5 ms late and played, and those that were dropped: of generators in real time.
        progress: called with a share from 0 to 1; may raise to cancel.
        sound_name: what scsynth is told to read for the file of a buffer.
    """

    player: Source
    definitions: Definitions
    scsynth: str
    rate: int = 48_000
    tail_s: float = 2.0
    with_stems: bool = False
    progress: Callable[[float], None] = lambda share: None
    sound_name: Callable[[Path], str] = str
    notes: list[Played] = field(default_factory=list)
    tracks: list[str] = field(default_factory=list)
    refusals: dict[str, int] = field(default_factory=dict)
    late: tuple[int, int] = (0, 0)
    end: int = 0
    frames: int = 0

    def end_of(self, cycles: Fraction | None, seconds: float | None) -> int:
        """Jam time at which the music ends, from a number of cycles or of seconds.

        Raises:
            RenderError: it is not above 0, or above a day.
        """
        return end_of(self.player.time_of, cycles, seconds)

    def run(self, wav: Path, end: int) -> int:
        """Render into `wav` (32-bit float, master first, then two channels per stem); returns the master's delay.

        Everything begins LEAD frames into the file; `soundfiles.split` cuts them away.

        The delay is in frames: what the master's limiter adds, to be cut from the start of the master.

        Raises:
            RenderError: nothing would sound, or there are too many stems.
            BootError: scsynth fails.
        """
        performance = self._performance(end)
        server = NonRealtime(self.scsynth, self.rate, performance.channels, os.environ.get("MARMALADE_PLUGINS") or None)
        with server.rendering(wav, LEAD) as score:
            return self._write(score, performance)

    def compose(self, file: BinaryIO, end: int) -> tuple[int, int]:
        """Write what `run` would tell scsynth into a file; returns the channels to render and the master's delay.

        Raises:
            RenderError: nothing would sound, or there are too many stems.
        """
        performance = self._performance(end)
        return performance.channels, self._write(Score(file, self.rate, LEAD), performance)

    def _performance(self, end: int) -> "_Performance":
        mixer = Mixer()
        voices = VoiceTable(WALL)
        voices.add(self.definitions.rows)
        dispatcher = Dispatcher(voices, mixer, Limits(pending=1 << 60, held=1 << 60), log=self._note)
        self.end = end
        frames: Iterable[tuple[int, list[Packet]]] = self.player.run(dispatcher, end)
        channels = 2
        if self.with_stems:
            frames = list(frames)  # how many tracks there are decides how many outputs
            if len(mixer.channels) > MOST_STEMS:
                raise RenderError(f"{len(mixer.channels)} tracks are more than {MOST_STEMS} stems", hint="Stack some.")
            channels += 2 * len(mixer.channels)
        return _Performance(mixer, dispatcher, frames, channels)

    def _write(self, score: Score, performance: "_Performance") -> int:
        mixer, dispatcher, end = performance.mixer, performance.dispatcher, self.end
        delay = limiter_delay(self.rate)
        buffers = dict(self.definitions.buffers)
        loaded: set[int] = set()
        samplers = _samplers(self.definitions)
        score.setup([message("/d_recv", definition.compile()) for definition in system_synthdefs()])
        score.setup([message("/d_recv", data) for data in self.definitions.compiled])
        score.setup(mixer.base())
        if self.with_stems:
            self._stems(score, mixer)
        seen = 0
        for now, packets in performance.frames:
            for played in self.notes[seen:]:
                number = int(played.controls[samplers[played.wire]]) if played.wire in samplers else -1
                if number in buffers and number not in loaded:
                    loaded.add(number)
                    score.soon([message("/b_allocRead", number, self.sound_name(buffers[number]), 0, 0)])
            seen = len(self.notes)
            for packet in packets:
                if packet.due >= end:
                    continue  # asked ahead, beyond the end
                if packet.when:
                    score.add(packet.when - START, packet.messages)
                else:
                    score.soon(packet.messages)
            self.progress(min(1.0, max(0.0, (now - START) / (end - START))))
        self.tracks = list(mixer.channels)
        self.refusals = dict(dispatcher.counts.reasons)
        self.late = (dispatcher.counts.late_played, dispatcher.counts.late_dropped)
        if not self.notes:
            raise RenderError("Nothing sounds in the time that was asked for", hint="Render more cycles.")
        self.frames = sample_of(end - START, self.rate) + round(self.tail_s * self.rate)
        last = ((self.frames + delay) * UNITS_PER_SECOND) // self.rate
        score.add(last, [message("/c_set", 1, 0.0)])
        return delay

    def _stems(self, score: Score, mixer: Mixer) -> None:
        for place, channel in enumerate(mixer.channels.values()):
            score.soon(
                [
                    message(
                        *("/s_new", STEM_SYNTH, 70 + place, 1, 50),
                        *("bus", float(channel.strip.bus), "out", float(_FIRST_STEM + 2 * place)),
                    )
                ]
            )

    def _note(self, due: int, track: str, data: bytes, sample: int) -> None:
        if due >= self.end:
            return
        wire_start = data.index(b"\0,") + 1
        wire_at = data.index(b"\0", wire_start)
        wire_at += 4 - wire_at % 4
        wire_end = data.index(b"\0", wire_at)
        values_at = wire_end + 4 - wire_end % 4 + 16
        count = (len(data) - values_at) // 4 - 1
        self.notes.append(
            Played(
                due - START, track, data[wire_at:wire_end].decode(), struct.unpack_from(f">{count}f", data, values_at)
            )
        )


def _samplers(definitions: Definitions) -> dict[str, int]:
    """The synthdefs that play samples, each with the place of the control that names its buffer."""
    found = {}
    for row in definitions.rows:
        controls = row["controls"]
        assert isinstance(controls, list)
        names = [str(each["name"]) for each in controls]
        if row.get("kind") == "sampler" and "buf" in names:
            found[f"{row['name']}.{row['hash']}"] = names.index("buf")
    return found


def limiter_delay(rate: int) -> int:
    """Frames by which scsynth's Limiter delays: twice its buffer, whose length it rounds up (442 at 44.1 kHz)."""
    return 2 * math.ceil(LIMITER_LOOKAHEAD_S * rate - 1e-4)  # single precision lies a hair below


def write_events(path: Path, notes: Sequence[Played], rate: int, controls: dict[str, tuple[str, ...]]) -> None:
    """All notes as JSON lines, in order of time. Raises RenderError when the file cannot be written."""
    aside = path.with_name(f".{path.name}.part")
    try:
        with aside.open("w", encoding="utf-8") as file:
            for note in sorted(notes, key=lambda each: (each.timetag, each.track)):
                file.write(json.dumps(note.row(rate, controls.get(note.wire, ()))) + "\n")
        aside.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            aside.unlink()
        raise RenderError(f"{path} cannot be written: {error.strerror}", hint="Choose another place.") from error
