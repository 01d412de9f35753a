"""Bar: rendering a minute at 200 events/s costs at most 1.25 times `scsynth -N` alone on the same score.

The floor is scsynth on a score file that is ready; ours evaluates the set, makes the events and writes the files while
scsynth renders. Python's own start is counted apart, as the bar says.
"""

import subprocess
import tempfile
import time
from pathlib import Path

from common import row

from marmalade_sc.engine.score import NRT_OPTIONS
from marmalade_sc.player.rendering.offline import orchestra_for
from marmalade_sc.player.rendering.render import Rendering, SetPlayer
from marmalade_sc.player.sounds.soundfiles import split
from marmalade_sc.settings.load import load
from marmalade_sc.settings.places import Places

SYNTHDEF = '''
"""A subtractive voice: two saws, a filter, an envelope."""
from supriya.ugens import RLPF, Saw
from marmalade_sc.synthdefs import control, percussive, synthdef

@synthdef(freq=control(440, "Hz", 20, 20000), cutoff=control(2000, "Hz", 20, 20000))
def subtractive(freq, cutoff, sustain):
    signal = Saw.ar(frequency=freq) + Saw.ar(frequency=freq * 1.005)
    return RLPF.ar(source=signal, frequency=cutoff, reciprocal_of_q=0.3) * percussive(0.005, sustain, rate="control")
'''
#: 200 notes a second, each 0.2 s long: 40 sound at once, as in engine.md section 3.
SET = 'd1 >> subtractive("<0 3 5 7>*400", scale="minor", root="c4", sustain=0.2, amp=0.05, cutoff="<800 1600 2400>")\n'
ROUNDS = 3


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="marmalade-bench-") as name:
        folder = Path(name)
        (folder / "defs").mkdir()
        (folder / "defs" / "subtractive.py").write_text(SYNTHDEF)
        places = Places.find(folder / "player")
        orchestra, definitions = orchestra_for(places, load(places.config), folder / "defs")
        score = folder / "score.osc"
        _write_score(orchestra, definitions, score)
        floors, ours, starts = [], [], []
        for _ in range(ROUNDS):
            floors.append(_floor(score, folder / "floor.wav"))
            begin = time.perf_counter()
            player = SetPlayer(orchestra, SET, "bench")
            rendering = Rendering(player, definitions, "scsynth", tail_s=0.5)
            delay = rendering.run(folder / "raw.wav", rendering.end_of(None, 60.0))
            split(folder / "raw.wav", delay, rendering.frames, folder / "out.wav", "wav")
            ours.append(time.perf_counter() - begin)
            begin = time.perf_counter()
            subprocess.run(["python3", "-c", "pass"], check=True)
            starts.append(time.perf_counter() - begin)
        floor, own = sorted(floors)[ROUNDS // 2], sorted(ours)[ROUNDS // 2]
        row(
            "render",
            events=len(rendering.notes),
            floor_s=round(floor, 3),
            ours_s=round(own, 3),
            ratio=round(own / floor, 3),
            times_real_time=round(60 / own, 1),
            met=own <= 1.25 * floor,
        )


def _write_score(orchestra: object, definitions: object, path: Path) -> None:
    """The same score as a file, by running the render with a scsynth that only copies its input."""
    copier = path.parent / "copier"
    copier.write_text(f'#!/bin/sh\ncat "$2" > {path}\ntouch "$4"\n')
    copier.chmod(0o700)
    player = SetPlayer(orchestra, SET, "bench")  # type: ignore[arg-type]
    rendering = Rendering(player, definitions, str(copier), tail_s=0.5)  # type: ignore[arg-type]
    rendering.run(path.parent / "none.wav", rendering.end_of(None, 60.0))


def _floor(score: Path, wav: Path) -> float:
    begin = time.perf_counter()
    command = ["scsynth", "-N", str(score), "_", str(wav), "48000", "WAV", "float", "-o", "2", "-i", "0", *NRT_OPTIONS]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - begin


if __name__ == "__main__":
    main()
