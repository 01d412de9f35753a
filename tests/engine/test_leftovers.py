"""A killed scsynth leaves 8 MiB of memory behind; a night of crashes must not fill it."""

import mmap
import os
import socket
from pathlib import Path

import pytest

from marmalade_sc.engine.leftovers import remove_jack_leftovers, remove_leftovers


def _left(folder: Path, port: int, age_s: float) -> Path:
    path = folder / f"SuperColliderServer_{port}"
    path.write_bytes(b"x")
    when = path.stat().st_mtime - age_s
    os.utime(path, (when, when))
    return path


@pytest.mark.parametrize("kind", [socket.SOCK_DGRAM, socket.SOCK_STREAM])
def test_only_the_memory_of_servers_that_are_gone_is_removed(tmp_path: Path, kind: socket.SocketKind) -> None:
    name = Path("/proc/self/comm").read_text().strip()
    with socket.socket(socket.AF_INET, kind) as server:
        server.bind(("127.0.0.1", 0))
        if kind == socket.SOCK_STREAM:
            server.listen()
        # Ports that the system gives to nobody: one that was just closed may be another test's already.
        runs, gone, starts = (
            _left(tmp_path, server.getsockname()[1], 3600),
            _left(tmp_path, 3, 3600),
            _left(tmp_path, 1, 5),
        )
        (tmp_path / "SuperColliderServer_x").write_bytes(b"")
        (tmp_path / "jack-shm-registry").write_bytes(b"")
        with starts.open("r+b") as file, mmap.mmap(file.fileno(), 1):
            assert remove_leftovers(tmp_path, servers=[name]) == [gone.name]
        assert runs.exists()
        assert starts.exists(), "a server maps its memory before it opens its port"
        assert not gone.exists()
        assert len(list(tmp_path.iterdir())) == 4


def test_what_no_process_has_in_its_memory_goes_at_once(tmp_path: Path) -> None:
    """A scsynth that was killed a moment before its player ends: no later player may ever come to clean."""
    killed, new = _left(tmp_path, 3, 5), _left(tmp_path, 2, 0)
    assert remove_leftovers(tmp_path, processes=tmp_path / "nowhere") == [], "nobody knows who has it"
    assert remove_leftovers(tmp_path) == [killed.name]
    assert new.exists(), "its server may be about to map it"


def test_nothing_is_removed_where_ports_cannot_be_known(tmp_path: Path) -> None:
    gone = _left(tmp_path, 2, 3600)
    assert remove_leftovers(tmp_path, tmp_path / "nothing") == []
    assert remove_leftovers(tmp_path / "nowhere") == []
    assert gone.exists()


def test_of_a_jack_server_only_its_own_socket_and_semaphores_go(tmp_path: Path) -> None:
    """Another jackd of the same user may be the one that the sound card plays through."""
    uid = os.geteuid()
    ours = {f"jack_marmalade-1a_{uid}_0", f"jack_sem.{uid}_marmalade-1a_system", f"jack_sem.{uid}_marmalade-1a_x"}
    others = {
        f"jack_default_{uid}_0",
        f"jack_marmalade-1ab_{uid}_0",
        f"jack_sem.{uid}_default_system",
        f"jack_sem.{uid}_marmalade-1ab_system",
        f"jack_sem.{uid + 1}_marmalade-1a_system",
        "jack-shm-registry",
    }
    for name in ours | others:
        (tmp_path / name).write_bytes(b"")
    assert set(remove_jack_leftovers("marmalade-1a", tmp_path)) == ours
    assert {path.name for path in tmp_path.iterdir()} == others
    assert remove_jack_leftovers("marmalade-1a", tmp_path / "nowhere") == []
