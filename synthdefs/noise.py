"""Noise through a band that can be narrow or wide."""

from supriya.ugens import BPF, WhiteNoise

from marmalade_sc.synthdefs import control, held, synthdef


@synthdef(
    freq=control(1800.0, "Hz", 40, 18000, "centre of the band"),
    width=control(1.0, "", 0.02, 2, "width of the band, as a share of its centre"),
    attack=control(0.005, "s", 0, 10, "time to rise"),
    release=control(0.1, "s", 0.005, 20, "time to fall behind the sustain"),
)
def noise(freq, width, attack, release, sustain):
    band = BPF.ar(source=WhiteNoise.ar(), frequency=freq, reciprocal_of_q=width)
    return (band * (1.5 / width.sqrt())).tanh() * held(sustain, attack, release)
