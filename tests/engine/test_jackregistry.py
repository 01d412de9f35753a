"""JACK's eight places: a killed server of ours gives its own back, and nobody else's is touched."""

import contextlib
import os
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from marmalade_sc.engine.jackregistry import free_places
from marmalade_sc.engine.leftovers import remove_jack_leftovers
from tests.player.deadline import eventually

NOBODY = 999_999_999


def registry(path: Path, *servers: tuple[int, str], magic: bytes = b"KCAJ", cut: int = 0) -> bytes:
    """As JACK 2 writes it: (pid, name) in eight places, and behind them what is not ours to know."""
    rows = [*servers, *[(0, "")] * (8 - len(servers))]
    places = b"".join(struct.pack("=i260s", pid, name.encode()) for pid, name in rows)
    size = 24 + len(places) + 500
    path.write_bytes(
        (struct.pack("=4s4xIIII", magic, 1, size, 24 + len(places), 268) + places + b"x" * 500)[: size - cut]
    )
    return path.read_bytes()


@contextlib.contextmanager
def lock(is_free: bool = True) -> Iterator[bool]:
    yield is_free


def test_of_eight_places_those_of_dead_servers_of_ours_are_free_again(tmp_path: Path) -> None:
    """The eighth player that was killed would be the last that this machine plays."""
    uid, path = os.geteuid(), tmp_path / "registry"
    keep = [
        (os.getpid(), f"jack-{uid}:marmalade-0123abcd:"),
        (NOBODY, f"jack-{uid}:default:"),
        (NOBODY, f"jack-{uid + 1}:marmalade-0123abcd:"),
        (NOBODY, f"jack-{uid}:marmalade-mine:"),
    ]
    before = registry(path, *keep)
    assert free_places(path, lock=lock) == [] and path.read_bytes() == before
    registry(path, *keep, (NOBODY, f"jack-{uid}:marmalade-89abcdef:"), (NOBODY - 1, f"jack-{uid}:marmalade-00000000:"))
    assert free_places(path, lock=lock) == ["marmalade-89abcdef", "marmalade-00000000"]
    assert path.read_bytes() == before


@pytest.mark.parametrize("how", ["held", "magic", "cut", "empty", "none"])
def test_what_is_not_known_is_left_alone(tmp_path: Path, how: str) -> None:
    path, dead = tmp_path / "registry", (NOBODY, f"jack-{os.geteuid()}:marmalade-89abcdef:")
    if how in ("held", "magic", "cut"):
        registry(path, dead, magic=b"JACK" if how == "magic" else b"KCAJ", cut=9 if how == "cut" else 0)
    elif how == "empty":
        path.write_bytes(b"")
    before = path.read_bytes() if path.exists() else b""
    assert free_places(path, lock=lambda: lock(how != "held")) == []
    assert (path.read_bytes() if path.exists() else b"") == before


@pytest.mark.live
def test_a_jackd_that_was_killed_gives_its_place_back() -> None:
    """By JACK's own registry and lock, as they are here."""
    server = f"marmalade-{os.getpid():08x}"
    command = ["jackd", "--name", server, "--no-realtime", "-d", "dummy", "-r", "48000", "-p", "1024"]
    shared = Path("/dev/shm/jack-shm-registry")
    begun: list[subprocess.Popen[bytes]] = []

    def is_there() -> bool:
        if not begun or begun[-1].poll() is not None:  # all places may be taken for a moment
            begun.append(subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        return shared.exists() and server.encode() in shared.read_bytes()

    def end() -> None:
        begun[-1].kill()
        begun[-1].wait()

    try:
        eventually(is_there)
        assert server not in free_places()
        end()
        assert server.encode() in shared.read_bytes(), "JACK itself leaves it there"
        # Another player may come first, and others keep the lock for a moment.
        eventually(lambda: free_places() is not None and server.encode() not in shared.read_bytes())
    finally:
        end()
        free_places()
        remove_jack_leftovers(server)
