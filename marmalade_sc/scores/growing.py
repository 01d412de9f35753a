"""A score that grows by lines, each of which goes on where those before it have come to. Pure."""

from dataclasses import dataclass, replace

from marmalade_sc.errors import ScoreError
from marmalade_sc.scores.limits import MAX_CHARACTERS
from marmalade_sc.scores.parser import parse
from marmalade_sc.scores.performance import Performance
from marmalade_sc.scores.score import Score, score_of
from marmalade_sc.scores.tokens import Text

__all__ = ["Growing"]


@dataclass(frozen=True, slots=True)
class Growing:
    """The lines of a score so far."""

    lines: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """All lines as one score."""
        return "\n".join(self.lines)

    def with_line(self, line: str, synthdefs: frozenset[str], strict: bool) -> tuple["Growing", Score]:
        """The score with one line more, and the notes that the line has added, moved so that the first is at 0.

        Lines are parsed one by one: a chord or a bracket must end in its line. All are played again each time, which
        costs 4 us a note and leaves nothing behind where the new one cannot be.

        Raises:
            ScoreError: the line cannot be read or played; the score stays as it was.
        """
        if sum(map(len, self.lines)) + len(line) > MAX_CHARACTERS:
            raise ScoreError("the score has grown too long", hint="Save it, and begin another: alda.new().")
        performance = Performance(Text(f"line {len(self.lines) + 1}", line), strict, synthdefs)
        for number, before in enumerate(self.lines, 1):
            performance.text = Text(f"line {number}", before)
            performance.play(parse(before, f"line {number}", strict))
        count = len(performance.notes)
        name = f"line {len(self.lines) + 1}"
        performance.text = Text(name, line)
        performance.play(parse(line, name, strict))
        performance.roster.end_voices()
        whole = score_of(performance)
        added = performance.notes[count:]
        first_ms = min((note.offset_ms for note in added), default=0.0)
        moved = tuple(
            sorted(
                (note._replace(offset_ms=note.offset_ms - first_ms) for note in added),
                key=lambda note: (note.offset_ms, note.part, note.midi),
            )
        )
        before_bpm = [bpm for at_ms, bpm in sorted(whole.tempos.items()) if at_ms <= first_ms]
        tempos = {at_ms - first_ms: bpm for at_ms, bpm in whole.tempos.items() if at_ms > first_ms}
        if before_bpm:
            tempos = {0.0: before_bpm[-1], **tempos}
        return Growing((*self.lines, line)), replace(whole, notes=moved, tempos=tempos, end_ms=whole.end_ms - first_ms)
