"""Which test stands for which threat and fault (`threats.py`); and the small ones that have no other place."""

import ast
import os
import re
from dataclasses import replace
from pathlib import Path

import pytest

from marmalade_sc.errors import PeerError
from marmalade_sc.identity.signing import sign
from marmalade_sc.peers.records import Request, open_signed, signed
from marmalade_sc.peers.requests import Asker, Desk
from marmalade_sc.peers.wire import TEXT, encode, parts_of
from marmalade_sc.player.peers.rollbook import Rollbook
from marmalade_sc.settings.table import SETTINGS
from tests.peers import makers
from tests.peers.makers import JAM, NOW
from tests.peers.threats import HELD, WHERE

pytestmark = pytest.mark.faults
ROOT = Path(__file__).resolve().parents[2]
ALICE, BOB = makers.player(1), makers.player(2)

BEGIN, END = "<!-- from tests/peers/threats.py; WRITE_GOLDEN=1 writes it anew -->\n", "<!-- end -->"


def _page() -> str:
    lines = ["| | held by | tests |", "| --- | --- | --- |"]
    for name, places in WHERE.items():
        parts = [each.partition("::") for each in places]
        tests = ", ".join(f"`{test}` in [{path}](../tests/{path})" for path, _, test in parts)
        lines.append(f"| {name} | {HELD[name.split()[0]]} | {tests} |")
    return "\n".join(lines) + "\n"


def test_the_page_of_threats_is_up_to_date() -> None:
    page = ROOT / "docs" / "threats.md"
    before, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    table, _, after = rest.partition(END)
    if os.environ.get("WRITE_GOLDEN"):
        page.write_text(f"{before}{BEGIN}{_page()}{END}{after}", encoding="utf-8")
        table = _page()
    assert table == _page()


def test_every_number_of_the_list_is_there() -> None:
    numbers = {name.split()[0] for name in WHERE}
    assert numbers >= {f"T{n}" for n in range(1, 27)} | {f"F{n}" for n in range(1, 18)} | {"O10", "O12"}
    assert numbers >= {f"W{n}" for n in range(1, 14)}
    assert numbers == set(HELD)


@pytest.mark.parametrize("threat", WHERE)
def test_each_threat_has_its_tests(threat: str) -> None:
    for place in WHERE[threat]:
        path, _, name = place.partition("::")
        tree = ast.parse((ROOT / "tests" / path).read_text(encoding="utf-8"))
        names = {each.name for each in tree.body if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)}
        assert name in names, place


def test_t16_four_hundred_made_up_players_do_not_part_two_honest_ones() -> None:
    """Half of all members are an attacker's, and answer nothing: the honest keep each other, and plays arrive."""
    from marmalade_sc.testing.network import Network

    network = Network(16, 6)
    network.start()
    assert network.run_until(network.is_whole, 60) < float("inf")
    node = network.players[0].node
    assert node is not None
    for number in range(400):
        eve = makers.player(1000 + number)
        record = replace(makers.presence(eve, address="http://10.9.9.9:2468"), made=NOW, expires=NOW + 86_400_000)
        node.take(signed(eve, record).data)
    path = network.players[5].play("i1")
    assert network.run_until(lambda: network.reach(path) == 1, 60) < 30
    network.run(60)
    honest = {each.number for each in network.players}
    assert all(honest - {each.number} <= each.present() for each in network.players)


@pytest.mark.parametrize("text", ["\x1b[2J", "\x1b]52;c;eA==\x07", "a\nb", "a\rb", "\u202egnp.exe", "\0", "\x9b31m"])
def test_t21_a_text_holds_nothing_that_a_terminal_would_obey(text: str) -> None:
    with pytest.raises(PeerError):
        TEXT.decode(text.encode())


def test_t24_nothing_switches_a_check_off() -> None:
    """No variable of the environment, no setting, no debug mode reaches the code that checks."""
    found = []
    for package in ("peers", "identity"):
        for path in (ROOT / "marmalade_sc" / package).rglob("*.py"):
            text = path.read_text(encoding="utf-8")
            found += [f"{path.name}: {each}" for each in re.findall(r"os\.environ|getenv|\bDEBUG\b|insecure", text)]
    assert found == []
    known = {"listen", "port", "announce", "trust", "known", "near", "policy", "phrase_bars", "mix"}
    assert {key.removeprefix("peers.") for key in SETTINGS if key.startswith("peers.")} == known


def test_t26_every_requirement_has_its_hash() -> None:
    for name in ("requirements.txt", "requirements-dev.txt"):
        text = (ROOT / name).read_text(encoding="utf-8").replace("\\\n", " ")
        lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
        assert lines
        assert [line for line in lines if "--hash=sha256:" not in line] == []


def test_f13_without_a_disk_friends_are_met_and_nothing_is_promised(tmp_path: Path) -> None:
    """What cannot be written down is not acknowledged; who is there is known all the same."""
    (tmp_path / "file").write_text("no folder")
    book = Rollbook(tmp_path / "file" / "jam")
    book.met(ALICE.public.raw, "https://192.0.2.1:2468")
    assert ALICE.public.raw in book.friends()
    with pytest.raises(OSError):
        book.keep(b"record")


def test_f17_another_version_of_the_protocol_is_refused_cleanly() -> None:
    data = Asker(ALICE, JAM, "", lambda: NOW).make("play", BOB.public, signed(ALICE, makers.play(ALICE)))
    request = replace(open_signed(data, (Request,), 4096).message, version=2)
    newer = encode(request) + sign(ALICE, request.PURPOSE, *parts_of(request))
    with pytest.raises(PeerError) as found:
        Desk(BOB.public, JAM, lambda: NOW).check(newer)
    assert (found.value.reason, found.value.status) == ("version", 400)
