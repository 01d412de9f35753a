"""Scores to measure with: those of the shared tables where they lie beside the repository, else a few of our own."""

import gzip
import json
import os
from pathlib import Path

__all__ = ["OWN", "sources", "table"]

SHARED = Path(os.environ.get("MARMALADE_SHARED", Path(__file__).parents[2] / "shared")) / "conformance"

OWN = (
    '(tempo! 96)\nviolin/cello "strings":\n  o4 c4 d8 e f2 | [c8 d e f]*2 %middle\npiano:\n  @middle o3 c1/e/g\n',
    "riff = [c8 d'1 e'2]*2\npiano: (key-sig '(d major)) V1: riff {c d e}2 V2: < c1~1 V0: riff*3 (quant 50) g4.~16\n",
    "midi-percussion: o2 [c4 d8 f+ f+]*8 (vol! 80) guitar: (pan 20) (transpose -12) o4 {c {d e} f}1 r500ms c1.5s\n",
)


def table(name: str) -> list[dict[str, object]]:
    """The rows of a table, none when it is not there."""
    path = SHARED / name
    if not path.exists():
        return []
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def sources() -> list[str]:
    """All scores there are, those too that Alda refuses."""
    rows = table("alda.jsonl.gz") + table("alda_generated.jsonl.gz")
    return [str(row["source"]) for row in rows] or list(OWN)
