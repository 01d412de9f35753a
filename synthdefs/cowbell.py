"""The cowbell: two pulses a fifth and a bit apart."""

from supriya.ugens import BPF, LFPulse

from marmalade_sc.synthdefs import control, percussive, synthdef


@synthdef(
    tune=control(540.0, "Hz", 200, 2000, "pitch"),
    decay=control(0.32, "s", 0.01, 8, "time to fall silent"),
    aliases=("cb",),
)
def cowbell(tune, decay):
    pulses = LFPulse.ar(frequency=tune, width=0.5) + LFPulse.ar(frequency=tune * 1.48, width=0.5) - 1
    bell = BPF.ar(source=pulses, frequency=tune * 4.2, reciprocal_of_q=0.9) * 1.3 + pulses * 0.25
    return (bell * (percussive(0, 0.03, -4) * 0.5 + percussive(0, decay, -5) * 0.8)).tanh()
