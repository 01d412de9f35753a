"""Bar: 2 s for parsing and compiling the 29 longest shared scores in one process, beside aldakit, another program.

aldakit is installed into a venv in a temporary folder, and is asked for the same: text to a list of timed notes. Where
it does not install the row says so. Each side takes the best of several rounds, in its own process, one after the
other. Notes are counted on both sides, for they do not always agree: ours are Alda 2.4's.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from common import row
from score_tables import OWN, table

from marmalade_sc.scores import read_score

COUNT = 29
THEIRS = """
import json, sys, time
import aldakit
sources = json.load(open(sys.argv[1]))
best, notes, failed = float("inf"), 0, 0
for _ in range(int(sys.argv[2])):
    notes = failed = 0
    begin = time.perf_counter()
    for source in sources:
        try:
            notes += len(aldakit.generate_midi(aldakit.parse(source)).notes)
        except Exception:
            failed += 1
    best = min(best, time.perf_counter() - begin)
print(json.dumps({"seconds": best, "notes": notes, "failed": failed}))
"""


def longest() -> list[str]:
    """The longest scores that can be read."""
    rows = [row for row in table("alda.jsonl.gz") + table("alda_generated.jsonl.gz") if "error" not in row]
    sources = sorted((str(row["source"]) for row in rows), key=len, reverse=True)
    return sources[:COUNT] or [text * 40 for text in OWN]


def ours(sources: list[str], rounds: int) -> tuple[float, int]:
    """Seconds of the best round, and notes."""
    best, notes = float("inf"), 0
    for _ in range(rounds):
        begin = time.perf_counter()
        notes = sum(len(read_score(source).notes) for source in sources)
        best = min(best, time.perf_counter() - begin)
    return best, notes


def theirs(sources: list[str], rounds: int) -> dict[str, float] | None:
    """The same of aldakit; None where it does not install."""
    with tempfile.TemporaryDirectory(prefix="marmalade-bench-") as folder:
        python = Path(folder) / "venv" / "bin" / "python"
        steps = (
            [sys.executable, "-m", "venv", Path(folder) / "venv"],
            [python, "-m", "pip", "-q", "install", "aldakit"],
        )
        for step in steps:
            if subprocess.run([*map(str, step)], capture_output=True, check=False).returncode:
                return None
        file = Path(folder) / "sources.json"
        file.write_text(json.dumps(sources))
        done = subprocess.run(
            [str(python), "-c", THEIRS, str(file), str(rounds)],
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )
        found: dict[str, float] | None = json.loads(done.stdout) if not done.returncode else None
        return found


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    sources = longest()
    first_s, _ = ours(sources, 1)
    seconds, notes = ours(sources, rounds)
    peer = theirs(sources, rounds)
    row(
        "scores",
        scores=len(sources),
        characters=sum(map(len, sources)),
        notes=notes,
        first_round_s=round(first_s, 3),
        seconds=round(seconds, 3),
        aldakit=peer and {name: round(value, 3) for name, value in peer.items()},
        ratio_to_aldakit=peer and round(seconds / peer["seconds"], 2),
        met=first_s <= 2.0,
    )
    return 0 if first_s <= 2.0 else 1


if __name__ == "__main__":
    sys.exit(main())
