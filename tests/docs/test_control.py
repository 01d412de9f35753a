"""docs/control.md against the table of commands."""

import json
import os
import socket
import threading
from pathlib import Path
from typing import cast

from marmalade_sc.player.control.protocol import COMMANDS, LONGEST_LINE, VERSION
from tests.docs.fences import DOCS, fences

PAGE = DOCS / "control.md"
BEGIN, END = "<!-- from marmalade_sc/player/control/protocol.py; WRITE_GOLDEN=1 writes it anew -->\n", "<!-- end -->"
_TYPES = {
    str: "text",
    list: "list",
    dict: "object",
    int: "whole number",
    (int, float): "number",
    (int, float, str): "number or text",
}


def _table() -> str:
    rows = ["| command | kind | fields | does |", "| --- | --- | --- | --- |"]
    for name, command in COMMANDS.items():
        fields = ", ".join(f"`{field}`: {_TYPES[kind]}" for field, kind in command.fields.items())
        rows.append(f"| `{name}` | {command.kind} | {fields} | {command.doc} |")
    return "\n".join(rows) + "\n"


def test_the_table_of_commands_is_up_to_date() -> None:
    text = PAGE.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    table, _, after = rest.partition(END)
    if os.environ.get("WRITE_GOLDEN"):
        PAGE.write_text(f"{before}{BEGIN}{_table()}{END}{after}", encoding="utf-8")
        table = _table()
    assert table == _table()


def test_version_and_size_are_documented() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert f'"version": {VERSION}' in text
    assert LONGEST_LINE == 1 << 20
    assert "at most 1 MiB" in text


def test_the_documented_client_reads_the_documented_session(tmp_path: Path) -> None:
    """The client of the page against a server that says what the page says."""
    (python,) = fences(PAGE, "python")
    said = fences(PAGE, "json")[-1].text.splitlines()
    names: dict[str, object] = {}
    exec(python.text, names)
    path = tmp_path / "s"
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen(1)

    def serve() -> None:
        connection, _ = listener.accept()
        with connection, connection.makefile("rw", encoding="utf-8") as stream:
            stream.write(said[0] + "\n")
            stream.flush()
            at = 1
            while stream.readline():
                while at < len(said):
                    stream.write(said[at] + "\n")
                    at += 1
                    if "id" in json.loads(said[at - 1]):
                        break
                stream.flush()

    thread = threading.Thread(target=serve)
    thread.start()
    talk = names["talk"]
    assert callable(talk)
    messages = [{"do": "subscribe", "to": ["output"]}, {"do": "evaluate", "code": "2 + 2"}, {"do": "hush"}]
    answers = cast(list[object], talk(str(path), *messages))
    thread.join(10)
    listener.close()
    assert answers == [json.loads(line) for line in said]
