"""The names `score` and `alda` of the language: scores as patterns, and line by line, live or rendered. A wiring."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Final

from marmalade_sc.errors import ScoreError
from marmalade_sc.live.handles import TrackHandle
from marmalade_sc.live.session import Session
from marmalade_sc.player.live.partnames import free_name
from marmalade_sc.player.live.scorelines import Lines
from marmalade_sc.scores import ScorePattern, named_score

__all__ = ["score_name"]

_MOST_BYTES: Final = 4 << 20


def score_name(session: Session, beats_per_cycle: Callable[[], Fraction]) -> dict[str, object]:
    """The names `score` and `alda` as they are to be bound in a session."""
    return {"score": named_score(_Shell(session, beats_per_cycle)), "alda": Lines(session, beats_per_cycle)}


class _Shell:
    """See `scores.Scores`."""

    has_own_tempo = True

    def __init__(self, session: Session, beats_per_cycle: Callable[[], Fraction]) -> None:
        self.stage = _Tracks(session)
        self.beats_per_cycle = beats_per_cycle
        self._session = session

    def synthdefs(self) -> frozenset[str]:
        """See `scores.Scores`."""
        return frozenset(self._session.orchestra.voices())

    def read(self, text: object) -> tuple[str, str]:
        """See `scores.Scores`."""
        if not isinstance(text, str):
            raise ScoreError(f"{text!r:.40} is no score", hint='Write score("piano: c d e f") or score("song.alda").')
        if not text.endswith(".alda") or "\n" in text or ":" in text:
            return text, ""
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
