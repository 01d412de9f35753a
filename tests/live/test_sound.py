"""Private JACK servers: they run beside each other, are recognised as ours, and end."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from marmalade_sc.engine.sound import Wishes, decide
from marmalade_sc.engine.sound_probe import jack_socket, probe
from tests.player.deadline import eventually

pytestmark = pytest.mark.live


@contextmanager
def jackd(argv: tuple[str, ...], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as output, subprocess.Popen(argv, stdout=output, stderr=output) as server:
        try:
            yield server
        finally:
            server.terminate()


def test_two_private_dummy_servers_run_beside_each_other_and_count_as_ours(tmp_path: Path) -> None:
    """Two players on one machine, or a CI run beside a performance, must not meet."""
    tags = [f"{os.getpid():07x}{n}"[-8:] for n in (0, 1)]
    sounds = [decide(probe(), Wishes(driver="dummy"), tag) for tag in tags]
    assert sounds[0].needs
    assert sounds[1].needs
    names = [sound.server_name for sound in sounds]
    with jackd(sounds[0].needs.argv, tmp_path / "a"), jackd(sounds[1].needs.argv, tmp_path / "b"):
        eventually(lambda: all(jack_socket(name).exists() for name in names))
        assert not {server.name for server in probe().jack_servers} & set(names)
    assert not any(jack_socket(name).exists() for name in names)


def test_a_server_of_the_user_is_seen_and_known_to_be_silent(tmp_path: Path) -> None:
    name = f"users-{os.getpid()}"
    argv = ("jackd", "-n", name, "--no-realtime", "-d", "dummy", "-p", "1024")
    with jackd(argv, tmp_path / "log"):
        eventually(lambda: name in {server.name for server in probe().jack_servers})
        found = next(server for server in probe().jack_servers if server.name == name)
        assert found.silent
        assert decide(probe(), Wishes(driver="jack", device=name), "00000000").server_name == name
    eventually(lambda: name not in {server.name for server in probe().jack_servers})
