"""Functions of patterns that can be used in three ways: `p.fast(2)`, `fast(2)(p)` and `fast(2, p)`."""

import inspect
from collections.abc import Callable, Mapping

from marmalade_sc.errors import UsageError
from marmalade_sc.patterns.notation import notation
from marmalade_sc.patterns.pattern import Pattern

__all__ = ["Curried", "Transform"]

PatternFunction = Callable[..., Pattern]


class Curried:
    """A function that has its arguments and waits for its pattern."""

    __slots__ = ("_arguments", "_controls", "_transform")

    def __init__(self, transform: "Transform", arguments: tuple[object, ...], controls: Mapping[str, object]) -> None:
        self._transform = transform
        self._arguments = arguments
        self._controls = controls

    def __call__(self, pattern: object) -> Pattern:
        """The pattern, changed; a string is a notation."""
        return self._transform.apply(pattern, *self._arguments, **self._controls)

    def __repr__(self) -> str:
        shown = [repr(each) for each in self._arguments] + [f"{k}={v!r}" for k, v in self._controls.items()]
        return f"{self._transform.name}({', '.join(shown)})"


class Transform:
    """A function of a pattern and arguments, known to users by `name`."""

    __slots__ = ("_function", "_most", "_needed", "name", "signature")

    def __init__(self, name: str, function: PatternFunction) -> None:
        parameters = list(inspect.signature(function).parameters.values())[1:]
        plain = [p for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
        self.name = name
        self.signature = f"{name}({', '.join(_shown(p) for p in parameters)})"
        self._function = function
        self._needed = sum(p.default is p.empty for p in plain)
        self._most = len(plain)
        if any(p.kind is p.VAR_POSITIONAL for p in parameters):
            self._most, self._needed = 2, 1  # sometimes(probability, change)

    def apply(self, pattern: object, *arguments: object, **controls: object) -> Pattern:
        """The function of a pattern (or notation) and arguments.

        Raises:
            UsageError: when arguments are missing or too many, or do not fit.
        """
        if isinstance(pattern, str):
            pattern = notation(pattern)
        if not isinstance(pattern, Pattern):
            raise UsageError(f"{self.name}: {pattern!r} is not a pattern", hint=f"p.{self.signature}")
        try:
            inspect.signature(self._function).bind(pattern, *arguments, **controls)
        except TypeError as error:
            raise UsageError(f"{self.name}: {error}", hint=f"use it as p.{self.signature}") from None
        return self._function(pattern, *arguments, **controls)

    def __call__(self, *arguments: object, **controls: object) -> "Pattern | Curried":
        """The changed pattern when the pattern comes last, else a function that waits for it."""
        count = len(arguments)
        if count > self._most or (count > self._needed and isinstance(arguments[-1], Pattern)):
            return self.apply(arguments[-1], *arguments[:-1], **controls)
        if count + len(controls) < self._needed:
            raise UsageError(f"{self.name} needs more arguments", hint=f"use it as p.{self.signature}")
        return Curried(self, arguments, controls)

    def __repr__(self) -> str:
        return f"<function {self.signature}>"


def _shown(parameter: inspect.Parameter) -> str:
    if parameter.kind is parameter.VAR_POSITIONAL:
        return "probability=0.5, change"
    return parameter.name if parameter.default is parameter.empty else f"{parameter.name}={parameter.default}"
