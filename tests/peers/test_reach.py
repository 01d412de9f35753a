"""Strangers name addresses; we go to players' only."""

import pytest

from marmalade_sc.errors import PeerError
from marmalade_sc.peers.limits import Buckets
from marmalade_sc.peers.reach import endpoint

NOWHERE = [
    "http://127.0.0.1:2468",
    "https://127.0.0.1:2468",
    "https://127.1:2468",
    "https://2130706433:2468",
    "https://0x7f000001:2468",
    "https://0177.0.0.1:2468",
    "https://0.0.0.0:2468",
    "https://0.1.2.3:2468",
    "https://[::1]:2468",
    "https://[::]:2468",
    "https://[::ffff:127.0.0.1]:2468",
    "https://[::ffff:7f00:1]:2468",
    "https://[2001:0:4136:e378:8000:63bf:3fff:fdd2]:2468",
    "https://[2002:7f00:1::]:2468",
    "https://[64:ff9b::7f00:1]:2468",
    "https://[::127.0.0.1]:2468",
    "https://169.254.169.254:2468",
    "https://169.254.1.1:2468",
    "https://100.100.100.200:2468",
    "https://[fd00:ec2::254]:2468",
    "https://[fe80::1]:2468",
    "https://[ff02::1]:2468",
    "https://224.0.0.1:2468",
    "https://255.255.255.255:2468",
    "https://192.168.1.255:2468",
    "https://240.0.0.1:2468",
    "https://192.168.1.1:22",
    "https://192.168.1.1:443",
    "https://192.168.1.1:70000",
    "https://localhost:2468",
    "https://metadata.google.internal:2468",
    "https://example.com:2468",
    "http://192.168.1.1:2468",
    "https://user@192.168.1.1:2468",
    "https://192.168.1.1:2468/path",
    "https://192.168.1.1:2468@10.0.0.1:2468",
    "https://192.168.1.1#:2468",
    "file:///etc/passwd",
    "gopher://192.168.1.1:2468",
    "",
]


@pytest.mark.faults
@pytest.mark.parametrize("address", NOWHERE)
def test_t14_no_request_goes_where_only_a_stranger_would_send_it(address: str) -> None:
    with pytest.raises(PeerError):
        endpoint(address)


@pytest.mark.parametrize(
    "address", ["https://192.168.1.7:2468", "https://10.1.2.3:40000", "https://[2001:db9::7]:2468"]
)
def test_players_are_reached(address: str) -> None:
    assert endpoint(address).url == address


def test_players_on_this_machine_reach_each_other_and_nobody_else() -> None:
    assert endpoint("http://127.0.0.1:2468", is_local=True).host == "127.0.0.1"
    with pytest.raises(PeerError):
        endpoint("https://192.168.1.7:2468", is_local=True)


def test_who_asks_too_often_waits_and_others_do_not() -> None:
    buckets = Buckets(10, 20)
    assert sum(buckets.take("a", 0.0) for _ in range(100)) == 20
    assert buckets.take("b", 0.0)
    assert sum(buckets.take("a", 1.0) for _ in range(100)) == 10


def test_a_million_addresses_take_bounded_room() -> None:
    buckets = Buckets(10, 20, most=100)
    for number in range(10_000):
        buckets.take(str(number), 0.0)
    assert len(buckets) == 100
