"""The name `score` for generators: `from marmalade_sc.scores.language import score`. Scores are texts, not files."""

from collections.abc import Mapping
from fractions import Fraction

from marmalade_sc.errors import ScoreError, UsageError
from marmalade_sc.scores.instruments import INSTRUMENTS
from marmalade_sc.scores.pattern import Manner, ScorePattern, score_pattern
from marmalade_sc.scores.playing import cut
from marmalade_sc.scores.score import read_score
from marmalade_sc.scores.sounds import sounds_of

__all__ = ["score"]


class _AnyOther(frozenset[str]):
    """Every name that is no instrument of General MIDI may be a synthdef: which there are, the player knows."""

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name not in INSTRUMENTS


def score(
    text: str,
    begin: str | float | None = None,
    end: str | float | None = None,
    *,
    tempo: str = "jam",
    loop: bool = True,
    name: str = "",
    restart: bool = False,
    extended: bool = False,
    instruments: Mapping[str, object] | None = None,
    beats_per_bar: int = 4,
) -> ScorePattern:
    """A score in the Alda language as a pattern; see docs/scores.md.

    Args:
        tempo: "jam" only: a generator follows the jam.
        beats_per_bar: quarters of a bar of the jam.

    Raises:
        ScoreError: the text is no score.
        UsageError: another tempo.
    """
    if tempo != "jam":
        raise UsageError("a score in a generator follows the jam", hint='Leave tempo="own" out.')
    if not isinstance(text, str):
        raise ScoreError(f"{text!r:.40} is no score", hint='Write score("piano: c d e f").')
    found = read_score(text, name or "score", strict=not extended, synthdefs=_AnyOther())
    points = [None if point is None else str(point) for point in (begin, end)]
    own = sounds_of(instruments) if instruments else {}
    manner = Manner(Fraction(beats_per_bar), False, bool(loop), bool(restart), own)
    return score_pattern(cut(found, *points), manner, name)
