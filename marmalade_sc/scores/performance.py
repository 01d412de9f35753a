"""Plays a score's tree: goes through its events in order, moves the parts in time and notes what sounds."""

import math
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, NoReturn

from marmalade_sc.errors import nearest
from marmalade_sc.scores.attributes import TEMPI, GlobalChanges, apply
from marmalade_sc.scores.capture import Variable, captured_all, size_of
from marmalade_sc.scores.channels import Channels
from marmalade_sc.scores.lengths import Times, divide
from marmalade_sc.scores.limits import MAX_NESTING, MAX_STEPS
from marmalade_sc.scores.lisp import evaluate_event
from marmalade_sc.scores.parts import Part, Roster, Trial
from marmalade_sc.scores.sounding import Sounding, midi_note
from marmalade_sc.scores.tokens import Text
from marmalade_sc.scores.tree import (
    AtMarker,
    Attribute,
    Bracket,
    Change,
    Chord,
    Cram,
    Definition,
    Duration,
    Ending,
    Event,
    ListForm,
    Marker,
    Note,
    PartDeclaration,
    Reference,
    Repeat,
    Rest,
    VoiceEnd,
    VoiceStart,
)

__all__ = ["Performance"]


class Performance:
    """The state of a score that is being played. Use `play` once, then read its results.

    Attributes:
        tempos: bpm of the first part by the time in ms from which it holds.
    """

    def __init__(self, text: Text, strict: bool = True, synthdefs: frozenset[str] = frozenset()) -> None:
        self.text = text
        self.strict = strict
        self.roster = Roster(synthdefs)
        self.notes: list[Sounding] = []
        self.markers: dict[str, float] = {}
        self.tempos: dict[float, float] = {}
        self._variables: dict[str, Variable] = {}
        self._globals = GlobalChanges()
        self._channels = Channels()
        self._times = Times()
        self._evaluated: dict[int, Event | None] = {}
        self._in_chord = False
        self._depth = 0
        self._steps = 0
        self._counted = 0

    def play(self, events: Sequence[Event]) -> None:
        """Play the events.

        Raises:
            ScoreError: an event cannot be, with its place; or the score is larger than a score may be.
        """
        for event in events:
            size = size_of((event,), self._variables)
            self._counted += size.played * max(1, len(self.roster.current))
            if self._counted > MAX_STEPS:
                self._refuse(event, "the score is too long", f"It unfolds to more than {MAX_STEPS} events.")
            self._play(event)

    # Going through

    def _refuse(self, event: Event, message: str, hint: str = "") -> NoReturn:
        self.text.refuse(message, event.at.line, event.at.column, hint)

    def _enter(self, event: Event) -> None:
        self._depth += 1
        if self._depth > MAX_NESTING:
            self._refuse(event, "the score is nested too deeply", f"{MAX_NESTING} levels are allowed.")

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
        key = id(form)
        if key not in self._evaluated:
            self._evaluated[key] = evaluate_event(form, self.text)
        return self._evaluated[key]

    # Notes, rests, chords

    def _note(self, note: Note) -> None:
        self._sound(note, note.duration, note)

    def _rest(self, rest: Rest) -> None:
        self._sound(rest, rest.duration, None)

    def _sound(self, event: Event, duration: Duration | None, note: Note | None) -> None:
        if not self._in_chord:
            self._apply_globals(event)
        if duration is not None and not self._times.is_positive(duration):
            self._refuse(event, "a length must be more than nothing", "Write 4, 8., 350ms or 1.5s.")
        for part in self.roster.current:
            lasting = part.duration if duration is None else duration
            duration_ms = self._times.milliseconds(lasting, part.tempo) * part.time_scale
            if note is not None:
                audible_ms = duration_ms if note.slurred else duration_ms * part.quantization
                if audible_ms > 0:
                    self._add(note, part, duration_ms, audible_ms)
            if not self._in_chord:
                part.last_ms = part.current_ms
                part.current_ms += duration_ms
            part.duration = lasting

    def _add(self, note: Note, part: Part, duration_ms: float, audible_ms: float) -> None:
        midi = midi_note(note, part)
        if not 0 <= midi <= 127:
            self._refuse(note, f"MIDI note {midi} is outside 0 to 127", "Change the octave or the transposition.")
        if not math.isfinite(part.current_ms + duration_ms + audible_ms):
            self._refuse(note, "this note has no time", "A length or a tempo before it is zero or endless.")
        if len(self.notes) >= 2 * MAX_STEPS:  # endings in groups, which sound once more for each part
            self._refuse(note, "the score has too many notes", f"It may have {2 * MAX_STEPS}.")
        try:
            channel = self._channels.assign(part, audible_ms)
        except ValueError as error:
            self._refuse(note, *error.args)
        self.notes.append(
            Sounding(
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
        )

    def _chord(self, chord: Chord) -> None:
        self._apply_globals(chord)
        parts = list(self.roster.current)
        shortest = [math.inf] * len(parts)
        self._in_chord = True
        for event in chord.events:
            duration = event.duration if isinstance(event, Note | Rest) else None
            for index, part in enumerate(parts):
                lasting = part.duration if duration is None else duration
                lasting_ms = self._times.milliseconds(lasting, part.tempo) * part.time_scale
                shortest[index] = min(shortest[index], lasting_ms)
            self._play(event)
        self._in_chord = False
        for part, advance_ms in zip(parts, shortest, strict=True):
            part.last_ms = part.current_ms
            part.current_ms += advance_ms

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
                inner_ms += self._lasting(event, trial)
            part.time_scale = divide(part.time_scale, inner_ms) * outer_ms
        self._play_all(cram, cram.events)
        for part, (duration, time_scale) in zip(parts, before, strict=True):
            part.duration = cram.duration or duration
            part.time_scale = time_scale

    def _repeat(self, repeat: Repeat) -> None:
        before = [part.repetition for part in self.roster.current]
        self._enter(repeat)
        for repetition in range(1, repeat.times + 1):
            for part in self.roster.current:
                part.repetition = repetition
            self._play(repeat.event)
        self._depth -= 1
        for part, repetition in zip(self.roster.current, before, strict=False):
            part.repetition = repetition

    def _ending(self, ending: Ending) -> None:
        """Once for each part that is in a repetition of the list, and each time in all parts: as Alda does.

        That doubles endings in groups; without `strict` they play once.
        """
        self._enter(ending)
        for part in list(self.roster.current):
            if _applies(ending, part):
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
        if jump.name not in self.markers:
            close = nearest(jump.name, self.markers)
            hint = f"Did you mean {close}?" if close else f"Write %{jump.name} earlier in the text."
            self._refuse(jump, f"no marker is named {jump.name}", hint)
        for part in self.roster.current:
            part.last_ms = part.current_ms
            part.current_ms = self.markers[jump.name]

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

    # Attributes

    def _attribute(self, attribute: Attribute) -> None:
        if attribute.everywhere:
            offsets = [part.current_ms for part in self.roster.current] or [0.0]
            if any(offset != offsets[0] for offset in offsets):
                self._refuse(attribute, "the parts of this group are apart here", "Change one part's, or all before.")
            self._globals.record(offsets[0], attribute.change)
            return
        for part in self.roster.current:
            try:
                part.change(attribute.change, apply)
            except ValueError as error:
                self._refuse(attribute, *error.args)
            self._note_tempo(attribute.change, part)

    def _note_tempo(self, change: Change, part: Part) -> None:
        """Note a tempo of the part that comes first in the score: it is the score's own."""
        if change.kind in TEMPI and part.number == self.roster.parts[0].number and math.isfinite(part.current_ms):
            self.tempos[part.current_ms] = part.tempo

    def _apply_globals(self, event: Event) -> None:
        """Make the changes for all parts that the current ones have passed; their own newest change wins.

        Before a chord a change that a part cannot take is passed over, and what comes after it, as in Alda.
        """
        for part in self.roster.current:
            for change in self._globals.between(part.last_ms, part.current_ms) if self._globals else ():
                if change.kind != part.override:
                    try:
                        apply(change, part)
                        self._note_tempo(change, part)
                    except ValueError as error:
                        if isinstance(event, Chord):
                            return
                        self._refuse(event, *error.args)
            part.override = None

    def _list(self, form: ListForm) -> None:
        event = self._value(form)
        if event is not None:
            self._play(event)

    # How long events last, for crams

    def _lasting(self, event: Event, part: Trial) -> float:
        """Milliseconds that an event lasts unscaled; the trial's length of notes goes along."""
        self._step(event)
        if isinstance(event, Note | Rest):
            lasting = event.duration or part.duration
            part.duration = lasting
            return self._times.milliseconds(lasting, part.tempo)
        if isinstance(event, Cram):
            lasting = event.duration or part.duration
            if not self.strict:  # Alda until 2.4.7 forgets the length here, so that {{c}2 d}1 lasts too long
                part.duration = lasting
            return self._times.milliseconds(lasting, part.tempo)
        if isinstance(event, ListForm):
            value = self._value(event)
            return 0.0 if value is None else self._lasting(value, part)
        if isinstance(event, Chord):
            return min(self._lasting(note, part) for note in event.events if isinstance(note, Note | Rest))
        self._enter(event)
        lasting_ms = 0.0
        if isinstance(event, Bracket):
            lasting_ms = self._lasting_all(event.events, part)
        elif isinstance(event, Reference):
            variable = self._variables.get(event.name)
            lasting_ms = self._lasting_all(variable.events, part) if variable else 0.0
        elif isinstance(event, Ending):
            lasting_ms = self._lasting(event.event, part) if _applies(event, part) else 0.0
        elif isinstance(event, Repeat):
            before = part.repetition
            for repetition in range(1, event.times + 1):
                part.repetition = repetition
                lasting_ms += self._lasting(event.event, part)
            part.repetition = before
        self._depth -= 1
        return lasting_ms

    def _lasting_all(self, events: Sequence[Event], part: Trial) -> float:
        total_ms = 0.0
        for event in events:
            total_ms += self._lasting(event, part)
        return total_ms


def _applies(ending: Ending, part: Part | Trial) -> bool:
    return any(first <= part.repetition <= last for first, last in ending.ranges)


_PLAY: Final[Mapping[type, Callable[[Performance, Any], None]]] = MappingProxyType(
    {
        Note: Performance._note,
        Rest: Performance._rest,
        Chord: Performance._chord,
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
