"""Changes of attributes while a score is played: of the parts that play, or of all parts from a time on."""

import math
from typing import Final

from marmalade_sc.scores.attributes import PLAIN, TEMPI, GlobalChanges, apply
from marmalade_sc.scores.expression import counted, feel_changed, is_extension, settle
from marmalade_sc.scores.parts import Part, Roster
from marmalade_sc.scores.tree import Attribute, Change

__all__ = ["Changes"]

_MOST_TEMPOS: Final = 256
"""Steps in which a tempo that goes somewhere is told."""


class Changes:
    """See the module.

    Attributes:
        tempos: bpm of the first part by the time in ms from which it holds: those are the score's own.
    """

    def __init__(self, roster: Roster) -> None:
        self.tempos: dict[float, float] = {}
        self._roster = roster
        self._globals = GlobalChanges()

    def make(self, attribute: Attribute) -> None:
        """Make a change, or note it down for all parts.

        Raises:
            ValueError: it cannot be; its arguments are a message and a hint.
        """
        current = self._roster.current
        if not attribute.everywhere:
            for part in current:
                self._change(attribute.change, part, part.current_ms)
                part.override = attribute.change.kind  # it wins over one for all parts until the next note
            return
        offsets = [part.current_ms for part in current] or [0.0]
        if any(offset != offsets[0] for offset in offsets):
            raise ValueError("the parts of this group are apart here", "Change one part's, or all before.")
        self._globals.record(offsets[0], attribute.change)

    def catch_up(self) -> None:
        """Make the changes for all parts that the current ones have passed; their own newest change wins.

        Raises:
            ValueError: a part cannot take one; those after it are not made.
        """
        for part in self._roster.current:
            for at_ms, change in self._globals.between(part.last_ms, part.current_ms) if self._globals else ():
                if change.kind != part.override:
                    self._change(change, part, at_ms)
            part.override = None

    def _change(self, change: Change, part: Part, at_ms: float) -> None:
        if is_extension(change.kind):
            if not (math.isfinite(at_ms) and math.isfinite(part.tempo) and part.tempo > 0):
                raise ValueError("there is no time from which this could count", "A tempo before it is endless.")
            feel_changed(change, part, at_ms)
        else:
            field = "tempo" if change.kind in TEMPI else PLAIN.get(change.kind, "")
            settle(part, field, at_ms)
            apply(change, part)
            if field == "tempo":
                counted(part, at_ms)
        is_first = part.number == self._roster.parts[0].number
        if change.kind in TEMPI and is_first and math.isfinite(part.current_ms):
            self._note_tempo(part)

    def _note_tempo(self, part: Part) -> None:
        pulse = part.feel.pulse if part.feel is not None else None
        if pulse is None or pulse.is_steady:
            self.tempos[part.current_ms] = part.tempo
            return
        steps = min(_MOST_TEMPOS, max(4, math.ceil(pulse.over * 4)))
        for step in range(steps + 1):
            at_ms = pulse.ms(pulse.at_beat + pulse.over * step / steps)
            self.tempos[at_ms] = 60_000 / pulse.beat_ms_at(at_ms)
