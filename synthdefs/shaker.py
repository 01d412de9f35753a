"""A shaker: grains that swell and stop."""

from supriya.ugens import BPF, WhiteNoise

from marmalade_sc.synthdefs import control, percussive, synthdef


@synthdef(
    tune=control(6200.0, "Hz", 1000, 14000, "colour of the grains"),
    attack=control(0.018, "s", 0, 10, "time to rise"),
    decay=control(0.07, "s", 0.01, 8, "time to fall silent"),
    aliases=("sh", "shk"),
)
def shaker(tune, attack, decay):
    grains = BPF.ar(source=WhiteNoise.ar(), frequency=tune, reciprocal_of_q=0.6)
    return (grains * 3.2).tanh() * percussive(attack, decay, -3)
