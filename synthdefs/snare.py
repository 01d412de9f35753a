"""A crisp snare: two short tones and rattling noise."""

from supriya.ugens import HPF, LPF, SinOsc, WhiteNoise

from marmalade_sc.synthdefs import control, percussive, synthdef


@synthdef(
    tune=control(185.0, "Hz", 60, 1000, "pitch"),
    decay=control(0.2, "s", 0.01, 8, "time to fall silent"),
    tone=control(0.55, "", 0, 1, "share of the drum's tone"),
    snap=control(1.0, "", 0, 2, "level of the rattle"),
    aliases=("sd", "sn"),
)
def snare(tune, decay, tone, snap):
    skin = SinOsc.ar(frequency=tune * (1 + percussive(0, 0.03, -6) * 0.8), phase=1.5708)
    skin = skin * 0.7 + SinOsc.ar(frequency=tune * 1.78, phase=1.5708) * 0.35
    rattle = LPF.ar(source=HPF.ar(source=WhiteNoise.ar(), frequency=1200), frequency=9500)
    hit = skin * tone * percussive(0, decay * 0.6, -5) + rattle * snap * 0.6 * percussive(0, decay, -4)
    return (hit * 1.5).tanh()
