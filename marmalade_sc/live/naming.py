"""What the names of a session stand for, as far as one must know it before a block runs."""

from collections.abc import Mapping
from dataclasses import dataclass

from marmalade_sc.live.handles import TRACK_NAME, TrackHandle
from marmalade_sc.patterns.controls import Voice
from marmalade_sc.patterns.pattern import Pattern

__all__ = ["Naming"]


@dataclass(frozen=True, slots=True)
class Naming:
    """Looks at names as they are when it is asked.

    Attributes:
        names: all that code can name.
        language: those that the language has.
    """

    names: Mapping[str, object]
    language: Mapping[str, object]

    def is_track(self, name: str) -> bool:
        """Whether it is a track's, or becomes one on the left of `>>`."""
        bound = self.names.get(name)
        return TRACK_NAME.fullmatch(name) is not None and (bound is None or isinstance(bound, TrackHandle))

    def is_voice(self, name: str) -> bool:
        """Whether it is an instrument's, which is another one when a default of it was set."""
        return isinstance(self.names.get(name), Voice)

    def is_steady(self, name: str) -> bool:
        """Whether what it stands for cannot change, and gives nothing that can when it is called."""
        value = self.names.get(name)
        is_ours = name in self.language and value is self.language[name]
        return is_ours or isinstance(value, Pattern | Voice | str | int | float)
