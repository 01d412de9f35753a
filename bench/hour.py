"""Bar: onsets of an hour-long render at 44.1, 48 and 96 kHz: 0 samples off the grid, in the stem and in the master.

One-sample impulses at awkward times, with a new tempo or a ramp each minute, go the way of every render. A note belongs
on sample floor(t * rate + 1/2); the stem is held against that, and the master less what its limiter delays.
"""

import argparse
import tempfile
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

from common import row
from onsets import TICK, onsets_of

from marmalade_sc.clock.timetag import UNITS_PER_SECOND
from marmalade_sc.engine.dispatcher import Dispatcher
from marmalade_sc.engine.packets import Packet
from marmalade_sc.engine.score import LEAD, sample_of
from marmalade_sc.live.operations import Operation, Ramp, Tempo
from marmalade_sc.player.rendering.offline import orchestra_for
from marmalade_sc.player.rendering.render import Rendering, SetPlayer
from marmalade_sc.settings.load import load
from marmalade_sc.settings.places import Places

SET = 'clock.bpm = 31.7\nd1 >> tick("0*7 0*11 <0*5 0*13>").set(amp=.5)\n'
TEMPOS: tuple[Operation, ...] = (
    Tempo(37.3),
    Ramp(29.9, Fraction(4)),
    Tempo(41.7),
    Ramp(53.1, Fraction(3)),
    Tempo(31.7),
)


class Changing(SetPlayer):
    """A set whose tempo somebody changes each minute."""

    def run(self, dispatcher: Dispatcher, end: int) -> Iterator[tuple[int, list[Packet]]]:
        """See `SetPlayer`."""
        following, count = self.clock.now() + 60 * UNITS_PER_SECOND, 0
        for now, packets in super().run(dispatcher, end):
            if now >= following:
                self.scheduler.carry_out([TEMPOS[count % len(TEMPOS)]], now)
                following, count = following + 60 * UNITS_PER_SECOND, count + 1
            yield now, packets


def run(rate: int, minutes: float) -> None:
    """One row."""
    with tempfile.TemporaryDirectory(prefix="marmalade-bench-") as name:
        folder = Path(name)
        (folder / "defs").mkdir()
        (folder / "defs" / "tick.py").write_text(TICK)
        places = Places.find(folder / "player")
        orchestra, definitions = orchestra_for(places, load(places.config), folder / "defs")
        player = Changing(orchestra, SET, "hour")
        rendering = Rendering(player, definitions, "scsynth", rate=rate, tail_s=0.5, with_stems=True)
        begin = time.monotonic()
        delay = rendering.run(folder / "raw", rendering.end_of(None, 60 * minutes))
        rendered_s = time.monotonic() - begin
        size = (folder / "raw").stat().st_size
        wanted = [sample_of(note.timetag, rate) for note in sorted(rendering.notes, key=lambda note: note.timetag)]
        found = {
            "stem": [onset - LEAD for onset in onsets_of(folder / "raw", 2)],
            "master": [onset - LEAD - delay for onset in onsets_of(folder / "raw", 0)],
        }
    wrong = {each: _wrong(onsets, wanted) for each, onsets in found.items()}
    row(
        "hour",
        rate=rate,
        minutes=minutes,
        notes=len(wanted),
        wrong_in_stem=wrong["stem"],
        wrong_in_master=wrong["master"],
        tempos=sum(1 for _ in range(int(minutes) - 1)),
        times_real_time=round(60 * minutes / rendered_s, 1),
        gigabytes=round(size / 1e9, 2),
        met=not any(wrong.values()) and minutes >= 60,
    )


def _wrong(onsets: list[int], wanted: list[int]) -> int:
    return sum(a != b for a, b in zip(onsets, wanted, strict=False)) + abs(len(onsets) - len(wanted))


def main() -> None:
    """Measure as the arguments say."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--rate", type=int, action="append", help="44100, 48000 and 96000 when none is given")
    options = parser.parse_args()
    for rate in options.rate or (44_100, 48_000, 96_000):
        run(rate, options.minutes)


if __name__ == "__main__":
    main()
