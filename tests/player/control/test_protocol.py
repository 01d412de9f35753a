"""The control protocol's table: every command documented, fields checked, clients that cannot connect told."""

import asyncio
import json
import os
import re
import socket
import threading
from pathlib import Path
from typing import Any

import pytest

from marmalade_sc.errors import PlayerError
from marmalade_sc.player.control.protocol import COMMANDS, VERSION, Client, check_command, request


@pytest.mark.parametrize("name", list(COMMANDS))
def test_every_command_has_a_sentence_and_a_capability(name: str) -> None:
    command = COMMANDS[name]
    assert command.kind in ("look", "play")
    assert command.doc.endswith(".")
    values: dict[type, object] = {str: "x", list: [], dict: {}, int: 1}
    fields = {field: values[kind if isinstance(kind, type) else kind[0]] for field, kind in command.fields.items()}
    assert check_command({"do": name, **fields}) is command
    for field in command.fields:
        with pytest.raises(PlayerError, match=field):
            check_command({"do": name, **fields, field: None})
        with pytest.raises(PlayerError, match=field):
            check_command({"do": name, **fields, field: True})


@pytest.mark.parametrize("message", [{}, {"do": 3}, {"do": ["status"]}, {"do": "sing"}])
def test_what_is_no_command_is_refused_with_those_there_are(message: dict[str, object]) -> None:
    with pytest.raises(PlayerError, match="status, subscribe"):
        check_command(message)


class Hub:
    """A hub of one connection that answers from a list."""

    def __init__(self, path: Path, lines: list[bytes]) -> None:
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(os.fspath(path))
        self._listener.listen(4)
        self.asked: list[dict[str, Any]] = []
        self._lines = lines
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        connection, _ = self._listener.accept()
        with connection:
            stream = connection.makefile("rwb")
            stream.write(self._lines[0])
            stream.flush()
            for line in self._lines[1:]:
                asked = stream.readline()
                if not asked:
                    return
                self.asked.append(json.loads(asked))
                stream.write(line)
                stream.flush()
        self._listener.close()


HELLO = json.dumps({"hello": "marmalade", "version": VERSION, "jam": "home"}).encode() + b"\n"


async def test_answers_find_their_questions_and_events_their_listener(tmp_path: Path) -> None:
    path = tmp_path / "c.sock"
    hub = Hub(path, [HELLO, b'{"event": "output", "text": "hi"}\n{"id": 1, "ok": true}\n', b'{"id": 2, "n": 5}\n'])
    heard: list[dict[str, object]] = []
    client = Client(heard.append)
    assert (await client.connect(path))["jam"] == "home"
    assert (await client.ask("status"))["ok"]
    assert (await client.ask("tempo", bpm=90))["n"] == 5
    assert heard == [{"event": "output", "text": "hi"}]
    assert hub.asked == [{"id": 1, "do": "status"}, {"id": 2, "do": "tempo", "bpm": 90}]
    await asyncio.wait_for(client.closed.wait(), 5)
    with pytest.raises(PlayerError, match="gone"):
        await client.ask("status")
    await client.close()
    await client.close()


async def test_a_player_that_goes_while_it_is_asked_is_said(tmp_path: Path) -> None:
    Hub(tmp_path / "c.sock", [HELLO, b"not json\n"])
    client = Client(lambda event: None)
    await client.connect(tmp_path / "c.sock")
    with pytest.raises(PlayerError, match="gone"):
        await client.ask("status")
    await client.close()


async def test_another_version_is_refused(tmp_path: Path) -> None:
    Hub(tmp_path / "c.sock", [b'{"version": 99}\n'])
    client = Client(lambda event: None)
    with pytest.raises(PlayerError, match="99"):
        await client.connect(tmp_path / "c.sock")
    await client.close()


async def test_nobody_at_the_socket_is_said(tmp_path: Path) -> None:
    with pytest.raises(PlayerError, match="No player"):
        await Client(lambda event: None).connect(tmp_path / "none.sock")
    with pytest.raises(PlayerError, match="No player"):
        request(tmp_path / "none.sock", "status")


def test_a_request_skips_events_and_returns_its_answer(tmp_path: Path) -> None:
    Hub(tmp_path / "c.sock", [HELLO, b'{"event": "status"}\n{"id": 1, "value": "5"}\n'])
    assert request(tmp_path / "c.sock", "evaluate", code="5")["value"] == "5"


def test_a_request_whose_player_closes_is_said(tmp_path: Path) -> None:
    Hub(tmp_path / "c.sock", [HELLO, b""])
    with pytest.raises(PlayerError, match=re.compile("closed|No player")):
        request(tmp_path / "c.sock", "status", timeout_s=5)
