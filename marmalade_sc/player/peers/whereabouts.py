"""Where others are told to reach this player: what a setting says, else what this machine knows of itself."""

import ipaddress
import socket

from marmalade_sc.errors import PeerError, SettingsError
from marmalade_sc.original.wire import Address
from marmalade_sc.settings.load import Settings

__all__ = ["announced_host", "original_address"]


def announced_host(host: str) -> str:
    """The host to tell others of one that is listened on: itself, or where that is every network, our own address."""
    try:
        is_every = ipaddress.ip_address(host).is_unspecified
    except ValueError:  # a name
        is_every = False
    return _own() if is_every else host


def original_address(settings: Settings) -> Address:
    """Where original players are told to reach us. Raises SettingsError where the setting says no address."""
    told, port = settings.text("original.address"), settings.integer("original.port")
    try:
        return Address.parse(told) if told else Address(announced_host(settings.text("original.host")), port)
    except PeerError:
        raise SettingsError(
            f"original.address is {told!r:.80}", hint="Write it as http://host:port, or leave it empty."
        ) from None


def _own() -> str:
    """The address from which this machine would reach others. Nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
            return str(probe.getsockname()[0])
        except OSError:
            return "127.0.0.1"
