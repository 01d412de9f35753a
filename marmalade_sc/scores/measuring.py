"""How long events last before they are squeezed: what a cram needs to know of its inside."""

from collections.abc import Callable, Mapping, Sequence

from marmalade_sc.scores.capture import Variable
from marmalade_sc.scores.lengths import Times
from marmalade_sc.scores.parts import Part, Trial
from marmalade_sc.scores.tree import Bracket, Chord, Cram, Ending, Event, ListForm, Note, Reference, Repeat, Rest

__all__ = ["Measure", "applies"]


class Measure:
    """Measures events on a trial of a part.

    Args:
        strict: whether the length of a cram in a cram is forgotten, as Alda until 2.4.7 does, so that {{c}2 d}1 lasts
            too long.
        variables: what names hold.
        value: what an S-expression is worth.
        enter, leave, step: called for each event; they refuse what is too deep or too much.
    """

    def __init__(
        self,
        strict: bool,
        times: Times,
        variables: Mapping[str, Variable],
        value: Callable[[ListForm], Event | None],
        enter: Callable[[Event], None],
        leave: Callable[[], None],
        step: Callable[[Event], None],
    ) -> None:
        self._strict = strict
        self._times = times
        self._variables = variables
        self._value = value
        self._enter = enter
        self._leave = leave
        self._step = step

    def lasting_ms(self, event: Event, part: Trial) -> float:
        """Milliseconds that an event lasts unscaled; the trial's length of notes goes along."""
        self._step(event)
        if isinstance(event, Note | Rest):
            lasting = event.duration or part.duration
            part.duration = lasting
            return self._times.milliseconds(lasting, part.tempo)
        if isinstance(event, Cram):
            lasting = event.duration or part.duration
            if not self._strict:
                part.duration = lasting
            return self._times.milliseconds(lasting, part.tempo)
        if isinstance(event, ListForm):
            value = self._value(event)
            return 0.0 if value is None else self.lasting_ms(value, part)
        if isinstance(event, Chord):
            return min(self.lasting_ms(note, part) for note in event.events if isinstance(note, Note | Rest | Cram))
        self._enter(event)
        total_ms = 0.0
        if isinstance(event, Bracket):
            total_ms = self._all_ms(event.events, part)
        elif isinstance(event, Reference):
            variable = self._variables.get(event.name)
            total_ms = self._all_ms(variable.events, part) if variable else 0.0
        elif isinstance(event, Ending):
            total_ms = self.lasting_ms(event.event, part) if applies(event, part) else 0.0
        elif isinstance(event, Repeat):
            before = part.repetition
            for repetition in range(1, event.times + 1):
                part.repetition = repetition
                total_ms += self.lasting_ms(event.event, part)
            part.repetition = before
        self._leave()
        return total_ms

    def _all_ms(self, events: Sequence[Event], part: Trial) -> float:
        total_ms = 0.0
        for event in events:
            total_ms += self.lasting_ms(event, part)
        return total_ms


def applies(ending: Ending, part: Part | Trial) -> bool:
    """Whether an ending plays in the repetition that a part is in."""
    return any(first <= part.repetition <= last for first, last in ending.ranges)
