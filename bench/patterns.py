"""The cost of patterns: parsing and asking for a cycle, as ratios to the same work in plain tuples.

    python bench/patterns.py

The floor is a loop that makes the 16 events of `bd*16` as tuples of exact fractions, in the same run, so the
ratios can be compared between machines. Every row is the best of several repeats.
"""

import timeit
from collections.abc import Callable
from fractions import Fraction

from marmalade_sc.patterns.compiler import compile_node
from marmalade_sc.patterns.language import namespace
from marmalade_sc.patterns.parser import parse
from marmalade_sc.patterns.pattern import Pattern

REPEATS = 5
ORIGIN = ("", 1, 0)
NOTATIONS = ("bd*16", "bd ~ sn ~, hh*8", "<0 [0 3] 5 4>*2", "bd(<3 5>,8,<0 2>) [sn cp]*<2 3>", "hh*16?", "[a|b|c]*4")
PATTERNS = (
    's("bd*16")',
    's("bd ~ sn ~, hh*8").every(4, fast(2)).sometimes(0.3, rev)',
    'voice("hat")("1(5,8,<0 2>)", amp="1 .6?", pan=sine(4), swing=.08)',
    'voice("bass")("<0 [0 3] 5 4>*2", scale="minor", root="a3", dur=.8, cutoff="400 .. 1600")',
    'voice("pad")(chord("<Am7 Dm9 G7 Cmaj7>/2").voicing(), amp=.3).off(1/8, add(12)).jux(rev)',
)


def seconds(work: Callable[[], object], count: int = 50) -> float:
    """Seconds per call, the best of several repeats."""
    return min(timeit.repeat(work, number=count, repeat=REPEATS)) / count


def floor_work() -> list[tuple[tuple[Fraction, Fraction], str]]:
    """Sixteen events of one cycle, without any pattern."""
    return [((Fraction(i, 16), Fraction(i + 1, 16)), "bd") for i in range(16)]


class Cycles:
    """Asks a pattern for one cycle after another, as a scheduler does."""

    def __init__(self, pattern: Pattern, frames: int = 1) -> None:
        self.pattern = pattern
        self.frames = frames
        self.cycle = 0

    def __call__(self) -> None:
        """Ask for the next cycle, in equal frames."""
        for frame in range(self.frames):
            begin = self.cycle + Fraction(frame, self.frames)
            self.pattern.onsets(begin, begin + Fraction(1, self.frames))
        self.cycle += 1


def main() -> None:
    """Print the table."""
    floor = seconds(floor_work)
    print(f"floor: 16 events as tuples, {floor * 1e6:.1f} us")
    print(f"{'parse':>8} {'us':>8} {'ratio':>8} {'cycle us':>9} {'ratio':>8}   notation")
    for text in NOTATIONS:
        parsing = seconds(lambda text=text: compile_node(parse(text), ORIGIN))  # type: ignore[misc]
        asking = seconds(Cycles(compile_node(parse(text), ORIGIN)))
        print(f"{'':8} {parsing * 1e6:8.1f} {parsing / floor:8.1f} {asking * 1e6:9.1f} {asking / floor:8.1f}   {text}")
    print(f"{'':8} {'make us':>8} {'ratio':>8} {'cycle us':>9} {'ratio':>8} {'40 frames':>10} {'ratio':>8}   pattern")
    for code in PATTERNS:
        making = seconds(lambda code=code: eval(code, namespace()), 10)  # type: ignore[misc]
        pattern = eval(code, namespace())
        asking, framed = seconds(Cycles(pattern)), seconds(Cycles(pattern, 40), 10)
        print(
            f"{'':8} {making * 1e6:8.1f} {making / floor:8.1f} {asking * 1e6:9.1f} {asking / floor:8.1f}"
            f" {framed * 1e6:10.1f} {framed / floor:8.1f}   {code}"
        )


if __name__ == "__main__":
    main()
