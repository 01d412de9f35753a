"""The client of generators, against a server that says what a test wants."""

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from marmalade_sc.errors import JamError
from marmalade_sc.sdk.client import Client


class Server:
    """Answers each connection with the next of some bytes, then closes it; notes what it was sent."""

    def __init__(self, path: Path) -> None:
        self.path = str(path)
        self.answers: list[list[bytes]] = []
        self.heard: list[bytes] = []
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(self.path)
        self._listener.listen()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection:
                for answer in self.answers.pop(0) if self.answers else []:
                    self.heard.append(connection.recv(1 << 20))
                    connection.sendall(answer)

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(5)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    one = Server(tmp_path / "s")
    yield one
    one.close()


def test_requests_are_packed_and_answers_of_all_kinds_read(server: Server) -> None:
    server.answers = [[b"+OK\r\n:7\r\n$-1\r\n*2\r\n$3\r\na\r\n\r\n*0\r\n-ERR no\r\n"]]
    client = Client(server.path)
    found = client.pipeline([["A", 1], ["B"], ["C"], ["D"], ["E"]])
    assert found[:4] == [b"OK", 7, None, [b"a\r\n", []]]
    assert isinstance(found[4], JamError) and found[4].message == "ERR no"
    assert server.heard[0].startswith(b"*2\r\n$1\r\nA\r\n$1\r\n1\r\n*1\r\n$1\r\nB\r\n")
    client.close()


def test_an_error_is_raised_by_a_call(server: Server) -> None:
    server.answers = [[b"-DENIED no\r\n"]]
    client = Client(server.path)
    with pytest.raises(JamError, match="DENIED"):
        client.call("KEYS")
    client.close()


def test_a_broken_connection_is_told_and_opened_again(server: Server) -> None:
    server.answers = [[b"$10\r\nabc"], [b"+PONG\r\n"]]
    client = Client(server.path)
    with pytest.raises(JamError, match="broke"):
        client.call("PING")
    assert client.call("PING") == b"PONG"
    assert client.reconnects == 1
    client.close()


@pytest.mark.parametrize("answer", [b"!oops\r\n", b"$99999999999\r\n", b"*x\r\n", b"*1\r\n" * 20])
def test_what_is_no_answer_is_refused(server: Server, answer: bytes) -> None:
    server.answers = [[answer]]
    client = Client(server.path)
    with pytest.raises(JamError, match="broke"):
        client.call("PING")
    client.close()


def test_nobody_there_is_a_jam_error(tmp_path: Path) -> None:
    with pytest.raises(JamError, match="cannot be reached"):
        Client(str(tmp_path / "none")).call("PING")
