"""The main job on real input: the starter set played live, recorded, measured, compared with the same set rendered.

Run it from a fresh clone: `./scripts/marmalade` must have made its environment. The recording is aligned with the
render by its first second; then both are compared sample by sample and by their measures.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy
import soundfile
from common import row

from marmalade_sc.measures.measure import measure
from marmalade_sc.player.live.sets import BUNDLED

REPOSITORY = Path(__file__).resolve().parent.parent
#: Stated tolerances: levels in dB, onsets in samples, the difference of the two signals in dBFS.
PEAK_DB, LUFS_DB, RMS_DB, DIFFERENCE_DBFS = 0.2, 0.1, 0.5, -60.0
#: Where an xrun has cut the sound nothing can be equal; of all windows of 100 ms one in a hundred may lie there.
STARTER = BUNDLED / "starter.py"
ALIKE = 10 ** (DIFFERENCE_DBFS / 20)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=300.0)
    parser.add_argument("--mode", default="exact")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="marmalade-bench-") as name:
        folder = Path(name)
        live, rendered = folder / "live.wav", folder / "rendered.wav"
        command = [str(REPOSITORY / "scripts" / "marmalade"), "--dir", str(folder / "player")]
        mode = ["--set", f"engine.mode={options.mode}"]
        seconds = str(options.seconds)
        subprocess.run([*command, *mode, "play", str(STARTER), "--seconds", seconds, "--record", str(live)], check=True)
        subprocess.run(
            [*command, "render", str(STARTER), "-o", str(rendered), "--seconds", seconds, "--tail", "0", "--quiet"],
            check=True,
        )
        logs = sorted((folder / "player" / "logs").glob("jackd.log*"))
        xruns = sum(path.read_bytes().count(b"XRun") for path in logs)
        compare(live, rendered, options.seconds, options.mode, xruns)


def compare(live: Path, rendered: Path, seconds: float, mode: str, xruns: int) -> None:
    ours, rate = soundfile.read(live, dtype="float32", always_2d=True)
    theirs, _ = soundfile.read(rendered, dtype="float32", always_2d=True)
    lag = _lag(ours, theirs, rate)
    ours = ours[max(0, lag) :]
    # The last half second is faded out live.
    length = min(len(ours), len(theirs)) - rate // 2
    ours, theirs = ours[:length], theirs[:length]
    followed, moves = _followed(ours, theirs, rate)
    apart = numpy.abs(followed - theirs).max(axis=1)
    per_second = [float(apart[start : start + rate].max()) for start in range(rate, length - rate, rate)]
    mine, other = measure(ours, rate), measure(theirs, rate)
    onsets = set(mine.onsets), set(other.onsets)
    there = measure(followed, rate)
    rms = sorted(abs(a - b) for a, b in zip(there.rms_db, other.rms_db, strict=False) if b > -60)
    figures = {
        "seconds": seconds,
        "mode": mode,
        "xruns": xruns,
        "peak_dbfs": [mine.peak_dbfs, other.peak_dbfs],
        "true_peak_dbtp": [mine.true_peak_dbtp, other.true_peak_dbtp],
        "lufs": [mine.lufs, other.lufs],
        "onsets": [len(mine.onsets), len(other.onsets)],
        "onsets_that_differ": len(onsets[0] ^ onsets[1]),
        "longest_silence_s": [mine.longest_silence_s, other.longest_silence_s],
        "dc": [max(map(abs, mine.dc)), max(map(abs, other.dc))],
        "moves_by_xruns": moves,
        "rms_p99_difference_db": round(rms[int(0.99 * len(rms))], 3),
        "rms_largest_difference_db": round(rms[-1], 3),
        "seconds_with_equal_samples": sum(each < 2**-22 for each in per_second),
        "seconds_alike": sum(each < ALIKE for each in per_second),
        "seconds_compared": len(per_second),
        "largest_difference_dbfs": round(20 * float(numpy.log10(max(per_second) + 1e-12)), 1),
    }
    met = (
        abs(mine.peak_dbfs - other.peak_dbfs) <= PEAK_DB
        and mine.lufs is not None
        and other.lufs is not None
        and abs(mine.lufs - other.lufs) <= LUFS_DB
        and rms[int(0.99 * len(rms)) if xruns else -1] <= RMS_DB
        and (mode != "exact" or xruns > 0 or figures["largest_difference_dbfs"] <= DIFFERENCE_DBFS)
    )
    row("main job", **figures, met=met)
    print(json.dumps(figures, indent=1), file=sys.stderr)


def _followed(ours: numpy.ndarray, theirs: numpy.ndarray, rate: int) -> tuple[numpy.ndarray, int]:
    """The recording with each second moved to where it fits the render best, and how often that place changed.

    An xrun loses samples of the sound itself: behind it a recording is early by so many. Steps of up to an eighth of a
    second are found.
    """
    reach = rate // 8
    followed, moves, shift = numpy.zeros_like(theirs), 0, 0
    padded = numpy.pad(ours[:, 0], (2 * rate, 2 * rate))
    size = 1 << (rate + 2 * reach).bit_length()
    for start in range(0, len(theirs), rate):
        window = theirs[start : start + rate, 0]
        begin = 2 * rate + start + shift - reach
        around = padded[begin : begin + len(window) + 2 * reach]
        spectrum = numpy.fft.rfft(around, size) * numpy.conj(numpy.fft.rfft(window, size))
        best = int(numpy.argmax(numpy.fft.irfft(spectrum, size)[: 2 * reach + 1])) - reach
        moves += best != 0
        shift += best
        place = numpy.arange(start + shift, start + shift + len(window)).clip(0, len(ours) - 1)
        followed[start : start + len(window)] = ours[place]
    return followed, moves


def _lag(ours: numpy.ndarray, theirs: numpy.ndarray, rate: int) -> int:
    """By how many samples the recording begins before the render does: where their first seconds agree best."""
    window, reach = 4 * rate, 12 * rate
    size = 1 << (reach + window).bit_length()
    left = numpy.fft.rfft(ours[:reach, 0], size)
    right = numpy.fft.rfft(theirs[:window, 0], size)
    return int(numpy.argmax(numpy.fft.irfft(left * numpy.conj(right), size)[:reach]))


if __name__ == "__main__":
    main()
