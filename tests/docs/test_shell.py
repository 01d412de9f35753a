"""docs/shell.md against the table of keys."""

import os

from marmalade_sc.settings.keys import ACTIONS
from tests.docs.fences import DOCS

PAGE = DOCS / "shell.md"
BEGIN, END = "<!-- from marmalade_sc/settings/keys.py; WRITE_GOLDEN=1 writes it anew -->\n", "<!-- end -->"


def _table() -> str:
    rows = ["| keys | action | does |", "| --- | --- | --- |"]
    rows += [f"| `{action.keys}` | `{name}` | {action.doc} |" for name, action in ACTIONS.items()]
    return "\n".join(rows) + "\n"


def test_the_table_of_keys_is_up_to_date() -> None:
    text = PAGE.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    table, _, after = rest.partition(END)
    if os.environ.get("WRITE_GOLDEN"):
        PAGE.write_text(f"{before}{BEGIN}{_table()}{END}{after}", encoding="utf-8")
        table = _table()
    assert table == _table()


def test_the_pictures_are_there() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for name in ("plain-dark", "plain-light", "full-dark", "full-light"):
        assert f"images/{name}.svg" in text
