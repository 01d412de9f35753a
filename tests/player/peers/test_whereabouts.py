"""Where others are told to reach this player: an address that leads to it, or an error that says what to write."""

import ipaddress

import pytest

from marmalade_sc.errors import SettingsError
from marmalade_sc.player.peers.whereabouts import announced_host, original_address
from marmalade_sc.settings.load import load


def test_every_network_is_no_address_to_tell() -> None:
    """Who is told 0.0.0.0 asks itself."""
    for host in ("0.0.0.0", "::"):
        assert not ipaddress.ip_address(announced_host(host)).is_unspecified
    for host in ("192.0.2.7", "::1", "stage.example"):
        assert announced_host(host) == host


def test_originals_are_told_the_setting_else_what_is_listened_on() -> None:
    def told(**settings: str) -> str:
        return str(original_address(load(env={}, options={f"original.{name}": v for name, v in settings.items()})))

    assert told(port="2468") == "http://127.0.0.1:2468"
    assert told(port="2468", host="192.0.2.7") == "http://192.0.2.7:2468"
    assert "0.0.0.0" not in told(port="2468", host="0.0.0.0")
    assert told(port="2468", host="0.0.0.0", address="http://stage:80/jam/") == "http://stage:80/jam"
    with pytest.raises(SettingsError, match=r"original\.address.*stage:80"):
        told(port="2468", address="stage:80")
