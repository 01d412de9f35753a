"""What players can name is in the documentation, and what is documented is there."""

import re
from pathlib import Path

from marmalade_sc.measures.compare import NAMES
from marmalade_sc.measures.expect import parse_expectation
from marmalade_sc.synthdefs.catalogue import bundled_folder
from marmalade_sc.synthdefs.compile import build_source

DOCS = Path(__file__).parent.parent.parent / "docs"


def test_every_sound_and_alias_is_documented_and_no_other() -> None:
    text = (DOCS / "synthdefs.md").read_text(encoding="utf-8")
    section = text.split("## Sounds that come with it")[1].split("At the default level")[0]
    rows = [line for line in section.splitlines() if line.startswith("| ") and not line.startswith("| kind")]
    documented = set(re.findall(r"[a-z][a-z0-9_]*", " ".join(row.split("|")[2] for row in rows)))
    named: set[str] = set()
    for file in bundled_folder().glob("*.py"):
        definition = build_source(file.read_text(encoding="utf-8"), file).definition
        named |= {definition.name, *definition.aliases}
    assert documented == named


def test_the_documented_synthdef_builds() -> None:
    text = (DOCS / "synthdefs.md").read_text(encoding="utf-8")
    source = text.split("```python\n")[1].split("```")[0]
    assert build_source(source, Path("tone.py")).definition.aliases == ("beep",)


def test_every_measure_is_documented_and_the_example_is_read() -> None:
    text = (DOCS / "measures.md").read_text(encoding="utf-8")
    assert [name for name in NAMES if f"`{name}`" not in text] == []
    examples = [part.split("```")[0] for part in text.split("```json\n")[1:]]
    assert [bool(parse_expectation(example).measures) for example in examples] == [True, True]
