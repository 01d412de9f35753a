"""Scores against Alda 2.4.3, when its tables lie beside the repository."""

import gzip
import json
import os
from pathlib import Path
from typing import Any

import pytest

from marmalade_sc.errors import ScoreError
from marmalade_sc.scores import read_score, score_object

SHARED = Path(os.environ.get("MARMALADE_SHARED", Path(__file__).parents[3] / "shared")) / "conformance"
TABLES = ("alda.jsonl.gz", "alda_generated.jsonl.gz")
WITHIN_MS = 0.001


def rows(name: str) -> list[dict[str, Any]]:
    """The rows of a table, none when it is not there."""
    path = SHARED / name
    if not path.exists():
        return []
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def agrees(found: dict[str, Any], expected: dict[str, Any]) -> bool:
    """Whether parts, markers and notes are the same; times within a microsecond."""
    if found["parts"] != expected["parts"] or len(found["notes"]) != len(expected["notes"]):
        return False
    times = [(found["markers"].get(name, -1.0), time) for name, time in expected["markers"].items()]
    for own, theirs in zip(found["notes"], expected["notes"], strict=True):
        times += zip(own[1:4], theirs[1:4], strict=True)
        if own[:1] + own[4:] != theirs[:1] + theirs[4:]:
            return False
    return len(found["markers"]) == len(expected["markers"]) and all(abs(a - b) <= WITHIN_MS for a, b in times)


@pytest.mark.parametrize("name", TABLES)
def test_scores_have_the_notes_that_alda_computes(name: str) -> None:
    """A piece that somebody wrote for Alda sounds as written."""
    wrong = []
    for row in rows(name):
        try:
            found = score_object(read_score(row["source"]))
            is_right = "error" not in row and agrees(found, row)
        except ScoreError:
            is_right = "error" in row
        if not is_right:
            wrong.append(row["id"])
    assert not wrong
