"""The notation against independent systems (Tidal 1.10, Strudel 1.2), when their tables lie beside the repository."""

import gzip
import json
import os
from pathlib import Path
from typing import Any

import pytest

from marmalade_sc.errors import NotationError
from marmalade_sc.patterns.onsets import notation_onsets

SHARED = Path(os.environ.get("MARMALADE_SHARED", Path(__file__).parents[3] / "shared")) / "conformance"

# Rows of the operators table that only Strudel reads, or where our rule set says otherwise than Tidal:
# docs/adr/0002-notation-rules.md.
AS_STRUDEL = {
    "1.5 .5", "<a b>:3", "[a b]:3", "a (3,8)", "a!2*2 b", "a!2.5 b", "a!2@2 b", "a#", "#a", "a:<1 2>", "a@2!2 b",
    "a@3*2 b", "drum:2 drum:<3 4>", "ä ö",
}  # fmt: skip
OURS = {"0 .. 2 5": [["0", "1/4", "0"], ["1/4", "1/2", "2"], ["1/2", "1", "5"]]}


def rows(name: str) -> list[dict[str, Any]]:
    """The rows of a table, none when it is not there."""
    path = SHARED / name
    if not path.exists():
        return []
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def listed(source: str, cycles: int) -> list[list[str]]:
    return [[str(begin), str(end), str(value)] for begin, end, value in notation_onsets(source, cycles)]


def as_ours(onsets: list[list[Any]]) -> list[list[str]]:
    return sorted([begin, end, str(value)] for begin, end, value in onsets)


@pytest.mark.parametrize("table", ["mini_notation.jsonl.gz", "euclid.jsonl.gz"])
def test_what_tidal_and_strudel_agree_on_is_what_we_play(table: str) -> None:
    wrong = [row["source"] for row in rows(table) if listed(row["source"], row["cycles"]) != row["onsets"]]
    assert wrong == []


def test_every_operator_follows_our_rule_set() -> None:
    wrong = []
    for row in rows("mini_notation_operators.jsonl.gz"):
        source = row["source"]
        if row["random"]:
            continue
        try:
            got: list[list[str]] | None = sorted(listed(source, row["cycles"]))
        except NotationError as error:
            assert error.where is not None
            got = None
        if source in OURS:
            if listed(source, 1) != OURS[source]:
                wrong.append(source)
            continue
        judge = row["strudel_1_2" if source in AS_STRUDEL else "tidal_1_10"]
        wanted = None if "error" in judge else as_ours(judge["onsets"])
        if got != wanted:
            wrong.append(source)
    assert wrong == []
