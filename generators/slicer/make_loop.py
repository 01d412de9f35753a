"""Computes samples/loop.wav: a bar of drums and a tone at 120 bpm, 16 kHz, one channel. Run it: python make_loop.py"""

import math
import random
import struct
import wave
from pathlib import Path

RATE = 16_000
BEAT = RATE // 2


def loop():
    """The samples of a bar, -1 to 1."""
    dice = random.Random(1)
    sound = [0.0] * (4 * BEAT)
    for beat in range(4):
        for n in range(BEAT // 2):  # a kick that falls from 150 to 50 Hz on each beat
            t = n / RATE
            phase = 50 * t + 100 * (1 - math.exp(-30 * t)) / 30
            sound[beat * BEAT + n] += 0.6 * math.exp(-9 * t) * math.sin(2 * math.pi * phase)
        for n in range(BEAT // 4):  # noise between them, louder on the second and the fourth
            level = 0.35 if beat % 2 else 0.15
            sound[beat * BEAT + BEAT // 2 + n] += level * math.exp(-40 * n / RATE) * dice.uniform(-1, 1)
        pitch = (220, 261.63, 329.63, 246.94)[beat]
        for n in range(BEAT):  # a plucked tone
            t = n / RATE
            sound[beat * BEAT + n] += 0.25 * math.exp(-5 * t) * math.sin(2 * math.pi * pitch * t)
    return sound


if __name__ == "__main__":
    target = Path(__file__).parent / "samples" / "loop.wav"
    target.parent.mkdir(exist_ok=True)
    with wave.open(str(target), "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
        file.writeframes(b"".join(struct.pack("<h", round(32_000 * each)) for each in loop()))
