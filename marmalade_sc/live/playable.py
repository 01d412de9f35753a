"""What a track can play, what is a track, and what to write instead of what is not."""

from collections.abc import Container, Iterable

from marmalade_sc.errors import UsageError
from marmalade_sc.live.handles import TrackHandle
from marmalade_sc.patterns.pattern import Pattern

__all__ = ["names_of", "playable"]


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
        if name == "<lambda>":  # a change of the pattern's, as in s("bd").rev
            raise UsageError("A track cannot play a function", hint='Write its brackets, too: s("bd").rev().')
        raise UsageError(f"A track cannot play {name} itself, which is a function", hint=f"Write {name}(...).")
    raise UsageError(f"A track cannot play {pattern!r:.60}", hint='Give it a pattern, such as s("bd sn").')


def names_of(tracks: Iterable[object], own: Container[str], may_be_others: bool = False) -> tuple[list[str], list[str]]:
    """The names of the user's own among some tracks, and of those that others play here: they have no name in the code.

    Args:
        own: names of the user's tracks.
        may_be_others: whether a name in quotes may stand for a track, and so for another player's.

    Raises:
        UsageError: one is no track.
    """
    mine: list[str] = []
    others: list[str] = []
    for track in tracks:
        if isinstance(track, TrackHandle):
            mine.append(track.name)
        elif may_be_others and isinstance(track, str):
            (mine if track in own else others).append(track)
        else:
            raise UsageError(
                f"{track!r:.40} is not a track",
                hint='Name tracks that play: d1, d2; what others play here in quotes: mute("acid").',
            )
    return mine, others
