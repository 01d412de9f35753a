"""The parts of a score while it is played: their state, who plays under which name, and voices."""

from collections.abc import Sequence
from typing import Final

from marmalade_sc.errors import nearest
from marmalade_sc.scores.attributes import DYNAMICS
from marmalade_sc.scores.feel import Feel
from marmalade_sc.scores.instruments import INSTRUMENTS, Instrument
from marmalade_sc.scores.keys import NO_KEY, KeySignature
from marmalade_sc.scores.tree import Duration, Length

__all__ = ["Part", "Roster", "Trial", "Voices"]

_QUARTER: Final = Duration((Length(4.0),))


class Voices:
    """The voices of a part by number, in the order in which they began."""

    def __init__(self) -> None:
        self.by_number: dict[int, Part] = {}


class Part:
    """One instance of an instrument with all that a score can change. Offsets are milliseconds.

    A voice is a copy of a part; `origin` is the part that it is a copy of (a part's own is itself). `number` counts
    the parts that were made, from 1; those that were made for a group's check and thrown away count too.
    """

    __slots__ = (
        "name",
        "instrument",
        "number",
        "tempo",
        "key",
        "transposition",
        "reference_pitch",
        "current_ms",
        "last_ms",
        "octave",
        "volume",
        "track_volume",
        "panning",
        "channel",
        "has_own_channel",
        "quantization",
        "duration",
        "time_scale",
        "repetition",
        "override",
        "feel",
        "template",
        "voices",
        "origin",
    )

    def __init__(self, name: str, instrument: Instrument, number: int) -> None:
        self.name = name
        self.instrument = instrument
        self.number = number
        self.tempo = 120.0
        self.key: KeySignature = NO_KEY
        self.transposition: float = 0
        self.reference_pitch = 440.0
        self.current_ms = 0.0
        self.last_ms = -1.0
        self.octave = 4
        self.volume = DYNAMICS["mf"]
        self.track_volume = 100.0 / 127
        self.panning = 0.5
        self.channel = -1
        self.has_own_channel = False
        self.quantization = 0.9
        self.duration = _QUARTER
        self.time_scale = 1.0
        self.repetition = 0
        self.override: str | None = None
        self.feel: Feel | None = None
        self.template: Part | None = None
        self.voices = Voices()
        self.origin = self

    def copy(self) -> "Part":
        """A copy that plays for the same origin; a change that waits to override is not copied."""
        copied = Part.__new__(Part)
        for name in Part.__slots__:
            setattr(copied, name, getattr(self, name))
        copied.override = None
        return copied

    def voice(self, number: int) -> "Part":
        """The voice of that number; a new one is a copy of the part as it was when its voices began."""
        voices = self.voices.by_number
        if number not in voices:
            if not voices:
                self.template = self.copy()
                self.template.template = self.template
            assert self.template is not None
            voices[number] = self.template.copy()
        return voices[number]


class Trial:
    """What of a part matters for how long events last: a cram tries its events on it before they play."""

    __slots__ = ("tempo", "duration", "repetition")

    def __init__(self, part: Part) -> None:
        self.tempo = part.tempo
        self.duration = part.duration
        self.repetition = part.repetition


