"""Completion and documentation with 500 names of the user's and everything that comes with Marmalade.

    python bench/assist.py

The bar is 30 ms for a completion. The floor is a plain filter of the same names by their beginning, in the same run.
Each row is the median of several rounds; `worst_ms` is the slowest single call of 200.
"""

import gc
import time
from collections.abc import Callable

from common import content, median_us, row

from marmalade_sc.assist import Words, complete, document
from marmalade_sc.player.sounds.content import read_orchestra
from marmalade_sc.sdk.instruments import Bank, Orchestra, Sample

NAMES = 500
BAR_MS = 30.0
CASES = (
    "",
    "d",
    "na",
    "n4",
    's("',
    's("bd sn ba',
    's("bd").',
    's("bd").ev',
    'bass("0 3", ',
    'bass("0 3", cu',
    'bass("0", scale="',
    'chord("<Am',
    'help("',
    "d1.f",
)


def everything() -> tuple[Words, list[str]]:
    """Words of a large set: 500 names, 100 banks, all bundled sounds."""
    with content() as folder:
        bundled = read_orchestra(folder / "catalogue.json", folder / "banks.json")
    banks = [Bank(f"bank{number}", tuple(Sample(each, 1, 0.5) for each in range(20))) for number in range(100)]
    orchestra = bundled.extended(Orchestra((), banks))
    names = [f"name{number}" for number in range(NAMES)]
    rows = [{"name": name, "kind": "pattern", "signature": "", "doc": f"It is {name}."} for name in names]
    begin = time.perf_counter()
    words = Words.of(orchestra=orchestra, names={"names": rows, "tracks": ["d1", "d2"]})
    row("assist.words", ms=round((time.perf_counter() - begin) * 1e3, 2), names=len(words.top))
    return words, names


def worst_ms(work: Callable[[], object], count: int = 200) -> float:
    """The slowest of so many calls."""
    slowest = 0.0
    for _ in range(count):
        begin = time.perf_counter()
        work()
        slowest = max(slowest, time.perf_counter() - begin)
    return slowest * 1e3


def main() -> None:
    """Print a row per case."""
    words, names = everything()
    gc.collect()
    gc.freeze()  # supriya, which built the sounds here, is in no process that completes
    everything_named = [*names, *words.top]
    floor = median_us(lambda: [name for name in everything_named if name.startswith("na")], 100)
    row("assist.floor", us=round(floor, 1), names=len(everything_named))
    before = 'beat = s("bd ~ sn ~")\n' * 200
    for case in CASES:
        for place, code in (("alone", case), ("behind 200 lines", before + case)):
            found = len(complete(code, len(code), words)[1])
            us = median_us(lambda code=code: complete(code, len(code), words), 20)  # type: ignore[misc]
            worst = worst_ms(lambda code=code: complete(code, len(code), words))  # type: ignore[misc]
            row(
                "assist.complete",
                code=case,
                where=place,
                found=found,
                ms=round(us / 1e3, 3),
                ratio=round(us / floor, 1),
                worst_ms=round(worst, 2),
                met=us / 1e3 <= BAR_MS,
            )
    code = before + 's("bd").every(4, fast(2))'
    us = median_us(lambda: document(code, len(code) - 15, words), 20)
    row("assist.document", ms=round(us / 1e3, 3), ratio=round(us / floor, 1), met=us / 1e3 <= BAR_MS)


if __name__ == "__main__":
    main()
