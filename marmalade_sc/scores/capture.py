"""What names keep: events with the names and S-expressions in them replaced by what those are worth; and their size."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from marmalade_sc.scores.tree import (
    Bracket,
    Chord,
    Cram,
    Definition,
    Ending,
    Event,
    ListForm,
    Reference,
    Repeat,
    Size,
)

__all__ = ["Variable", "captured_all", "size_of"]


class Variable(NamedTuple):
    """Events under a name, with their size, counted when they were given."""

    events: tuple[Event, ...]
    size: Size


def captured_all(
    events: Sequence[Event],
    variable: Callable[[Reference], Variable],
    value: Callable[[ListForm], Event | None],
) -> tuple[Event, ...]:
    """The events as a name keeps them: `variable` looks a name up, `value` evaluates an S-expression."""

    def captured(event: Event) -> Event | None:
        if isinstance(event, Reference):
            found = variable(event)
            return Bracket(event.at, found.events, found.size)
        if isinstance(event, ListForm):
            return value(event)
        if isinstance(event, Bracket | Chord | Cram | Definition):
            return replace(event, events=captured_all(event.events, variable, value))
        if isinstance(event, Repeat | Ending):
            inside = captured(event.event)
            return None if inside is None else replace(event, event=inside)
        return event

    return tuple(found for event in events if (found := captured(event)) is not None)


def size_of(events: Sequence[Event], variables: Mapping[str, Variable]) -> Size:
    """How many steps the events take at most, with all repeats unfolded; names count as much as was kept."""
    played = measured = 0
    for event in events:
        size = _size(event, variables)
        played += size.played
        measured += size.measured
    return Size(played, measured)


def _size(event: Event, variables: Mapping[str, Variable]) -> Size:
    if isinstance(event, Repeat):
        inside, times = _size(event.event, variables), event.times
    elif isinstance(event, Ending):
        inside, times = _size(event.event, variables), 1
    elif isinstance(event, Cram):
        inside = size_of(event.events, variables)
        return Size(1 + inside.played + inside.measured, 1)
    elif isinstance(event, Bracket | Chord):
        counted = event.size if isinstance(event, Bracket) else None
        inside, times = counted or size_of(event.events, variables), 1
    elif isinstance(event, Reference) and event.name in variables:
        inside, times = variables[event.name].size, 1
    else:
        return Size(1, 1)
    return Size(1 + times * inside.played, 1 + times * inside.measured)
