"""Bar: a synthdef that is saved is loaded within 300 ms (p99), 200 saves without a leak.

Each save changes a number in a file of the player's synthdefs folder while the synthdef plays. The time is from the end
of the save to the engine's word that notes may use it, both in jam time; the stream's own id says when that was.
"""

import sys
import time

from common import engine, percentile, player, row, until

from marmalade_sc.clock.clocks import JamClock
from marmalade_sc.clock.timetag import units_to_milliseconds
from marmalade_sc.jam import keys
from marmalade_sc.jam.streams import StateLog
from marmalade_sc.player.control.protocol import request

TEXT = '''
"""A sine that is saved again and again."""
from supriya.ugens import SinOsc
from marmalade_sc.synthdefs import control, percussive, synthdef

@synthdef(freq=control(440, "Hz", 20, 20000))
def resaved(freq, sustain):
    return SinOsc.ar(frequency=freq + {number}) * percussive(0, sustain) * 0.2
'''


def main(saves: int) -> None:
    with player() as places:
        clock = JamClock(int(str(request(places.control_socket, "status")["origin"])))
        news = StateLog(str(places.events_socket))
        file = places.synthdefs / "resaved.py"
        file.write_text(TEXT.format(number=0))
        until(lambda: bool(_said(news, "0-0")), 10)
        code = 'd1 >> resaved("0*8")'
        # The live host hears of it with its next frame.
        assert until(lambda: request(places.control_socket, "evaluate", code=code)["ok"] is True, 5, 0.05)
        assert until(lambda: "definitions" in engine(places), 10)
        before = engine(places)
        delays = []
        for number in range(1, saves + 1):
            seen = _said(news, "0-0")[-1]
            file.write_text(TEXT.format(number=number))
            saved = units_to_milliseconds(clock.now())
            assert until(lambda seen=seen: len(_said(news, f"({seen}")) > 0, 5, 0.005), "a save was not loaded"  # type: ignore[misc]
            delays.append(int(_said(news, f"({seen}")[0].partition("-")[0]) - saved)
            time.sleep(0.05)
        until(lambda: int(str(engine(places)["definitions"])) <= int(str(before["definitions"])) + 4, 90, 1.0)
        after = engine(places)
        answer = request(places.control_socket, "evaluate", code="1")
        row(
            "reload",
            saves=saves,
            median_ms=percentile(delays, 0.5),
            p99_ms=percentile(delays, 0.99),
            worst_ms=max(delays),
            definitions_before=before["definitions"],
            definitions_after=after["definitions"],
            late=after["late_dropped"],
            refused=after["refused"],
            met=percentile(delays, 0.99) <= 300 and answer["ok"] is True and not after["refused"],
        )


def _said(news: StateLog, since: str) -> list[str]:
    return [identifier for identifier, record in news.since(keys.NEWS, since) if record.get("kind") == "definitions"]


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
