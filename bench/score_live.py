"""A score of 5,000 notes and five minutes in a warm player: its first sound, and an edit of one bar while it loops.

Times are jam time, which the player's clock and this script share. The first sound is when the first note is due, which
is when it sounds but for the driver's latency; the request is when the block is sent on the control socket. An edit
lands in time when the bar that follows the request by more than 0.3 s has the new version: that is read from the notes
that were handed to scsynth, not from what the player says.
"""

import argparse
import random
import sys
import time
from fractions import Fraction

from common import percentile, player, row, until

from marmalade_sc.clock.clocks import JamClock
from marmalade_sc.clock.timeline import Timeline
from marmalade_sc.clock.timetag import UNITS_PER_SECOND
from marmalade_sc.engine.eventlog import read_event_log
from marmalade_sc.errors import JamError
from marmalade_sc.player.control.protocol import request
from marmalade_sc.scores import read_score
from marmalade_sc.sdk.frames import Bundles
from marmalade_sc.sdk.osc import read_bundle
from marmalade_sc.settings.places import Places

PARTS = ("piano", "violin", "cello", "marimba")
BARS = 150
BAR = "c8 e- g > c < b- g f e-"
SOON_S = 0.3


def source(edited: int = -1) -> str:
    """Four parts of 150 bars at 120 bpm, five minutes, 33 notes a bar in all; of one bar the first part has 16ths."""
    text = ""
    for number, part in enumerate(PARTS):
        bars = [BAR] * BARS
        if number == 0 and edited >= 0:
            bars[edited] = "c16*16"
        if number == 0:
            bars = [bar if place == edited else f"{bar}/a" for place, bar in enumerate(bars)]
        text += f"{part}: o{4 - number % 2} " + " | o4 ".join(bars) + "\n"
    return "(tempo! 120)\n" + text


def due(places: Places, track: str) -> list[int]:
    """Jam times of all notes of a track that were handed over."""
    found = []
    try:
        for section in read_event_log(places.jam("home").history):
            if isinstance(section, Bundles) and section.track == track:
                found += [read_bundle(data)[0] for data in section.bundles()]
    except JamError:
        return []
    return sorted(found)


def first_sounds(places: Places, clock: JamClock, text: str, rounds: int) -> list[float]:
    """Seconds from the request to the first note, once for each round."""
    taken = []
    for number in range(rounds):
        track = f"d{number + 1}"
        begin = clock.now()
        request(places.control_socket, "evaluate", code=f'{track}.at("now") >> score("""{text}""")')
        until(lambda track=track: bool(due(places, track)), 10.0)  # type: ignore[misc]
        taken.append((due(places, track)[0] - begin) / UNITS_PER_SECOND)
        request(places.control_socket, "evaluate", code="hush()")
        time.sleep(0.3)
    return taken


def edits(places: Places, clock: JamClock, count: int, chance: random.Random) -> tuple[int, int, list[str]]:
    """How many edits of the bar that comes landed there, of how many that could; and what went wrong."""
    request(places.control_socket, "evaluate", code=f'm1 >> score("""{source()}""")')
    time.sleep(5.0)
    timeline = Timeline.from_json(request(places.control_socket, "status")["timeline"])  # type: ignore[arg-type]
    origin = timeline.cycle(due(places, "m1")[0]).limit_denominator(1)
    in_time, wanted, wrong = 0, [], []
    for _ in range(count):
        time.sleep(chance.uniform(1.5, 4.5))
        now = clock.now()
        bar = -(-timeline.cycle(now + round(SOON_S * UNITS_PER_SECOND)) // 1)
        request(places.control_socket, "evaluate", code=f'm1 >> score("""{source(int(bar - origin) % BARS)}""")')
        wanted.append(bar)
    time.sleep(6.0)
    notes = due(places, "m1")
    for bar in wanted:
        begin, end = timeline.timetag(Fraction(bar)), timeline.timetag(Fraction(bar + 1))
        instants = sum(begin <= when < end for when in notes)
        # 16 sixteenths, where the other bars have 8 instants.
        if instants >= 16:
            in_time += 1
        else:
            wrong.append(f"bar {bar}: {instants} instants")
    return in_time, len(wanted), wrong


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--edits", type=int, default=20)
    options = parser.parse_args()
    text = source()
    notes = read_score(text)
    with player(audio__driver="dummy") as places:
        origin = int(str(request(places.control_socket, "status")["origin"]))
        clock = JamClock(origin)
        request(places.control_socket, "evaluate", code='d1.at("now") >> score("piano: c")')
        time.sleep(3.0)
        taken = first_sounds(places, clock, text, options.rounds)
        row(
            "score_first_sound",
            notes=len(notes.notes),
            minutes=round(notes.length_ms / 60_000, 2),
            rounds=len(taken),
            p50_ms=round(percentile(taken, 0.5) * 1000, 1),
            p90_ms=round(percentile(taken, 0.9) * 1000, 1),
            worst_ms=round(max(taken) * 1000, 1),
            met=percentile(taken, 0.5) <= 0.3,
        )
        landed, count, wrong = edits(places, clock, options.edits, random.Random(5))
        for line in wrong:
            print(line, file=sys.stderr)
        row("score_edit", edits=count, by_the_next_bar=landed, soon_s=SOON_S, met=landed == count)
    return 0 if percentile(taken, 0.5) <= 0.3 and landed == count else 1


if __name__ == "__main__":
    sys.exit(main())
