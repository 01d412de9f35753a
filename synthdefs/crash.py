"""A crash: a wall of metal and noise that thins out as it falls."""

from supriya.ugens import HPF, LPF, LFPulse, WhiteNoise

from marmalade_sc.synthdefs import control, percussive, synthdef


@synthdef(
    tune=control(310.0, "Hz", 100, 1000, "pitch"),
    decay=control(1.8, "s", 0.01, 8, "time to fall silent"),
    aliases=("cr",),
)
def crash(tune, decay):
    ratios = (1.0, 1.483, 1.932, 2.546, 2.63, 3.897)
    left = sum(LFPulse.ar(frequency=tune * ratio, width=0.5) - 0.5 for ratio in ratios) / 4
    right = sum(LFPulse.ar(frequency=tune * ratio * 1.013, width=0.5) - 0.5 for ratio in ratios) / 4
    fall = percussive(0, decay, -3)
    sides = []
    for metal in (left, right):
        wall = HPF.ar(source=metal * 0.8 + WhiteNoise.ar() * 0.8, frequency=3800)
        sides.append((LPF.ar(source=wall, frequency=5000 + fall * 12000) * 1.6).tanh() * fall)
    return sides
