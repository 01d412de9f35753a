"""Louder and softer."""

from supriya.ugens import SinOsc

from marmalade_sc.synthdefs import control, synthdef


@synthdef(
    speed=control(5.0, "Hz", 0.05, 40, "how often"),
    depth=control(0.6, "", 0, 1, "how far down"),
    kind="effect",
)
def tremolo(signal, speed, depth):
    level = 1 - depth * (0.5 - SinOsc.kr(frequency=speed, phase=1.5708) * 0.5)
    return [side * level for side in signal]
