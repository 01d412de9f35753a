"""A ride: a clear ping over a quiet wash."""

from supriya.ugens import BPF, HPF, LFPulse, SinOsc, WhiteNoise

from marmalade_sc.synthdefs import control, percussive, synthdef


@synthdef(
    tune=control(395.0, "Hz", 100, 1000, "pitch"),
    decay=control(1.2, "s", 0.01, 8, "time to fall silent"),
    aliases=("rd",),
)
def ride(tune, decay):
    ratios = (1.0, 1.4, 1.78, 2.31, 2.87, 3.42)
    metal = sum(LFPulse.ar(frequency=tune * ratio, width=0.5) - 0.5 for ratio in ratios) / 4
    ping = BPF.ar(source=metal, frequency=tune * 13.5, reciprocal_of_q=0.15) * 4.5 * percussive(0, decay * 0.55, -5)
    stick = SinOsc.ar(frequency=tune * 12, phase=1.5708) * percussive(0, 0.012, -5) * 0.6
    wash = HPF.ar(source=metal + WhiteNoise.ar() * 0.3, frequency=7200) * 0.8 * percussive(0, decay, -3.5)
    return ((ping + wash + stick) * 1.6).tanh()
