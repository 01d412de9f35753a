"""What a track can play, and what to write instead of what it cannot."""

from marmalade_sc.errors import UsageError
from marmalade_sc.patterns.pattern import Pattern

__all__ = ["playable"]


def playable(pattern: object) -> Pattern:
    """`pattern` itself when a track can play it.

    Raises:
        UsageError: it is something else; tells what to write.
    """
    if isinstance(pattern, Pattern):
        return pattern
    if isinstance(pattern, str):
        raise UsageError(f"A track cannot play the text {pattern!r:.40} as it is", hint=f'Write s("{pattern}").')
    if isinstance(pattern, tuple):
        raise UsageError("A track plays one pattern, this is a row of them", hint="Write stack(a, b).")
    if callable(pattern):
        name = getattr(pattern, "__name__", "this")
        raise UsageError(f"A track cannot play {name} itself, which is a function", hint=f"Write {name}(...).")
    raise UsageError(f"A track cannot play {pattern!r:.60}", hint='Give it a pattern, such as s("bd sn").')
