"""Waits for conditions on the state: a thousand of them cost what those cost whose values have changed. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from marmalade_sc.sdk.conditions import Condition, Value

__all__ = ["Do", "Wait", "Waits"]

Do = Callable[[], object]


@dataclass(slots=True, eq=False)
class Wait:
    """What is done each time a condition becomes true.

    Attributes:
        deadline: jam time at which it is given up, and `otherwise` done.
        once: only the first time.
    """

    condition: Condition
    do: Do
    deadline: int | None = None
    otherwise: Do | None = None
    once: bool = False
    number: int = 0
    is_held: bool = False
    is_over: bool = False

    @property
    def is_of_changes(self) -> bool:
        """Whether it fires with each change, however long it has held."""
        return "changed(" in self.condition.text


@dataclass(slots=True)
class Waits:
    """All waits of a generator; they fire in the order in which they were made."""

    _by_name: dict[str, list[Wait]] = field(default_factory=dict)
    _fresh: list[Wait] = field(default_factory=list)
    _timed: list[Wait] = field(default_factory=list)
    _values: dict[str, Value] = field(default_factory=dict)
    _count: int = 0

    def add(self, wait: Wait) -> None:
        """One more; it is looked at from the next look on."""
        self._count += 1
        wait.number = self._count
        self._fresh.append(wait)
        if wait.deadline is not None:
            self._timed.append(wait)

    def look(self, view: Mapping[str, Value], now: int, carry_out: Callable[[Do], None]) -> None:
        """Carry out what has come true since the look before, and give up what took too long, at jam time `now`."""
        fresh, self._fresh = self._fresh, []
        for wait in fresh:
            for name in wait.condition.names:
                self._by_name.setdefault(name, []).append(wait)
        before, self._values = self._values, {name: view.get(name) for name in self._by_name}
        found = {wait.number: wait for wait in fresh}
        for name, value in self._values.items():
            if value != before.get(name):
                found |= {wait.number: wait for wait in self._by_name[name]}
        new = {wait.number for wait in fresh}
        for number in sorted(found):
            wait = found[number]
            if wait.is_over:
                continue
            holds = wait.condition.holds(self._values, {} if number in new else before)
            fires, wait.is_held = holds and (not wait.is_held or wait.is_of_changes), holds
            if fires:
                wait.deadline = None
                if wait.once:
                    self._end(wait)
                carry_out(wait.do)
        for wait in list(self._timed):
            if wait.deadline is None:
                self._timed.remove(wait)
            elif now >= wait.deadline:
                self._end(wait)
                self._timed.remove(wait)
                if wait.otherwise is not None:
                    carry_out(wait.otherwise)

    def _end(self, wait: Wait) -> None:
        wait.is_over = True
        for name in wait.condition.names:
            self._by_name[name].remove(wait)
