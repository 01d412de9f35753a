"""What a player says of itself. Pure."""

from collections.abc import Sequence
from typing import Final

from marmalade_sc.peers.records import VERSION, PlayerRecord
from marmalade_sc.peers.requests import JamName

__all__ = ["PRESENCE_MS", "presence"]

PRESENCE_MS: Final = 86_400_000
"""How long it is believed; it is said again in half of that."""


def presence(
    key: bytes, jam: JamName, sequence: int, now_ms: int, state: str, addresses: Sequence[str]
) -> PlayerRecord:
    """That a player is here, or has left."""
    return PlayerRecord(
        version=VERSION,
        jam=jam.name,
        jam_id=jam.id,
        maker=key,
        sequence=sequence,
        made=now_ms,
        expires=now_ms + PRESENCE_MS,
        state=state,
        addresses=tuple(addresses),
        oldest=VERSION,
    )
