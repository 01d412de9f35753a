"""docs/protocol.md against the classes and tables that it describes."""

import os
import re
from collections.abc import Callable

import pytest

from marmalade_sc.peers import wire
from marmalade_sc.peers.chatter import CHATTER, CLOCKS
from marmalade_sc.peers.datagrams import LARGEST_DATAGRAM, Datagram
from marmalade_sc.peers.invites import Invite
from marmalade_sc.peers.passes import Knock, Pass
from marmalade_sc.peers.records import LARGEST_RECORD, METHODS, RECORDS, REQUEST_BYTES, Request
from marmalade_sc.peers.refusals import REFUSALS
from marmalade_sc.peers.server import RECORD_HEADER
from marmalade_sc.peers.wire import Codec, Message, fields_of
from tests.docs.fences import DOCS

PAGE = DOCS / "protocol.md"


def _codecs() -> str:
    found = {each.name: each.doc for each in vars(wire).values() if isinstance(each, Codec)}
    rows = [f"| {name} | {doc} |" for name, doc in sorted(found.items())]
    return "\n".join(["| codec | bytes |", "| --- | --- |", *rows]) + "\n"


def _messages(*kinds: type[Message]) -> str:
    rows = ["| kind | purpose | fields |", "| --- | --- | --- |"]
    for kind in kinds:
        fields = ", ".join(
            f"`{name}`: {codec.doc if codec.name == 'word' else codec.name}" for name, codec in fields_of(kind)
        )
        purpose = getattr(kind, "PURPOSE", "")
        rows.append(f"| {kind.KIND:02x} | {f'`{purpose}`' if purpose else f'({kind.__name__})'} | {fields} |")
    return "\n".join(rows) + "\n"


def _refusals() -> str:
    rows = [f"| {status} | `{code}` | {sentence} |" for code, (status, sentence) in REFUSALS.items()]
    return "\n".join(["| status | code | means |", "| --- | --- | --- |", *rows]) + "\n"


TABLES: dict[str, Callable[[], str]] = {
    "codecs": _codecs,
    "requests": lambda: _messages(Request, Knock),
    "records": lambda: _messages(*RECORDS),
    "datagrams": lambda: _messages(Datagram, *CHATTER, *CLOCKS),
    "invites": lambda: _messages(Invite, Pass),
    "refusals": _refusals,
}


@pytest.mark.parametrize("name", TABLES)
def test_the_tables_are_up_to_date(name: str) -> None:
    text = PAGE.read_text(encoding="utf-8")
    begin = re.search(rf"<!-- {name}, from .*? -->\n", text)
    assert begin is not None
    end = text.index("<!-- end -->", begin.end())
    if os.environ.get("WRITE_GOLDEN"):
        text = text[: begin.end()] + TABLES[name]() + text[end:]
        PAGE.write_text(text, encoding="utf-8")
        end = text.index("<!-- end -->", begin.end())
    assert text[begin.end() : end] == TABLES[name]()


def test_sizes_are_documented() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert f"{LARGEST_RECORD:,} bytes" in text
    assert f"{REQUEST_BYTES:,} bytes" in text
    assert f"{LARGEST_DATAGRAM:,} bytes" in text


def test_the_routes_are_documented() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert all(f"/{method}`" in text for method in METHODS)
    assert all(f"`{name}" in text for name in ("GET /players", "GET /generators", "GET /generator/"))
    assert RECORD_HEADER in text
