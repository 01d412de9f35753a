"""A score that grows line by line while it plays, as in Alda's own prompt: what a line adds is heard. A wiring."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Final

from marmalade_sc.clock.timetag import UNITS_PER_SECOND
from marmalade_sc.errors import ScoreError, UsageError
from marmalade_sc.live.session import Session
from marmalade_sc.patterns.event import Event
from marmalade_sc.patterns.pattern import Pattern, Run
from marmalade_sc.patterns.span import Span
from marmalade_sc.player.live.partnames import free_name
from marmalade_sc.scores import Growing, Manner, Row, Score, rows_of, track_names

__all__ = ["Lines"]

_AHEAD: Final = UNITS_PER_SECOND * 3 // 10
"""A line sounds at the first beat that is so far ahead: until then it has been evaluated and handed over."""
_KEPT_CYCLES: Final = 8
"""Notes that ended so long ago are forgotten."""


class Lines:
    """The name `alda` in the shell: `alda("piano: c d e")`, then `alda("f g a")` goes on in the same part.

    Each line sees all that was written before it: octaves, lengths, tempo, names, markers. What it adds sounds at the
    next beat, beside what sounds still, on a track that is called as its part.
    """

    def __init__(self, session: Session, beats_per_cycle: Callable[[], Fraction]) -> None:
        self._session = session
        self._beats = beats_per_cycle
        self._growing = Growing()
        self._rows: dict[str, list[Row]] = {}

    def __call__(self, text: str = "", *, extended: bool = False) -> "Lines | None":
        """Add a line to the score, and hear it. Without one: what there is.

        Args:
            extended: True: with Marmalade's additions to Alda, from the first line on.
        """
        if not text:
            return self
        if not isinstance(text, str):
            raise ScoreError(f"{text!r:.40} is no line of a score", hint='Write alda("piano: c d e").')
        self._growing, added = self._growing.with_line(text, frozenset(self._session.orchestra.voices()), not extended)
        if not self._session.is_restoring:
            self._sound(added)
        return None

    def new(self) -> None:
        """Begin another score; what sounds goes on to its end."""
        self._growing = Growing()

    @property
    def text(self) -> str:
        """All lines, as a score."""
        return self._growing.text

    def save(self, file: str) -> None:
        """Write the lines to a file."""
        path = Path(file).expanduser()
        try:
            path.write_text(self.text, encoding="utf-8")
        except OSError as error:
            raise UsageError(f"{file} cannot be written: {error.strerror}", hint="Choose another place.") from error

    def __repr__(self) -> str:
        return self.text or '<no lines yet: alda("piano: c d e")>'

    def _sound(self, added: Score) -> None:
        timeline = self._session.timeline()
        beats = self._beats()
        earliest = timeline.cycle(self._session.now() + _AHEAD)
        begin = Fraction(-(-(earliest * beats) // 1)) / beats
        names = track_names(added)
        fresh: dict[str, list[Row]] = {}
        for part, rows in rows_of(added, Manner(beats)).items():
            fresh[names[part]] = [(begin + first, begin + last, value) for first, last, value in rows]
        for name, rows in fresh.items():
            kept = [row for row in self._rows.get(name, []) if row[1] > begin - _KEPT_CYCLES]
            self._rows[name] = sorted([*kept, *rows], key=lambda row: row[0])
            handle = self._session.track(free_name(self._session, name))
            handle.at("now") >> _once(tuple(self._rows[name]))


def _once(rows: tuple[Row, ...]) -> Pattern:
    """Notes at cycles of the jam, once."""

    def ask(begin: Fraction, end: Fraction, run: Run) -> list[Event]:
        run.spend(len(rows))
        query = Span(begin, end)
        found = []
        for first, last, value in rows:
            whole = Span(first, last)
            part = whole.intersection(query) if first < end and last > begin else None
            if part is not None:
                found.append(Event(whole, part, dict(value)))
        return found

    return Pattern(ask)
