"""Bar: timetags of 30 tracks over 10 minutes of virtual time, by the live path, are the ideal ones (to 1 unit)."""

from fractions import Fraction

from common import content, row

from marmalade_sc.clock.timeline import Timeline
from marmalade_sc.clock.timetag import UNITS_PER_SECOND
from marmalade_sc.engine.dispatcher import Dispatcher
from marmalade_sc.engine.limits import Limits
from marmalade_sc.engine.mixer import Mixer
from marmalade_sc.engine.voices import VoiceTable
from marmalade_sc.live.lane import Lane
from marmalade_sc.live.operations import Grid, Ramp, Replace, Tempo
from marmalade_sc.live.scheduler import Scheduler
from marmalade_sc.patterns.controls import control
from marmalade_sc.player.sounds.content import read_definitions, read_orchestra
from marmalade_sc.sdk.frames import Frame

MINUTES = 10
TEXTS = ["hh*16", "bd(5,13)", "sn*<3 5 7>", "[cp rim*3]*2", "bd*7 hh*11", "hh*8?", "<bd sn>*5", "{bd hh sn}%7"]


def main() -> None:
    start = 10_000 * UNITS_PER_SECOND + 12_345
    with content() as cache:
        orchestra = read_orchestra(cache / "catalogue.json", cache / "banks.json")
        definitions = read_definitions(cache / "catalogue.json", cache / "banks.json", cache)
    timeline = Timeline.steady("127.3", start)
    scheduler = Scheduler(orchestra, timeline)
    lanes = [Lane(control("s", TEXTS[k % len(TEXTS)]), k) for k in range(30)]
    now = start - 2 * scheduler.timing.settled
    scheduler.carry_out([Replace(f"d{k}", lane) for k, lane in enumerate(lanes)], now)
    scheduler.carry_out([Tempo(97.7, Grid(Fraction(64))), Ramp(141, Fraction(33), Grid(Fraction(128)))], start)
    heard: dict[str, list[int]] = {}
    voices = VoiceTable("wall")
    voices.add(definitions.rows)
    dispatcher = Dispatcher(
        voices, Mixer(), Limits(), log=lambda due, track, data, sample: heard.setdefault(track, []).append(due)
    )
    end = start + MINUTES * 60 * UNITS_PER_SECOND
    while now < end:
        for frame in scheduler.frames(now):
            raw = {name.encode(): v if isinstance(v, bytes) else str(v).encode() for name, v in frame.fields().items()}
            dispatcher.accept(Frame.read(raw), "bench", now)
        dispatcher.due(now)
        now += scheduler.timing.frame
    worst = 0.0
    count = wrong = 0
    last = int(scheduler.timeline.cycle(end))
    for k, lane in enumerate(lanes):
        ideal = []
        for event in lane.pattern.onsets(0, last, lane.seed):
            assert event.whole is not None
            ideal.append(scheduler.timeline.time_s(event.whole.begin) * UNITS_PER_SECOND)
        got = sorted(heard[f"d{k}"])[: len(ideal)]
        for wanted, found in zip(sorted(ideal), got, strict=True):
            error = abs(found - wanted)
            worst = max(worst, float(error))
            wrong += error > 1
            count += 1
    row(
        "timetags",
        events=count,
        wrong=wrong,
        worst_units=round(worst, 3),
        late=dispatcher.counts.late_dropped,
        refused=dispatcher.counts.refused,
        met=wrong == 0 and count > 50_000,
    )


if __name__ == "__main__":
    main()
