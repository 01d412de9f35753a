"""From a score's text to its tree. Barlines mean nothing and are left out."""

from typing import Final, NoReturn

from marmalade_sc.scores.limits import MAX_DEPTH
from marmalade_sc.scores.tokens import Kind, Text, Token, asks_for_extensions, scan
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
    Form,
    Length,
    ListForm,
    Marker,
    Milliseconds,
    Note,
    Number,
    PartDeclaration,
    Place,
    Quoted,
    Reference,
    Repeat,
    Rest,
    String,
    Symbol,
    Time,
    VoiceEnd,
    VoiceStart,
)

__all__ = ["parse"]

_AFTER_PART: Final = (Kind.ALIAS, Kind.SEPARATOR, Kind.COLON)
_ACCIDENTALS: Final = {Kind.FLAT: -1, Kind.NATURAL: 0, Kind.SHARP: 1}
_AFTER_CHORD: Final = frozenset(
    (Kind.REPEAT, Kind.SEPARATOR, Kind.OCTAVE_UP, Kind.OCTAVE_DOWN, Kind.OCTAVE, Kind.LIST_OPEN)
)
"""What may stand behind a note and make more of it."""
_OCTAVES: Final = {Kind.OCTAVE_UP: "octave_up", Kind.OCTAVE_DOWN: "octave_down"}


def parse(text: str, source: str = "score", strict: bool = True) -> tuple[Event, ...]:
    """The events of a score as they are written.

    Args:
        source: names the text in errors.
        strict: without extensions, unless the score's first line asks for them.

    Raises:
        ScoreError: the text is no score; has line and column.
    """
    strict = strict and not asks_for_extensions(text)
    return _Parser(Text(source, text), scan(text, source, strict), strict).score()


def _place(token: Token) -> Place:
    return Place(token.line, token.column)


def _repeat(event: Event, token: Token) -> Event:
    if isinstance(token.value, str):
        return Repeat(event.at, event, 0, token.value)
    return Repeat(event.at, event, int(str(token.value)))


