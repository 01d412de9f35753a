"""A bell: partials that never line up, the high ones gone first."""

from supriya.ugens import SinOsc

from marmalade_sc.synthdefs import control, percussive, synthdef


@synthdef(
    freq=control(523.25, "Hz", 20, 20000, "pitch"),
    decay=control(3.0, "s", 0.1, 30, "time to fall silent"),
    tail=40,
)
def bell(freq, decay):
    partials = ((0.5, 0.35, 1.0), (1.0, 1.0, 0.9), (1.188, 0.5, 0.65), (1.53, 0.3, 0.6), (2.0, 0.6, 0.55))
    partials += ((2.66, 0.35, 0.35), (3.01, 0.3, 0.3), (4.17, 0.25, 0.2), (5.43, 0.2, 0.14))
    tones = [
        SinOsc.ar(frequency=freq * ratio) * percussive(0.001, decay * length, -4) * level
        for ratio, level, length in partials
    ]
    return (sum(tones) * 0.45).tanh()
