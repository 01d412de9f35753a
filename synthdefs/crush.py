"""Fewer bits, fewer samples."""

from supriya.ugens import Impulse, Latch

from marmalade_sc.synthdefs import control, synthdef


@synthdef(
    bits=control(6.0, "", 1, 16, "resolution"),
    rate=control(8000, "Hz", 100, 48000, "how often it looks"),
    kind="effect",
)
def crush(signal, bits, rate):
    step = 2 / 2**bits
    return [Latch.ar(source=side, trigger=Impulse.ar(frequency=rate)).round(step) for side in signal]
