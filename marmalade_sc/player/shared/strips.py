"""The strip of another player's play here: never one that is, or may be, a track of one's own. Pure."""

from marmalade_sc.live.handles import TRACK_NAME

__all__ = ["strip_of"]


def strip_of(track: str, requester: str) -> str:
    """The strip of a play that another player asks for.

    A name that a line such as `d1 >> ...` makes a track of is the user's: everybody has a `d1`. Such a play has a strip
    of its own, behind the name its requester's: two players' `d1` are two strips.

    Args:
        track: as it is asked for.
        requester: name of who asks.
    """
    # A track's name has no "+"; in a player's it is one letter of 64.
    return f"{track}-{requester.replace('+', '-')}" if TRACK_NAME.fullmatch(track) else track
