"""F13: where no more files may be opened, or nothing may be written, the music plays on, it is said, and it passes."""

import contextlib
import http.client
import itertools
import os
import socket
from collections.abc import Callable, Iterator

import pytest

from tests.live.players import LivePlayer, hearing, off_grid
from tests.live.scarcity import no_more_files, read_only
from tests.live.test_generators import STEADY, add
from tests.live.test_peers import ask, instance, listening
from tests.player.deadline import eventually

pytestmark = [pytest.mark.live, pytest.mark.faults]

_WAITING = 40
_SAID = "Nobody new can connect now"


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LivePlayer]:
    """A player that listens to others, of whom there are none."""
    with listening(tmp_path_factory.mktemp("voll é") / "spieler") as player:
        yield player


def to_the_hub(player: LivePlayer) -> socket.socket:
    made = socket.socket(socket.AF_UNIX)
    made.connect(os.fspath(player.places.control_socket))
    return made


def to_the_peers(player: LivePlayer) -> socket.socket:
    made = socket.socket()
    # Of addresses of their own: no more than 32 of one are let in at any time.
    made.bind((f"127.7.{next(_numbers) % 250}.1", 0))
    made.connect(("127.0.0.1", int(player.options["peers.port"])))
    made.sendall(b"GET /players HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    return made


_numbers = itertools.count()


@pytest.mark.parametrize(("name", "knock"), [("hub", to_the_hub), ("peers", to_the_peers)])
def test_who_comes_when_no_more_files_may_be_open_is_let_in_later_and_no_note_is_lost(
    host: LivePlayer, name: str, knock: Callable[[LivePlayer], socket.socket]
) -> None:
    """asyncio by itself writes a hundred tracebacks a second into the log, until it is full of them."""
    track = host.track()
    host.evaluate(f'{track} >> s("hh*16")')
    host.wait_for_notes(track, 16)
    pid, log = host.pid(name), host.places.logs / f"{name}.log"
    log.touch()  # the hub has nothing to say of itself as a rule
    before = len(log.read_bytes())
    with hearing(host, "news") as heard, contextlib.ExitStack() as stack:

        def said() -> list[str]:
            return [str(each["text"]) for each in heard if _SAID in str(each.get("text"))]

        with no_more_files(pid):
            knocking = [stack.enter_context(knock(host)) for _ in range(_WAITING)]
            eventually(said)
            host.wait_for_notes(track, 32)
            assert len(said()) <= 5, "once in ten seconds"
            assert "as many as it may" in said()[0]
        for each in knocking:
            each.settimeout(20)
            assert each.recv(15).startswith((b"HTTP/1.1 200 OK", b'{"hello": "marm')), "who has waited is let in"
    assert host.evaluate("1 + 1")["value"] == "2"
    assert host.pid(name) == pid, "nothing was started anew for it"
    assert b"Traceback" not in log.read_bytes()[before:]
    notes = host.wait_for_notes(track, 16)
    assert off_grid(notes, host.timeline(), 16) == ([], [], 0)
    host.evaluate("hush()")


def test_what_cannot_be_written_down_is_not_promised_and_is_when_it_can(host: LivePlayer) -> None:
    """A stick that is write-protected, a file system that has turned read-only in the middle of a set."""
    track = host.track()
    host.evaluate(f'{track} >> s("hh*16")')
    host.wait_for_notes(track, 16)
    add(host, "kept", STEADY)
    pid = host.pid("peers")
    with read_only(host.places.jam("home").root, pid):
        answer = host.ask("share", generator="kept", instance="w1", track="kept")
        assert "cannot be written down" in answer["error"]["text"]
        assert not instance(host, "w1")
        sent = host.engine()["sent"]
        eventually(lambda: host.engine()["sent"] > sent + 16)
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", int(host.options["peers.port"]))) as web:
            web.request("GET", "/players")
            assert web.getresponse().status == 200, "others are met all the same"
    ask(host, "share", generator="kept", instance="w2", track="kept")
    eventually(lambda: instance(host, "w2").get("state") == "playing")
    assert host.pid("peers") == pid
    ask(host, "share_stop", name="w2")
    after = host.engine()
    assert after["late_dropped"] == 0
    host.evaluate("hush()")
