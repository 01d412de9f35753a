"""Plays a score's tree: goes through its events in order, moves the parts in time and notes what sounds."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, NoReturn

from marmalade_sc.errors import nearest
from marmalade_sc.scores.capture import Variable, captured_all, size_of
from marmalade_sc.scores.changes import Changes
from marmalade_sc.scores.channels import Channels
from marmalade_sc.scores.expression import felt
from marmalade_sc.scores.lengths import Times, divide
from marmalade_sc.scores.limits import MAX_NESTING, MAX_STEPS
from marmalade_sc.scores.lisp import evaluate_event
from marmalade_sc.scores.measuring import Measure, applies
from marmalade_sc.scores.parts import Part, Roster, Trial
from marmalade_sc.scores.sounding import Sounding, midi_note
from marmalade_sc.scores.tokens import Text
from marmalade_sc.scores.tree import (
    AtMarker,
    Attribute,
    Bracket,
    Chord,
    Cram,
    Definition,
    Duration,
    Ending,
    Event,
    ListForm,
    Marker,
    Milliseconds,
    Note,
    PartDeclaration,
    Reference,
    Repeat,
    Rest,
    VoiceEnd,
    VoiceStart,
)

__all__ = ["Performance"]

_SOON_MS: Final = 1e-3
"""A marker that is so near has been reached: times are floats."""


class Performance:
    """The state of a score that is being played. Use `play`, then read its results."""

    def __init__(self, text: Text, strict: bool = True, synthdefs: frozenset[str] = frozenset()) -> None:
        self.text = text
        self.strict = strict
        self.roster = Roster(synthdefs)
        self.notes: list[Sounding] = []
        self.markers: dict[str, float] = {}
        self._variables: dict[str, Variable] = {}
        self._changes = Changes(self.roster)
        self._channels = Channels()
        self._times = Times()
        self._evaluated: dict[int, tuple[ListForm, Event | None]] = {}
        self._chord: Chord | None = None
        self._place = 0
        self._depth = 0
        self._steps = 0
        self._counted = 0
        self._measure = Measure(strict, self._times, self._variables, self._value, self._enter, self._leave, self._step)

    def play(self, events: Sequence[Event]) -> None:
        """Play the events.

        Raises:
            ScoreError: an event cannot be, with its place; or the score is larger than a score may be.
        """
        for event in events:
            self._count(event, 1 if isinstance(event, Note | Rest) else size_of((event,), self._variables).played)
            self._play(event)

    def _count(self, event: Event, played: int) -> None:
        self._counted += played * max(1, len(self.roster.current))
        if self._counted > MAX_STEPS:
            self._refuse(event, "the score is too long", f"It unfolds to more than {MAX_STEPS} events.")

    @property
    def tempos(self) -> Mapping[float, float]:
        """Bpm of the first part by the time in ms from which it holds."""
        return self._changes.tempos

    # Going through

    def _refuse(self, event: Event, message: str, hint: str = "") -> NoReturn:
        self.text.refuse(message, event.at.line, event.at.column, hint)

    def _enter(self, event: Event) -> None:
        self._depth += 1
        if self._depth > MAX_NESTING:
            self._refuse(event, "the score is nested too deeply", f"{MAX_NESTING} levels are allowed.")

    def _leave(self) -> None:
        self._depth -= 1

    def _step(self, event: Event) -> None:
        self._steps += 1
        if self._steps > MAX_STEPS * 2:
            self._refuse(event, "the score is too long", f"It unfolds to more than {MAX_STEPS} events.")

    def _play(self, event: Event) -> None:
        self._step(event)
        _PLAY[type(event)](self, event)

    def _play_all(self, outer: Event, events: Sequence[Event]) -> None:
        self._enter(outer)
        for event in events:
            self._play(event)
        self._depth -= 1

    def _value(self, form: ListForm) -> Event | None:
        known = self._evaluated.get(id(form))  # it holds the form, so that no other one gets its id
        if known is None:
            known = self._evaluated[id(form)] = (form, evaluate_event(form, self.text, self.strict))
        return known[1]

    # Notes, rests, chords

    def _note(self, note: Note) -> None:
        self._sound(note, note.duration, note)

    def _rest(self, rest: Rest) -> None:
        self._sound(rest, rest.duration, None)

    def _sound(self, event: Event, duration: Duration | None, note: Note | None) -> None:
        if self._chord is None:
            self._apply_globals(event)
        if duration is not None and not self._times.is_positive(duration):
            self._refuse(event, "a length must be more than nothing", "Write 4, 8., 350ms or 1.5s.")
        for part in self.roster.current:
            lasting = part.duration if duration is None else duration
            duration_ms = self._lasting_ms(part, lasting)
            if note is not None:
                audible_ms = duration_ms if note.slurred else duration_ms * self._quantization(part)
                if audible_ms > 0:
                    self._add(note, part, duration_ms, audible_ms)
            if self._chord is None:
                part.last_ms = part.current_ms
                part.current_ms += duration_ms
                if note is not None:
                    _spend(part)
            part.duration = lasting

    def _lasting_ms(self, part: Part, lasting: Duration) -> float:
        """How long a length lasts that begins where the part is."""
        nominal_ms = self._times.milliseconds(lasting, part.tempo) * part.time_scale
        if part.feel is None or all(isinstance(length, Milliseconds) for length in lasting.lengths):
            return nominal_ms
        return part.feel.pulse.lasting_ms(part.current_ms, nominal_ms)

    def _quantization(self, part: Part) -> float:
        if part.feel is None:
            return part.quantization
        return part.feel.value("quantization", part.current_ms, part.quantization)

    def _add(self, note: Note, part: Part, duration_ms: float, audible_ms: float) -> None:
        midi = midi_note(note, part)
        if not 0 <= midi <= 127:
            self._refuse(note, f"MIDI note {midi} is outside 0 to 127", "Change the octave or the transposition.")
        if not math.isfinite(part.current_ms + duration_ms + audible_ms):
            self._refuse(note, "this note has no time", "A length or a tempo before it is zero or endless.")
        if len(self.notes) >= MAX_STEPS:  # endings in groups sound once more for each part, trills are many notes
            self._refuse(note, "the score has too many notes", f"It may have {MAX_STEPS}.")
        try:
            channel = self._channels.assign(part, audible_ms)
        except ValueError as error:
            if self.strict:
                self._refuse(note, *error.args)
            channel = -1  # synthdefs need none: forty parts may sound at once
        sounding = Sounding(
            part.number,
            part.current_ms,
            duration_ms,
            audible_ms,
            midi,
            part.volume,
            part.track_volume,
            part.panning,
            channel,
            part.reference_pitch,
        )
        if part.feel is None:
            self.notes.append(sounding)
            return
        count = sum(isinstance(each, Note) for each in self._chord.events) if self._chord else 1
        self.notes += felt(sounding, note, part, part.feel, self._place, count)

    def _play_chord(self, chord: Chord) -> None:
        self._apply_globals(chord)
        parts = list(self.roster.current)
        shortest = [math.inf] * len(parts)
        self._chord, self._place = chord, 0
        for event in chord.events:
            if isinstance(event, Cram):
                self._cram_in_chord(event, parts, shortest)
                continue
            duration = event.duration if isinstance(event, Note | Rest) else None
            for index, part in enumerate(parts):
                lasting = part.duration if duration is None else duration
                shortest[index] = min(shortest[index], self._lasting_ms(part, lasting))
            self._play(event)
            self._place += isinstance(event, Note)
        self._chord = None
        for part, advance_ms in zip(parts, shortest, strict=True):
            part.last_ms = part.current_ms
            part.current_ms += advance_ms
            _spend(part)

    def _cram_in_chord(self, cram: Cram, parts: Sequence[Part], shortest: list[float]) -> None:
        """An extension: a cram begins with the chord's notes, and is one of them."""
        chord, place = self._chord, self._place
        before = [(part.current_ms, part.last_ms) for part in parts]
        self._chord = None
        self._cram(cram)
        self._chord, self._place = chord, place
        for index, (part, (current_ms, last_ms)) in enumerate(zip(parts, before, strict=True)):
            shortest[index] = min(shortest[index], part.current_ms - current_ms)
            part.current_ms, part.last_ms = current_ms, last_ms

    # Brackets

    def _bracket(self, bracket: Bracket) -> None:
        self._play_all(bracket, bracket.events)

    def _cram(self, cram: Cram) -> None:
        parts = list(self.roster.current)
        before = [(part.duration, part.time_scale) for part in parts]
        for part in parts:
            outer_ms = self._times.milliseconds(cram.duration or part.duration, part.tempo)
            trial = Trial(part)
            inner_ms = 0.0
            for event in cram.events:
                inner_ms += self._measure.lasting_ms(event, trial)
            part.time_scale = divide(part.time_scale, inner_ms) * outer_ms
        self._play_all(cram, cram.events)
        for part, (duration, time_scale) in zip(parts, before, strict=True):
            part.duration = cram.duration or duration
            part.time_scale = time_scale

    def _repeat(self, repeat: Repeat) -> None:
        before = [part.repetition for part in self.roster.current]
        self._enter(repeat)
        for repetition in self._repetitions(repeat):
            for part in self.roster.current:
                part.repetition = repetition
            self._play(repeat.event)
        self._depth -= 1
        for part, repetition in zip(self.roster.current, before, strict=False):
            part.repetition = repetition

    def _repetitions(self, repeat: Repeat) -> Iterator[int]:
        """1, 2, ...: as many as are written, or, an extension, while a marker lies ahead of a part."""
        if not repeat.until:
            yield from range(1, repeat.times + 1)
            return
        until_ms = self._marked_ms(repeat, repeat.until)
        size = size_of((repeat.event,), self._variables)
        repetition, come_to_ms = 0, -math.inf
        while (earliest_ms := min((part.current_ms for part in self.roster.current), default=until_ms)) < until_ms:
            repetition += 1
            if until_ms - earliest_ms < _SOON_MS:
                return
            if not earliest_ms > come_to_ms:
                self._refuse(repeat, f"this does not come to the marker {repeat.until}", "Repeat what takes time.")
            come_to_ms = earliest_ms
            self._count(repeat, size.played)
            yield repetition

    def _ending(self, ending: Ending) -> None:
        """Once for each part that is in a repetition of the list, and each time in all parts: as Alda does.

        That doubles endings in groups; without `strict` they play once.
        """
        self._enter(ending)
        for part in list(self.roster.current):
            if applies(ending, part):
                self._play(ending.event)
                if not self.strict:
                    break
        self._depth -= 1

    # Voices, markers, names

    def _voice_start(self, voice: VoiceStart) -> None:
        self.roster.begin_voice(voice.number)

    def _voice_end(self, voice: VoiceEnd) -> None:
        self.roster.end_voices()

    def _marker(self, marker: Marker) -> None:
        offsets = [part.current_ms for part in self.roster.current]
        if not offsets:
            self._refuse(marker, f"the marker {marker.name} stands outside a part", "Write it after piano: or another.")
        if any(offset != offsets[0] for offset in offsets):
            self._refuse(
                marker, f"the marker {marker.name} is at several times", "The parts of a group are apart here."
            )
        if not math.isfinite(offsets[0]):
            self._refuse(marker, "this marker has no time", "A length or a tempo before it is zero or endless.")
        self.markers[marker.name] = offsets[0]

    def _at_marker(self, jump: AtMarker) -> None:
        self._apply_globals(jump)
        at_ms = self._marked_ms(jump, jump.name)
        for part in self.roster.current:
            part.last_ms = part.current_ms
            part.current_ms = at_ms

    def _marked_ms(self, event: Event, name: str) -> float:
        if name not in self.markers:
            close = nearest(name, self.markers)
            hint = f"Did you mean {close}?" if close else f"Write %{name} earlier in the text."
            self._refuse(event, f"no marker is named {name}", hint)
        return self.markers[name]

    def _definition(self, definition: Definition) -> None:
        events = captured_all(definition.events, self._variable, self._kept_value)
        self._variables[definition.name] = Variable(events, size_of(events, self._variables))

    def _kept_value(self, form: ListForm) -> Event | None:
        event = self._value(form)
        if isinstance(event, PartDeclaration):
            self._refuse(form, "a name cannot keep a part", "Write the part where it begins.")
        return event

    def _variable(self, reference: Reference) -> Variable:
        variable = self._variables.get(reference.name)
        if variable is None:
            close = nearest(reference.name, self._variables)
            hint = f"Did you mean {close}?" if close else f"Write {reference.name} = ... before."
            self._refuse(reference, f"nothing is named {reference.name}", hint)
        return variable

    def _reference(self, reference: Reference) -> None:
        self._play_all(reference, self._variable(reference).events)

    def _part(self, declaration: PartDeclaration) -> None:
        try:
            self.roster.declare(declaration.names, declaration.alias)
        except ValueError as error:
            self._refuse(declaration, *error.args)

    def _attribute(self, attribute: Attribute) -> None:
        try:
            self._changes.make(attribute)
        except ValueError as error:
            self._refuse(attribute, *error.args)

    def _apply_globals(self, event: Event) -> None:
        try:
            self._changes.catch_up()
        except ValueError as error:
            if not isinstance(event, Chord):  # before a chord Alda passes over what a part cannot take
                self._refuse(event, *error.args)

    def _list(self, form: ListForm) -> None:
        event = self._value(form)
        if event is not None:
            self._play(event)


def _spend(part: Part) -> None:
    """After a note or chord: what was for it alone is over."""
    if part.feel is not None and not part.feel.is_spent:
        part.feel = part.feel.spent()


_PLAY: Final[Mapping[type, Callable[[Performance, Any], None]]] = MappingProxyType(
    {
        Note: Performance._note,
        Rest: Performance._rest,
        Chord: Performance._play_chord,
        Bracket: Performance._bracket,
        Cram: Performance._cram,
        Repeat: Performance._repeat,
        Ending: Performance._ending,
        VoiceStart: Performance._voice_start,
        VoiceEnd: Performance._voice_end,
        Marker: Performance._marker,
        AtMarker: Performance._at_marker,
        Definition: Performance._definition,
        Reference: Performance._reference,
        Attribute: Performance._attribute,
        PartDeclaration: Performance._part,
        ListForm: Performance._list,
    }
)
"""What to do for each kind of event."""