class _Parser:
    """Goes through the words once, with one step back where a tie turns out to be a slur."""

    def __init__(self, text: Text, tokens: list[Token], strict: bool) -> None:
        self.text = text
        self.strict = strict
        self.tokens = tokens
        self.at = 0
        self.depth = 0

    def score(self) -> tuple[Event, ...]:
        events: list[Event] = []
        while self._kind() is not Kind.END:
            if self._declares_part():
                events.append(self._part())
            else:
                self._event(events)
        return tuple(events)

    # Words

    def _kind(self) -> Kind:
        return self.tokens[self.at].kind

    def _next(self) -> Token:
        token = self.tokens[self.at]
        if token.kind is not Kind.END:
            self.at += 1
        return token

    def _match(self, kind: Kind) -> Token | None:
        return self._next() if self.tokens[self.at].kind is kind else None

    def _unexpected(self, context: str, hint: str = "") -> NoReturn:
        token = self.tokens[self.at]
        shown = f" ({token.text[:40]})" if token.text.strip() else ""
        self.text.refuse(
            f"{token.kind.value}{shown} cannot stand {context}", token.line, token.column, hint, max(1, len(token.text))
        )

    def _consume(self, kind: Kind, context: str, hint: str = "") -> Token:
        if self._kind() is not kind:
            self._unexpected(context, hint)
        return self._next()

    def _deeper(self, token: Token) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            hint = f"{MAX_DEPTH} levels are allowed: give the inner ones names."
            self.text.refuse("the score is nested too deeply", token.line, token.column, hint)

    # Parts and names

    def _declares_part(self) -> bool:
        return self._kind() is Kind.NAME and self.tokens[self.at + 1].kind in _AFTER_PART

    def _part(self) -> Event:
        first = self._next()
        names = [first.text]
        hint = 'Parts are written piano: or violin/viola "strings":'
        while self._match(Kind.SEPARATOR):
            names.append(self._consume(Kind.NAME, "in a part's name", hint).text)
        alias = self._match(Kind.ALIAS)
        self._consume(Kind.COLON, "in a part's name", hint)
        return PartDeclaration(_place(first), tuple(names), str(alias.value) if alias else "")

    def _named(self, events: list[Event]) -> None:
        name = self._next()
        if not self._match(Kind.EQUALS):
            events.append(self._repeated(Reference(_place(name), name.text)))
            return
        inside: list[Event] = []
        following = self.tokens[self.at]
        if following.kind is Kind.END or following.line > name.line:
            self.text.refuse(
                f"{name.text} is given nothing",
                name.line,
                name.column,
                "Write its events on the line of the =.",
                len(name.text),
            )
        while self._kind() is not Kind.END and self.tokens[self.at].line == name.line:
            self._event(inside)
        events.append(Definition(_place(name), name.text, tuple(inside)))

    # Events

    def _event(self, events: list[Event]) -> None:
        """One event, added to `events` (a group of voices adds several)."""
        token = self.tokens[self.at]
        kind = token.kind
        if kind is Kind.NOTE or kind is Kind.REST:
            events.append(self._note_or_chord())
        elif kind is Kind.BARLINE:
            self.at += 1
        elif kind is Kind.NAME:
            self._named(events)
        elif kind in _OCTAVES or kind is Kind.OCTAVE:
            events.append(self._octave())
        elif kind is Kind.LIST_OPEN:
            events.append(self._repeated(self._list()))
        elif kind is Kind.SEQUENCE_OPEN:
            events.append(self._sequence())
        elif kind is Kind.CRAM_OPEN:
            events.append(self._repeated(self._cram()) if self.strict else self._note_or_chord())
        elif kind is Kind.VOICE:
            self._voices(events)
        elif kind is Kind.MARKER:
            events.append(Marker(_place(token), str(self._next().value)))
        elif kind is Kind.AT_MARKER:
            events.append(AtMarker(_place(token), str(self._next().value)))
        else:
            self._unexpected("here", "An event was expected: a note, a rest, a name, a bracket.")

    def _repeated(self, event: Event) -> Event:
        token = self._match(Kind.REPEAT)
        return _repeat(event, token) if token else event

    def _octave(self) -> Event:
        token = self._next()
        if token.kind is Kind.OCTAVE:
            return Attribute(_place(token), Change("octave", token.value))
        return Attribute(_place(token), Change(_OCTAVES[token.kind]))

    def _time(self) -> Time | None:
        """One length, if one is next."""
        token = self.tokens[self.at]
        if token.kind is Kind.LENGTH:
            self.at += 1
            assert isinstance(token.value, tuple)
            return Length(*token.value)
        if token.kind is Kind.MILLISECONDS:
            self.at += 1
            assert isinstance(token.value, float)
            return Milliseconds(token.value)
        return None

    def _duration(self) -> Duration | None:
        """Lengths tied together, if one is next. A tie that no length follows is left: it is a slur."""
        first = self._time()
        if first is None:
            return None
        lengths = [first]
        while True:
            while self._match(Kind.BARLINE):
                pass
            before = self.at
            if not self._match(Kind.TIE):
                break
            while self._match(Kind.BARLINE):
                pass
            while self._match(Kind.TIE):
                pass
            following = self._time()
            if following is None:
                self.at = before
                break
            lengths.append(following)
        return Duration(tuple(lengths))

    def _note(self) -> Event:
        token = self._next()
        if token.kind is Kind.REST:
            return Rest(_place(token), self._duration())
        accidentals: int | None = None
        while (semitones := _ACCIDENTALS.get(self._kind())) is not None:
            accidentals = (accidentals or 0) + semitones
            self.at += 1
        duration = self._duration()
        slurred = self._match(Kind.TIE) is not None
        return Note(_place(token), token.text, accidentals, duration, slurred)

    def _between(self) -> list[Event]:
        """Changes of octave and S-expressions between the notes of a chord."""
        events: list[Event] = []
        while True:
            kind = self._kind()
            if kind in _OCTAVES or kind is Kind.OCTAVE:
                events.append(self._octave())
            elif kind is Kind.LIST_OPEN:
                events.append(self._list())
            else:
                return events

    def _note_or_chord(self) -> Event:
        if self._kind() is not Kind.CRAM_OPEN:
            event = self._note()
            if self._kind() not in _AFTER_CHORD:  # nearly always: a third of all parsing is what follows
                return event
            return self._chord([event])
        return self._chord([self._cram()])

    def _chord(self, events: list[Event]) -> Event:
        """What begins with one note (or cram): that, a chord, or either of them repeated."""
        notes = 1
        while True:
            repeat = self._match(Kind.REPEAT)
            if repeat:
                break
            before = self.at
            between = self._between()
            if not self._match(Kind.SEPARATOR):
                self.at = before
                break
            events += between
            events += self._between()
            if self._kind() not in (Kind.NOTE, Kind.REST) and (self.strict or self._kind() is not Kind.CRAM_OPEN):
                self._unexpected("in a chord", "A slash joins notes: c/e/g.")
            events.append(self._cram() if self._kind() is Kind.CRAM_OPEN else self._note())
            notes += 1
        event = Chord(events[0].at, tuple(events)) if notes > 1 else events[0]
        # A note that is repeated no times sounds once, in Alda too.
        return _repeat(event, repeat) if repeat and (repeat.value or isinstance(event, Cram)) else event

    def _sequence(self) -> Event:
        opening = self._next()
        self._deeper(opening)
        events: list[Event] = []
        while self._kind() is not Kind.SEQUENCE_CLOSE:
            if self._kind() is Kind.END:
                self.text.refuse("a bracket is never closed", opening.line, opening.column, "Close it with ].")
            before = len(events)
            self._event(events)
            endings = self._match(Kind.ENDINGS)
            if endings and len(events) > before:
                inside = events[before:]
                event = inside[0] if len(inside) == 1 else Bracket(inside[0].at, tuple(inside))
                assert isinstance(endings.value, tuple)
                events[before:] = [Ending(_place(endings), event, endings.value)]
        self._next()
        self.depth -= 1
        return self._repeated(Bracket(_place(opening), tuple(events)))

    def _cram(self) -> Event:
        opening = self._next()
        self._deeper(opening)
        events: list[Event] = []
        empty = self._kind() is Kind.CRAM_CLOSE
        while self._kind() is not Kind.CRAM_CLOSE:
            if self._kind() is Kind.END:
                self.text.refuse("a brace is never closed", opening.line, opening.column, "Close it with }.")
            self._event(events)
        if empty:
            self.text.refuse("a cram has nothing in it", opening.line, opening.column, "Write {c d e}4, or a rest.", 2)
        self._next()
        self.depth -= 1
        return Cram(_place(opening), tuple(events), self._duration())

    def _voices(self, events: list[Event]) -> None:
        """Voices up to V0:, the next part, the end or a bracket that closes."""
        marker = self._next()
        self._deeper(marker)
        while True:
            events.append(VoiceStart(_place(marker), int(str(marker.value))))
            stop = (Kind.END, Kind.VOICE, Kind.SEQUENCE_CLOSE, Kind.CRAM_CLOSE)
            while self._kind() not in stop and not self._declares_part():
                self._event(events)
            following = self._match(Kind.VOICE)
            if following is None:
                break
            if following.value == 0:
                events.append(VoiceEnd(_place(following)))
                break
            marker = following
        self.depth -= 1

    # S-expressions

    def _list(self) -> ListForm:
        opening = self._next()
        self._deeper(opening)
        items: list[Form] = []
        while self._kind() is not Kind.LIST_CLOSE:
            if self._kind() is Kind.END:
                self.text.refuse("a parenthesis is never closed", opening.line, opening.column, "Close it with ).")
            quote = self._match(Kind.QUOTE)
            form = self._form()
            items.append(Quoted(_place(quote), form) if quote else form)
        self._next()
        self.depth -= 1
        return ListForm(_place(opening), tuple(items))

    def _form(self) -> Form:
        token = self.tokens[self.at]
        place = _place(token)
        if token.kind is Kind.LIST_OPEN:
            return self._list()
        if token.kind is Kind.SYMBOL:
            self.at += 1
            return Symbol(place, token.text)
        if token.kind is Kind.NUMBER:
            self.at += 1
            assert isinstance(token.value, float)
            return Number(place, token.value)
        if token.kind is Kind.STRING:
            self.at += 1
            return String(place, str(token.value))
        return self._unexpected("inside parentheses")
