"""What the track of a score's part is called in a session."""

import re

from marmalade_sc.live.handles import TrackHandle
from marmalade_sc.live.session import Session

__all__ = ["free_name"]


def free_name(session: Session, part: str) -> str:
    """The part's name as an identifier of code that is a track's already, or nobody's."""
    name = re.sub(r"\W", "_", part, flags=re.ASCII)
    if name[:1].isdigit():
        name = f"part_{name}"
    while not isinstance(session.names.get(name), TrackHandle | None):
        name = f"{name}_part"
    return name
