"""Where a datagram or request may go: strangers name addresses, and not every address is a player's. Pure."""

import ipaddress
import re
from dataclasses import dataclass
from typing import Final

from marmalade_sc.errors import PeerError
from marmalade_sc.peers.refusals import refused

__all__ = ["Endpoint", "endpoint", "endpoint_of_invite"]

_PARTS: Final = re.compile(r"(https?)://(\[[0-9A-Fa-f:.]+\]|[^:/\[\]@?#]+):([0-9]{1,5})")
_LOWEST_PORT: Final = 1024
_METADATA: Final = frozenset({"169.254.169.254", "100.100.100.200", "fd00:ec2::254", "192.0.0.192"})


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An address that was checked: `host` is a literal IP address."""

    is_tls: bool
    host: str
    port: int

    @property
    def url(self) -> str:
        """As records have it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http{'s' if self.is_tls else ''}://{host}:{self.port}"


def endpoint_of_invite(address: str) -> Endpoint:
    """The endpoint that an invite names: its giver's word, so that this machine may be meant. Raises PeerError."""
    try:
        return endpoint(address)
    except PeerError:
        return endpoint(address, is_local=True)


def endpoint(address: str, *, is_local: bool = False) -> Endpoint:
    """The endpoint of an address that somebody else has named.

    Names are not looked up: who answers for a name may answer another address each time. Players announce numbers.

    Args:
        is_local: whether we listen on loopback ourselves; then others there may be reached, and nothing else.

    Raises:
        PeerError: it is no address, has a port below 1024, is not a single machine's, is this machine's own or its
            network's innards, or has no TLS outside loopback.
    """
    found = _PARTS.fullmatch(address)
    if found is None:
        raise refused("malformed", "an address that cannot be used")
    scheme, host, port = found[1], found[2].strip("[]"), int(found[3])
    try:
        number = ipaddress.ip_address(host)
    except ValueError:
        raise refused("malformed", "an address is not a number") from None
    if isinstance(number, ipaddress.IPv6Address) and (
        number.ipv4_mapped or number.scope_id or number.teredo or number.sixtofour
    ):
        raise refused("malformed", "an address in disguise")
    is_single = not (number.is_multicast or number.is_unspecified or number.is_link_local or number.is_reserved)
    if not is_single or str(number) in _METADATA or str(number).endswith(".255") or not _LOWEST_PORT <= port < 65536:
        raise refused("malformed", "an address that is no player's")
    if isinstance(number, ipaddress.IPv4Address) and number in ipaddress.ip_network("0.0.0.0/8"):
        raise refused("malformed", "an address that is no player's")
    if number.is_loopback != is_local:
        raise refused("malformed", "an address of another network than ours")
    if scheme == "http" and not number.is_loopback:
        raise refused("malformed", "an address without TLS")
    return Endpoint(scheme == "https", str(number), port)
