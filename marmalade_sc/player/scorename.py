"""The name `score` of the language: a score as a pattern, in a session live or rendered. A wiring."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

from marmalade_sc.errors import ScoreError
from marmalade_sc.live.session import Session
from marmalade_sc.patterns.pattern import Pattern
from marmalade_sc.scores import cut, read_score, score_pattern

__all__ = ["score_name"]


def score_name(session: Session, beats_per_cycle: Callable[[], Fraction]) -> dict[str, object]:
    """The name `score` as it is to be bound in a session."""

    def score(text: str, begin: str | None = None, end: str | None = None) -> Pattern:
        """A score in the Alda language as a pattern: its beats are those of the jam.

        Args:
            text: The score, or the name of a file that ends in .alda.
            begin: Where to begin: a time such as 0:30 or a marker.
            end: Where to end.
        """
        source = "score"
        if isinstance(text, str) and text.endswith(".alda") and "\n" not in text and ":" not in text:
            source = Path(text).name
            try:
                text = Path(text).expanduser().read_text(encoding="utf-8-sig")
            except (OSError, UnicodeDecodeError) as error:
                raise ScoreError(f"{source} cannot be read: {error}") from error
        if not isinstance(text, str):
            raise ScoreError(f"{text!r:.40} is no score", hint='Write score("piano: c d e f") or score("song.alda").')
        found = read_score(text, source, synthdefs=frozenset(session.orchestra.voices()))
        return score_pattern(cut(found, begin, end), beats_per_cycle())

    return {"score": score}
