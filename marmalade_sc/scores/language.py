"""The name `score` as musicians call it: in the shell, and for generators, which import it from here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol

from marmalade_sc.errors import ScoreError, UsageError
from marmalade_sc.scores.instruments import INSTRUMENTS
from marmalade_sc.scores.pattern import Manner, ScorePattern, Stage, score_pattern
from marmalade_sc.scores.playing import cut
from marmalade_sc.scores.score import read_score
from marmalade_sc.scores.sounds import sounds_of

__all__ = ["Scores", "named_score", "score"]


class Scores(Protocol):
    """What a place where scores are played knows of itself."""

    @property
    def stage(self) -> Stage | None:
        """Where parts can be given tracks of their own."""

    @property
    def has_own_tempo(self) -> bool:
        """Whether a score may keep its own tempo."""

    def read(self, text: object) -> tuple[str, str]:
        """A score's text, and the name of its file or ""."""

    def synthdefs(self) -> frozenset[str]:
        """Names of synthdefs that may be instruments."""

    def beats_per_cycle(self) -> Fraction:
        """Quarters of a bar."""


def named_score(scores: Scores) -> Callable[..., ScorePattern]:
    """The function `score` for a place."""

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
    ) -> ScorePattern:
        """A score in the Alda language as a pattern that begins where it lands, and loops.

        Args:
            text: The score, or the name of a file that ends in .alda.
            begin: Where to begin: a time such as "0:30" or seconds, or a marker.
            end: Where to end.
            tempo: "jam": its beats are those of the jam; "own": it keeps its own tempo, whatever the jam's is.
            loop: False: once.
            name: Which piece it is, for a track that gets another version of what it plays. By default the file, or
                the names of its parts.
            restart: True: from its beginning, also where the track plays the same piece.
            extended: True: with Marmalade's additions to Alda.
            instruments: Synthdefs by instrument, such as {"violin": "lead"}, or tables as in a file for --instruments.
        """
        if tempo not in ("jam", "own"):
            raise UsageError(f"tempo cannot be {tempo!r:.40}", hint='Write tempo="jam" or tempo="own".')
        if tempo == "own" and not scores.has_own_tempo:
            raise UsageError("a score in a generator follows the jam", hint='Leave tempo="own" out.')
        source, file = scores.read(text)
        found = read_score(source, file or "score", strict=not extended, synthdefs=scores.synthdefs())
        points = [None if point is None else str(point) for point in (begin, end)]
        own = sounds_of(instruments) if instruments else {}
        manner = Manner(scores.beats_per_cycle(), tempo == "own", bool(loop), bool(restart), own)
        return score_pattern(cut(found, *points), manner, name or file, scores.stage)

    return score


class _AnyOther(frozenset[str]):
    """Every name that is no instrument of General MIDI may be a synthdef: which there are, the player knows."""

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name not in INSTRUMENTS


@dataclass(frozen=True, slots=True)
class _Generator:
    """In a generator: scores are texts, bars have four quarters, and the tempo is the jam's."""

    stage: Stage | None = None
    has_own_tempo: bool = False

    def read(self, text: object) -> tuple[str, str]:
        if not isinstance(text, str):
            raise ScoreError(f"{text!r:.40} is no score", hint='Write score("piano: c d e f").')
        return text, ""

    def synthdefs(self) -> frozenset[str]:
        return _AnyOther()

    def beats_per_cycle(self) -> Fraction:
        return Fraction(4)


score = named_score(_Generator())
