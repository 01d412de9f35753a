"""A session in which everything goes wrong, from one seed; the laws that were broken are told in words."""

import random
from dataclasses import dataclass
from typing import Final

from marmalade_sc.testing.network import Link, Network, SimulatedPlayer

__all__ = ["Outcome", "storm"]

_STEPS: Final = 14
_CALM_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a seed.

    Attributes:
        problems: laws that were broken; each is found again with the same seed.
        plays: that were acknowledged.
        healed_s: until all agreed, once the network was whole.
    """

    seed: int
    problems: tuple[str, ...]
    plays: int
    healed_s: float
    trace: int


def storm(seed: int, players: int = 0, steps: int = _STEPS) -> Outcome:
    """Play, crash, restart, pause, cut and lose for a minute of virtual time; then let it heal, and look.

    The laws: no instance starts twice on a player, over all its lives; every play that was acknowledged has started on
    every player that is up at the end; all of these hold each other to be there, and hold the same records.
    """
    dice = random.Random(seed)
    link = Link(dice.uniform(0.001, 0.2), dice.uniform(0, 0.2), dice.choice([0, 0.05, 0.2, 0.4]), dice.choice([0, 0.1]))
    network = Network(dice.getrandbits(32), players or dice.randint(2, 8), link)
    for each in network.players:
        each.wall_ahead_ms = dice.choice([0, 0, 0, -288_000, 288_000, 1000])
    network.start()
    network.run(dice.uniform(0, 5))
    plays: list[str] = []
    for step in range(steps):
        _disturb(network, dice, step, plays)
        network.run(dice.uniform(0, 4))
    network.heal()
    network.link = Link(loss=min(link.loss, 0.05))
    for each in network.players:
        if each.node is None:
            each.start(_friends(network, each))
    healed_s = network.run_until(lambda: network.is_whole() and all(network.reach(p) == 1 for p in plays), _CALM_S)
    return Outcome(seed, tuple(_problems(network, plays, healed_s)), len(plays), healed_s, network.trace)


def _disturb(network: Network, dice: random.Random, step: int, plays: list[str]) -> None:
    player = dice.choice(network.players)
    if player.node is None:
        player.start(_friends(network, player))
        return
    kind = dice.choice(["play", "play", "play", "crash", "cut", "heal", "pause", "one way", "jump", "again"])
    if kind == "play":
        plays.append(player.play(f"i{step}"))
        if dice.random() < 0.3:
            player.crash()  # killed right behind the acknowledgement
    elif kind == "crash":
        player.crash()
    elif kind == "cut":
        half = {each.number for each in network.players if dice.random() < 0.5}
        network.partition([half, {each.number for each in network.players} - half])
    elif kind == "one way":
        deaf = player.number
        network.block(lambda here, there: there == deaf)
    elif kind == "heal":
        network.heal()
    elif kind == "pause":
        network.pause(player, dice.uniform(0.5, 8))
    elif kind == "jump":
        player.wall_ahead_ms += dice.choice([-3_600_000, 3_600_000, -1000])
    elif plays:
        player.accept_again(dice.choice(plays))


def _friends(network: Network, player: SimulatedPlayer) -> list[SimulatedPlayer]:
    """Whom a player's static list names: the first two."""
    return [each for each in network.players[:2] if each is not player]


def _problems(network: Network, plays: list[str], healed_s: float) -> list[str]:
    found = network.violations()
    for path in plays:
        found += [f"{path} never started on {each.number}" for each in network.up() if path not in each.disk.accepted]
    if healed_s == float("inf"):
        found.append("the network did not become whole")
    return found
