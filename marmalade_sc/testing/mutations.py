"""Scores that somebody mistyped: pieces left out, doubled, exchanged, moved in from elsewhere. The same for a seed."""

import random
from collections.abc import Sequence
from typing import Final

__all__ = ["PIECES", "mutated"]

PIECES: Final = (
    *("*999 ", "*2 ", "*%m ", "[", "]", "{", "}", "(", ")", "V1: ", "V0: ", "'1 ", "'1-3,5 ", "%m ", "@m "),
    *("0", "9999", "/", "~", "|", "\n", "xx = ", "xx ", "piano: ", 'violin/cello "g": ', "g.cello: ", "\x00", "é", '"'),
    *("#", ".5", "ms", "o9 ", "<<<", "{c d}/e ", " (tempo! 90) ", " (quant 0) ", " (vol 50) ", " (octave 'up) "),
    *(" (transpose 99) ", " (set-duration-ms 1) ", " (midi-channel 3) ", " (set-note-length 0.001) "),
    *(" (metric-modulation 1 999) ", " (vol> 90 4) ", " (tempo> 60 8) ", " (tempo>! 200 2) ", " (swing 66) "),
    *(
        " (humanize 20) ",
        " (trill) ",
        " (grace 'd) ",
        " (strum) ",
        " (cents 50) ",
        " (tuning 'just 'd) ",
        " c4 ",
        " > ",
    ),
)
"""What is put in: words of the language, alone or where they do not belong."""


def mutated(source: str, others: Sequence[str], chance: random.Random) -> str:
    """The source with one to five changes.

    Args:
        others: scores of which pieces are moved in.
    """
    for _ in range(chance.choice((1, 1, 1, 2, 3, 5))):
        begin = chance.randrange(len(source) + 1)
        end = min(len(source), begin + chance.randint(1, 12))
        other = chance.choice(others)
        start = chance.randrange(len(other) + 1)
        middle = chance.choice(
            ("", source[begin:end] * 3, chance.choice(PIECES), other[start : start + chance.randint(1, 60)])
        )
        source = source[:begin] + middle + source[chance.choice((begin, end)) :]
    return source
