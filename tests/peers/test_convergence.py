"""What players share is the same for all once they have met, whatever happened before: in the simulated network."""

from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marmalade_sc.peers.registers import NAMES
from marmalade_sc.testing.network import Link, Network, SimulatedPlayer

pytestmark = pytest.mark.faults
REGISTERS: Final = [each + "x" * each.endswith("-") for each in NAMES]
PLAYERS: Final = st.integers(0, 3)
STEPS: Final = st.lists(
    st.one_of(
        st.tuples(st.just("write"), PLAYERS, st.sampled_from(REGISTERS), st.sampled_from([b"1", b"2", b""])),
        st.tuples(st.just("crash"), PLAYERS),
        st.tuples(st.just("return"), PLAYERS),
        st.tuples(st.just("part"), st.integers(1, 3)),
        st.tuples(st.just("heal")),
        st.tuples(st.just("jump"), PLAYERS, st.sampled_from([-5000, 3000])),
        st.tuples(st.just("wait"), st.sampled_from([0.05, 1.0, 8.0])),
    ),
    max_size=25,
)


def do(network: Network, step: tuple[object, ...]) -> None:
    kind, rest = step[0], step[1:]
    player: SimulatedPlayer | None = None
    if kind in ("write", "crash", "return", "jump"):
        player = network.players[int(str(rest[0]))]
    if kind == "wait":
        network.run(float(str(rest[0])))
    elif kind == "part":
        network.partition([range(int(str(rest[0]))), range(int(str(rest[0])), 4)])
    elif kind == "heal":
        network.heal()
    elif player is not None and kind == "return" and player.node is None:
        player.start(network.players[:2])
    elif player is not None and kind == "jump":
        player.wall_ahead_ms += int(str(rest[1]))
        player.wall_ahead_ms = max(-5000, min(5000, player.wall_ahead_ms))
    elif player is not None and player.node is not None and kind == "write":
        value = rest[2]
        assert isinstance(value, bytes)
        player.write(str(rest[1]), value)
    elif player is not None and player.node is not None and kind == "crash" and len(network.up()) > 1:
        player.crash()


@settings(max_examples=100, deadline=None)
@given(seed=st.integers(0, 1000), loss=st.sampled_from([0.0, 0.1]), steps=STEPS)
def test_players_that_have_met_hold_the_same(seed: int, loss: float, steps: list[tuple[object, ...]]) -> None:
    """Crashes, partitions, loss, clocks that jump, and a stranger who writes everything: every register converges."""
    network = Network(seed, 5, Link(loss=loss))
    network.start()
    for each in network.players[:4]:
        each.strangers = frozenset({4})
    assert network.run_until(network.is_whole, 60) < float("inf")
    stranger = network.players[4]
    for name in REGISTERS:
        stranger.write(name, b"666")
    for step in steps:
        do(network, step)
    network.heal()
    for each in network.players:
        if each.node is None:
            each.start(network.players[:1])
    assert network.run_until(network.is_whole, 60) < float("inf")
    for name in REGISTERS:
        found = {each.value(name) for each in network.players[:4]}
        assert len(found) == 1, f"{name}: {found}"
        assert found != {b"666"}


def test_a_flood_of_writes_is_held_back_and_the_last_one_comes_when_it_is_quiet() -> None:
    """Who writes a register a thousand times a second gets no more than ten of them to the others."""
    network = Network(3, 4)
    network.start()
    assert network.run_until(network.is_whole, 60) < float("inf")
    noisy, other = network.players[1], network.players[2]
    before = network.carried
    for number in range(2000):
        noisy.write("timeline", b"%d" % number)
        network.run(0.005)
    assert other.node is not None
    heard = other.wakes
    assert (network.carried - before) / 10 / 4 < 150, "datagrams of a player in a second"
    network.players[3].write("mix-acid", b"louder")
    assert network.run_until(lambda: other.value("mix-acid") == b"louder", 5) < 5, "others are heard meanwhile"
    assert network.run_until(lambda: all(each.value("timeline") == b"1999" for each in network.players), 60) < 60
    assert other.wakes > heard