class Roster:
    """The parts of a score in the order of their appearance, and the names that groups were given."""

    def __init__(self, synthdefs: frozenset[str]) -> None:
        self.parts: list[Part] = []
        self.current: list[Part] = []
        self.aliases: dict[str, list[Part]] = {}
        self._synthdefs = synthdefs
        self._made = 0

    def declare(self, names: Sequence[str], alias: str) -> None:
        """Make the named parts the current ones; those that do not exist appear.

        Raises:
            ValueError: the names cannot be together; its argument is a message and a hint.
        """
        self.end_voices()
        parts = self._single(names[0], alias) if len(names) == 1 else self._group(names, alias)
        for part in parts:
            if not any(part is other for other in self.parts):
                self.parts.append(part)
        if alias:
            known = [[name for name, named in self.aliases.items() if named == [part]] for part in parts]
            self.aliases[alias] = parts
            for part, own in zip(parts, known, strict=True):
                self.aliases[f"{alias}.{part.name}"] = [part]
                for name in own:
                    self.aliases[f"{alias}.{name}"] = [part]
        self.current = parts

    def ends_ms(self) -> list[float]:
        """Where each part, and each voice that goes on, has come to."""
        playing = [*self.parts, *self.current]
        return [part.current_ms for part in (*playing, *(v for p in playing for v in p.voices.by_number.values()))]

    def begin_voice(self, number: int) -> None:
        """Go on as a voice of each current part."""
        for index, part in enumerate(self.current):
            self.current[index] = part.voice(number)

    def end_voices(self) -> None:
        """Go on as the voice that ended last (of several: the last that began), with all that it has."""
        for index, part in enumerate(self.current):
            voices = list(part.voices.by_number.values())
            if not voices:
                continue
            last = voices[-1]
            for voice in voices[:-1]:
                if voice.current_ms > last.current_ms:
                    last = voice
            origin = part.origin
            for parts in (self.parts, *self.aliases.values()):
                for place, other in enumerate(parts):
                    if other.origin is origin:
                        parts[place] = last
            self.current[index] = last
            last.voices = Voices()
            last.template = None
            last.origin = last  # to MIDI channels it is another part from now on, as in Alda

    def _new(self, name: str) -> Part:
        instrument = INSTRUMENTS.get(name)
        if instrument is None and name in self._synthdefs:
            instrument = Instrument(name, "synthdef", None)
        if instrument is None:
            close = nearest(name, (*INSTRUMENTS, *self.aliases, *self._synthdefs))
            raise ValueError(f"no instrument is named {name}", f"Did you mean {close}?" if close else "")
        self._made += 1
        return Part(name, instrument, self._made)

    def _unnamed(self, name: str) -> list[Part]:
        """Parts of an instrument that no alias holds."""
        instrument = INSTRUMENTS.get(name)
        wanted = instrument.name if instrument else name
        named = {id(part) for parts in self.aliases.values() for part in parts}
        return [part for part in self.parts if id(part) not in named and part.instrument.name == wanted]

    def _has_named(self, name: str) -> bool:
        """Whether a part of an instrument has an alias of its own."""
        instrument = INSTRUMENTS.get(name)
        wanted = instrument.name if instrument else name
        return any(len(parts) == 1 and parts[0].instrument.name == wanted for parts in self.aliases.values())

    def _single(self, name: str, alias: str) -> list[Part]:
        named, unnamed = self.aliases.get(name, []), self._unnamed(name)
        if alias and named:
            raise ValueError(f"{name} exists and cannot be named {alias}", f"Write {name}: alone.")
        if alias and self.aliases.get(alias):
            raise ValueError(f"the name {alias} belongs to another part or group", "Choose another.")
        if (alias and unnamed) or (not alias and "." not in name and self._has_named(name)):
            raise ValueError(
                f"{alias or name} may be either of two parts: the same instrument is there with and without a name",
                "Give every one of them a name, or none.",
            )
        if alias:
            return [self._new(name)]
        return named or unnamed or [self._new(name)]

    def _group(self, names: Sequence[str], alias: str) -> list[Part]:
        if len(set(names)) < len(names):
            twice = next(name for index, name in enumerate(names) if name in names[:index])
            raise ValueError(f"{twice} is twice in a group", f'Give them names: {twice} "one":, {twice} "two":.')
        named: list[Part] = []
        stock: list[Part] = []
        for name in names:
            if found := self.aliases.get(name):
                named += found
            else:
                stock += self._unnamed(name) or [self._new(name)]
        if named and stock:
            raise ValueError(
                f"{'/'.join(names)} mixes instruments with parts that have names", "Name all of them, or none."
            )
        if alias and stock:
            return [self._new(name) for name in names]
        return list({id(part): part for part in (*named, *stock)}.values())
