"""A score that was played through: its parts, its notes in order of time, its markers."""

import contextlib
import gc
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from marmalade_sc.scores.instruments import Instrument
from marmalade_sc.scores.parser import parse
from marmalade_sc.scores.performance import Performance
from marmalade_sc.scores.sounding import Sounding
from marmalade_sc.scores.tokens import Text, asks_for_extensions

__all__ = ["Score", "ScorePart", "read_score", "score_of"]


@dataclass(frozen=True, slots=True)
class ScorePart:
    """A part: its number (from 1, with gaps), its name in the text, the names that it alone was given."""

    number: int
    name: str
    aliases: tuple[str, ...]
    instrument: Instrument

    @property
    def id(self) -> str:
        """Its name in lists of notes, such as part001."""
        return f"part{self.number:03}"


@dataclass(frozen=True, slots=True)
class Score:
    """Parts in the order of their appearance; notes by time, part and pitch; markers in milliseconds.

    `tempos` is the bpm of the first part by the time in ms from which it holds; `end_ms` where the last part is over,
    rests at its end among it.
    """

    parts: tuple[ScorePart, ...]
    notes: tuple[Sounding, ...]
    markers: Mapping[str, float]
    tempos: Mapping[float, float]
    end_ms: float = 0.0

    @property
    def length_ms(self) -> float:
        """Where the last note's length ends, in milliseconds; 0 without notes."""
        return max((note.offset_ms + max(note.duration_ms, note.audible_ms) for note in self.notes), default=0.0)


def read_score(
    text: str, source: str = "score", *, strict: bool = True, synthdefs: frozenset[str] = frozenset()
) -> Score:
    """Read a score and play it through.

    Args:
        text: The score in Alda's language.
        source: What the text is called in errors.
        strict: Whether it is read as Alda 2.4 reads it; else extensions are there and Alda's bugs are not. A score
            whose first line is `# marmalade: extended` is never read strictly.
        synthdefs: Names of synthdefs that may be instruments too.

    Raises:
        ScoreError: the text is no score, or cannot be played; has line and column.
    """
    strict = strict and not asks_for_extensions(text)
    with _without_sweeps():
        events = parse(text, source, strict)
        performance = Performance(Text(source, text), strict, synthdefs)
        performance.play(events)
        return score_of(performance)


@contextlib.contextmanager
def _without_sweeps() -> Iterator[None]:
    """A score of 5,000 notes makes 50,000 objects and no cycle among them: looking for some costs a quarter more."""
    swept = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if swept:
            gc.enable()


def score_of(performance: Performance) -> Score:
    """What a performance has played."""
    roster = performance.roster
    parts = tuple(
        ScorePart(
            part.number,
            part.name,
            tuple(name for name, named in roster.aliases.items() if len(named) == 1 and named[0] is part),
            part.instrument,
        )
        for part in roster.parts
    )
    notes = sorted(performance.notes, key=lambda note: (note.offset_ms, note.part, note.midi))
    ends = (note.offset_ms + note.duration_ms for note in notes)
    end_ms = max((*ends, *filter(math.isfinite, roster.ends_ms())), default=0.0)
    return Score(parts, tuple(notes), performance.markers, performance.tempos, end_ms)
