"""Bar: of 100,000 mutated scores each is a result, or an error with line and column, within a second.

Seeds are the scores of the shared tables where they lie beside the repository, and those of the project's own tests.
Half are read strictly, half with the extensions. A second is of the processor, not of the wall: other work is no hang.
"""

import argparse
import random
import sys
import time
import traceback

from common import row
from score_tables import sources

from marmalade_sc.errors import ScoreError
from marmalade_sc.scores import parse, read_score, score_object, tree_object
from marmalade_sc.testing.mutations import mutated

SLOW_S = 1.0


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("count", type=int, nargs="?", default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    chance, seeds = random.Random(options.seed), sources()
    results = errors = 0
    bad: list[str] = []
    slowest, begun = 0.0, time.monotonic()
    for number in range(options.count):
        source = mutated(chance.choice(seeds), seeds, chance)
        before = time.process_time()
        try:
            tree_object(parse(source))
            score_object(read_score(source, strict=number % 2 == 0))
            results += 1
        except ScoreError as error:
            errors += 1
            if error.where is None or error.where.line < 1 or error.where.column < 1 or not str(error):
                bad.append(f"no place: {source!r}")
        except BaseException:  # noqa: BLE001  that is what is looked for
            bad.append(f"{traceback.format_exc()}\n{source!r}")
        took = time.process_time() - before
        if took > slowest:
            slowest = took
        if took > SLOW_S:
            bad.append(f"{took:.2f} s: {source!r}")
    for text in bad[:10]:
        print(text, file=sys.stderr)
    row(
        "fuzz",
        scores=options.count,
        seed=options.seed,
        results=results,
        errors=errors,
        bad=len(bad),
        slowest_s=round(slowest, 3),
        seconds=round(time.monotonic() - begun, 1),
        met=not bad,
    )
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
