"""Why a player says no: one table of stable codes, each with its HTTP status and one sentence."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from marmalade_sc.errors import PeerError

__all__ = ["REFUSALS", "refused"]

REFUSALS: Final[Mapping[str, tuple[int, str]]] = MappingProxyType(
    {
        "malformed": (400, "The request is not what the protocol says"),
        "version": (400, "This player speaks another version of the protocol"),
        "signature": (401, "The signature is not its sender's"),
        "clock": (401, "The request is not valid now; sign it again with the time of this answer"),
        "audience": (403, "The request is meant for another player"),
        "blocked": (403, "This player takes nothing from you"),
        "untrusted": (403, "The generator's author is not trusted here"),
        "invite": (403, "This invite opens nothing: it was used, is over, or was revoked"),
        "jam": (404, "This player is not in that jam"),
        "unknown": (404, "There is no such thing here"),
        "method": (404, "There is no such request"),
        "replay": (409, "The request was heard before"),
        "conflict": (409, "It contradicts what this player has"),
        "large": (413, "The request is too large"),
        "busy": (429, "You ask too often"),
        "full": (503, "This player has no room for more"),
        "failed": (503, "This player cannot do that now"),
    }
)


def refused(code: str, detail: str = "", *, now_ms: int = 0) -> PeerError:
    """The error of a code of the table, with a detail that tells nothing of our insides."""
    status, sentence = REFUSALS[code]
    return PeerError(f"{sentence}: {detail}" if detail else sentence, reason=code, status=status, now_ms=now_ms)
