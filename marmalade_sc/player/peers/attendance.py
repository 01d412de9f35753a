"""Who is there, how far away and how trusted, and what each plays: rows for shells, and for the jam's state."""

from collections.abc import Mapping
from typing import Final

from marmalade_sc.clock.timetag import units_to_milliseconds
from marmalade_sc.identity.keys import PublicKey
from marmalade_sc.jam import keys
from marmalade_sc.peers.station import Station
from marmalade_sc.player.control.protocol import Message
from marmalade_sc.player.shared.playbill import Playbill
from marmalade_sc.player.trust.acquaintances import Acquaintances

__all__ = ["attendance", "measured"]

_KEPT: Final = 3000


def attendance(own: PublicKey, station: Station, friends: Acquaintances, playbill: Playbill) -> list[Message]:
    """A row for each player, this one first, as `players` of the control protocol has them."""
    found: list[Message] = [
        {"id": str(own.player), "is_own": True, "state": "here", "plays": list(playbill.of(own.raw))}
    ]
    for member in station.node.members:
        if not member.incarnation:
            continue
        key = PublicKey(member.key)
        row: Message = {
            "id": str(friends.name(key)),
            "name": friends.title(key),
            "nickname": friends.nicknames.of(key),
            "fingerprint": key.fingerprint,
            "is_own": False,
            "state": member.state,
            "address": member.address,
            "trust": friends.level(key),
            "plays": list(playbill.of(member.key)) if member.state in ("here", "doubted") else [],
        }
        if (offset := station.offset(member.key)) is not None:
            row["offset_ms"] = round(offset.offset_s * 1000, 4)
            row["uncertainty_ms"] = round((offset.uncertainty_s + offset.asymmetry_s) * 1000, 4)
            row["round_trip_ms"] = round(offset.round_trip_s * 1000, 4)
        found.append(row)
    return [found[0], *sorted(found[1:], key=lambda row: str(row["id"]))]


def measured(row: Mapping[str, object], now: int, origin: int) -> tuple[str, Mapping[str, object], int]:
    """An entry of `state:network:<player>`."""
    record = {
        "rtt_ms": row["round_trip_ms"],
        "offset_ms": row["offset_ms"],
        "uncertainty_ms": row["uncertainty_ms"],
        "last_seen": units_to_milliseconds(now),
        "origin": str(origin),
    }
    return keys.network(str(row["id"])), record, _KEPT
