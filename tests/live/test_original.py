"""A real player and one of the original, over real sockets: each asks the other to play what it has."""

import os
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from marmalade_sc.generators.archive import File, Tree, pack
from marmalade_sc.identity.keys import identity_at
from marmalade_sc.player.control.protocol import request
from marmalade_sc.player.supervision import running
from marmalade_sc.settings.places import Places
from tests.original.lisp import Lisp
from tests.player.deadline import eventually

pytestmark = pytest.mark.live

TREE = Tree.of({"start.sh": File(b"#!/bin/sh\necho hello from afar\nsleep 600\n", True)})


@pytest.fixture
def player(tmp_path: Path) -> Iterator[tuple[Places, str]]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    places = Places.find(tmp_path / "p", {"TMPDIR": str(tmp_path)})
    running.start(places, {"audio.driver": "dummy", "audio.period": "1024", "original.port": port}, "friday")
    yield places, port
    running.stop(places)


def test_generators_play_here_and_there_once_they_are_let_in(player: tuple[Places, str], tmp_path: Path) -> None:
    places, port = player
    here = f"http://127.0.0.1:{port}"

    def typed(*words: str) -> str:
        command = [sys.executable, "-m", "marmalade_sc", "--dir", str(places.root), "--set", f"original.port={port}"]
        made = subprocess.run(
            [*command, *words],
            env={**os.environ, "TMPDIR": str(tmp_path)},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert made.returncode == 0, made.stderr
        return made.stdout

    with Lisp(jam="friday") as lisp:
        lisp.generators[lisp.name, "hello"] = pack(TREE)
        refused = lisp.ask_to_play(here, "hello", "one")
        assert refused.status == 403 and b"untrusted" in refused.body
        typed("generator", "trust", lisp.name, "sandbox")
        assert lisp.ask_to_play(here, "hello", "one").body == b"OK"
        assert lisp.ask_to_play(here, "hello", "one").status == 409
        path = f"{lisp.name}:hello:one"

        def lines() -> str:
            return str(request(places.control_socket, "instance", name=path).get("lines"))

        eventually(lambda: "hello from afar" in lines(), 30.0)
        assert typed("generator", "log", path).endswith(f"{path}: playing\n")
        (row,) = request(places.control_socket, "instances")["instances"]
        assert row["requester"] == f"original {lisp.name}" and row["sha256"] == TREE.sha256

        (tmp_path / "drums").mkdir()
        program = tmp_path / "drums" / "play"
        program.write_text("#!/bin/sh\nsleep 600\n")
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        typed("generator", "pack", str(tmp_path / "drums"))
        typed("original", "play", lisp.address, "drums", "two", "--jam", "friday")
        ours = lisp.played[0][0]
        assert lisp.played == [(ours, "drums", "two")] and (ours, "drums") in lisp.generators
        said = typed("original", "who", here)
        assert str(identity_at(places.key).public) in said and ours in said
