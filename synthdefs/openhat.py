"""An open hi-hat: the closed one, left ringing."""

from supriya.ugens import HPF, LFPulse, WhiteNoise

from marmalade_sc.synthdefs import control, percussive, synthdef


@synthdef(
    tune=control(420.0, "Hz", 100, 2000, "pitch"),
    decay=control(0.5, "s", 0.01, 8, "time to fall silent"),
    cutoff=control(6800, "Hz", 40, 18000, "where the filter rests"),
    aliases=("oh", "ho"),
)
def openhat(tune, decay, cutoff):
    ratios = (1.0, 1.342, 1.2312, 1.6532, 1.9523, 2.1523)
    metal = sum(LFPulse.ar(frequency=tune * ratio, width=0.5) - 0.5 for ratio in ratios) / 3

    bright = HPF.ar(source=HPF.ar(source=metal + WhiteNoise.ar() * 0.45, frequency=cutoff), frequency=cutoff * 0.7)
    return (bright * 2.2).tanh() * percussive(0, decay, -4)
