"""A clave: one short, hard, wooden tone."""

from supriya.ugens import SinOsc

from marmalade_sc.synthdefs import control, percussive, synthdef


@synthdef(
    tune=control(2480.0, "Hz", 500, 8000, "pitch"),
    decay=control(0.05, "s", 0.01, 8, "time to fall silent"),
    aliases=("cl",),
)
def clave(tune, decay):
    tone = SinOsc.ar(frequency=tune, phase=1.5708) + SinOsc.ar(frequency=tune * 1.53, phase=1.5708) * 0.25
    return (tone * percussive(0, decay, -5) * 1.2).tanh()
