"""Bar: live on the dummy driver, two busy processes beside it and `sum(range(10**8))` evaluated: no note late,
dispatcher lead >= 50 ms at p99.9."""

import sys
import time

from common import burning, engine, player, row

from marmalade_sc.player.control.protocol import request

SET = """
clock.bpm = 130
d1 >> s("bd*4, hh*16, ~ sn ~ sn")
b1 >> bass("<0 [0 3] 5 4>*8", scale="minor", root="a2", dur=.4)
c1 >> pad(chord("<Am7 Dm9 G7 Cmaj7>").voicing(), amp=.2)
d2 >> s("cp(3,8), rim(5,16)").sometimes(.3, fast(2))
"""


def main(seconds: float) -> None:
    for mode in ("wall", "exact"):
        with player(engine__mode=mode) as places:
            assert request(places.control_socket, "evaluate", code=SET)["ok"]
            with burning(2):
                end = time.monotonic() + seconds
                evaluations = []
                while time.monotonic() < end:
                    begin = time.monotonic()
                    answer = request(places.control_socket, "evaluate", code="sum(range(10**8))", timeout_s=120)
                    assert answer["ok"], answer
                    evaluations.append(time.monotonic() - begin)
            time.sleep(0.5)
            state = engine(places)
            lead = state["lead_ms"]
            assert isinstance(lead, dict)
            row(
                "load",
                mode=mode,
                seconds=seconds,
                notes=state["sent"],
                late_played=state["late_played"],
                late_dropped=state["late_dropped"],
                server_late_lines=state["late_lines"],
                lead_ms=lead,
                xruns=state["xruns"],
                evaluations=len(evaluations),
                slowest_evaluation_s=round(max(evaluations), 1),
                met=not state["late_played"] and not state["late_dropped"] and lead.get("p99.9", 0) >= 50,
            )


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 20.0)
