"""A rim shot: two short wooden tones."""

from supriya.ugens import HPF, SinOsc, WhiteNoise

from marmalade_sc.synthdefs import control, percussive, synthdef


@synthdef(
    tune=control(480.0, "Hz", 200, 2000, "pitch"),
    decay=control(0.045, "s", 0.01, 8, "time to fall silent"),
    aliases=("rs",),
)
def rim(tune, decay):
    wood = SinOsc.ar(frequency=tune, phase=1.5708) * 0.6 + SinOsc.ar(frequency=tune * 3.57, phase=1.5708) * 0.55
    edge = HPF.ar(source=WhiteNoise.ar(), frequency=3000) * percussive(0, 0.006, -4) * 0.5
    return ((wood * percussive(0, decay, -5) + edge) * 1.6).tanh()
