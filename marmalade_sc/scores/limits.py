"""How large a score may be: a hostile one is refused at once and eats no memory."""

from typing import Final

__all__ = ["MAX_CHARACTERS", "MAX_DEPTH", "MAX_NESTING", "MAX_STEPS"]

MAX_CHARACTERS: Final = 1 << 20
"""Characters of a score's text, 1 Mi."""

MAX_DEPTH: Final = 60
"""Brackets, braces and parentheses inside each other in the text."""

MAX_NESTING: Final = 120
"""Events inside each other when the score is played: variables hold sequences that hold variables."""

MAX_STEPS: Final = 200_000
"""Events that may be gone through, repeats and names unfolded, once for each part of a group; counted before anything
is played. A mistyped repeat is refused within a second: so many notes take 0.8 s (4 us each on 2 virtual CPUs), and
they are more than two hours of dense music."""
