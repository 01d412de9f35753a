"""The names `score` and `alda` of the language: scores as patterns, and line by line, live or rendered. A wiring."""

from collections.abc import Callable, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Final

from marmalade_sc.errors import ScoreError, UsageError
from marmalade_sc.live.handles import TrackHandle
from marmalade_sc.live.session import Session
from marmalade_sc.player.partnames import free_name
from marmalade_sc.player.scorelines import Lines
from marmalade_sc.scores import Manner, ScorePattern, cut, read_score, score_pattern, sounds_of

__all__ = ["score_name"]

_MOST_BYTES: Final = 4 << 20


def score_name(session: Session, beats_per_cycle: Callable[[], Fraction]) -> dict[str, object]:
    """The names `score` and `alda` as they are to be bound in a session."""
    stage = _Tracks(session)

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
        text, source = _read(text)
        found = read_score(text, source, strict=not extended, synthdefs=frozenset(session.orchestra.voices()))
        points = [None if point is None else str(point) for point in (begin, end)]
        own = sounds_of(instruments) if instruments else {}
        manner = Manner(beats_per_cycle(), tempo == "own", bool(loop), bool(restart), own)
        return score_pattern(cut(found, *points), manner, name or ("" if source == "score" else source), stage)

    return {"score": score, "alda": Lines(session, beats_per_cycle)}


def _read(text: object) -> tuple[str, str]:
    """A score's text and what it is called."""
    if not isinstance(text, str):
        raise ScoreError(f"{text!r:.40} is no score", hint='Write score("piano: c d e f") or score("song.alda").')
    if not text.endswith(".alda") or "\n" in text or ":" in text:
        return text, "score"
    path = Path(text).expanduser()
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise ScoreError(f"{path.name} is too large", hint="A score may have 1 Mi characters.")
        return path.read_text(encoding="utf-8-sig"), path.name
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ScoreError(f"{text} cannot be read: {reason}", hint=f"The player works in {Path.cwd()}.") from error


class _Tracks:
    """Tracks for the parts of scores: each is called as its part, so far as a name of code can be."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def play(self, song: ScorePattern, at: object) -> None:
        """See `scores.Stage`."""
        for name, handle in self._handles(song):
            handle.at(at) >> song.part(name)  # type: ignore[arg-type]  # says itself what it cannot be

    def stop(self, song: ScorePattern) -> None:
        """See `scores.Stage`."""
        for _, handle in self._handles(song):
            handle.stop()

    def _handles(self, song: ScorePattern) -> list[tuple[str, TrackHandle]]:
        return [(name, self._session.track(free_name(self._session, name))) for name in song.parts]
