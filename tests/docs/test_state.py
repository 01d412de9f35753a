"""docs/state.md against the code that writes the state."""

import ast
import inspect
import re

import marmalade_sc.player.engine.process
import marmalade_sc.player.engine.state
from marmalade_sc.jam import keys
from tests.docs.fences import DOCS

TEXT = (DOCS / "state.md").read_text(encoding="utf-8")
ROWS = {
    key for line in TEXT.splitlines() if line.startswith("| `") for key in re.findall(r"`([^`]*)`", line.split("|")[1])
}


def test_every_key_is_documented() -> None:
    """A key that is only in the code is one that somebody writes twice."""
    made = {
        "controls": keys.controls("_player1:gen:one"),
        "denials": keys.denials("_player1:gen:one"),
        "ending": keys.ending("_player1:gen:one"),
        "events": keys.events("_player1", "gen", "one"),
        "tag": keys.tag("_player1", "gen", "one", "name"),
        "timeline": keys.timeline("main"),
        "levels": keys.levels("d1"),
        "network": keys.network("_player1"),
        "register": keys.register("timeline"),
    }
    for name in keys.__all__:
        value = getattr(keys, name)
        key = value if isinstance(value, str) else made[name]
        shapes = [re.sub(r"<\w+>", "[^:]+", re.escape(row)) for row in ROWS]
        assert any(re.fullmatch(shape, key) for shape in shapes), f"{key} is not in docs/state.md"


def test_every_field_of_the_engines_state_is_documented_and_no_other() -> None:
    function = ast.parse(inspect.getsource(marmalade_sc.player.engine.state.engine_state)).body[0]
    written = {
        key.value
        for node in ast.walk(function)
        if isinstance(node, ast.Dict)
        for key in node.keys
        if isinstance(key, ast.Constant)
    }
    written |= set(re.findall(r'state\["(\w+)"\] = ', inspect.getsource(marmalade_sc.player.engine.process)))
    section = TEXT.split("### `state:engine:main`")[1].split("##")[0]
    rows = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    assert set(re.findall(r"`(\w+)`", " ".join(rows))) == written


def test_every_order_to_the_engine_is_documented() -> None:
    orders = set(re.findall(r'order == "(\w+)"', inspect.getsource(marmalade_sc.player.engine.process)))
    assert orders
    assert [order for order in orders if f"`{order}`" not in TEXT] == []
