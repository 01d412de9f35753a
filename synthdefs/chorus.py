"""Many of one."""

from supriya.ugens import DelayC, SinOsc

from marmalade_sc.synthdefs import control, synthdef


@synthdef(
    speed=control(0.4, "Hz", 0.01, 10, "of the wandering"),
    depth=control(0.004, "s", 0, 0.01, "of the wandering"),
    mix=control(0.5, "", 0, 1, "share of the others"),
    kind="effect",
)
def chorus(signal, speed, depth):
    sides = []
    for side, phase in zip(signal, (0.0, 1.57), strict=True):
        first = 0.012 + SinOsc.kr(frequency=speed, phase=phase) * depth
        second = 0.017 + SinOsc.kr(frequency=speed * 1.31, phase=phase + 2.1) * depth
        sides.append(
            DelayC.ar(source=side, maximum_delay_time=0.04, delay_time=first) * 0.7
            + DelayC.ar(source=side, maximum_delay_time=0.04, delay_time=second) * 0.7
        )
    return sides
