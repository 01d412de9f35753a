"""The high tom: a round falling tone with a little skin."""

from supriya.ugens import HPF, LPF, SinOsc, WhiteNoise

from marmalade_sc.synthdefs import control, percussive, synthdef


@synthdef(
    tune=control(175.0, "Hz", 30, 800, "pitch"),
    decay=control(0.38, "s", 0.01, 8, "time to fall silent"),
    aliases=("ht",),
)
def tom_high(tune, decay):
    pitch = tune * (1 + percussive(0, 0.12, -6) * 0.9)
    body = SinOsc.ar(frequency=pitch, phase=1.5708) + SinOsc.ar(frequency=pitch * 1.5, phase=1.5708) * 0.2
    skin = LPF.ar(source=WhiteNoise.ar(), frequency=tune * 14) * percussive(0, 0.025, -4) * 0.4
    hit = body * percussive(0, decay, -3.5) + skin
    return HPF.ar(source=(hit * 1.2).tanh(), frequency=22)
