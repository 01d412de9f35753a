"""A round bass: two saws a hair apart and a sine an octave below, through a filter that closes."""

from supriya.ugens import RLPF, Saw, SinOsc

from marmalade_sc.synthdefs import control, held, percussive, synthdef


@synthdef(
    freq=control(55.0, "Hz", 20, 2000, "pitch"),
    cutoff=control(700, "Hz", 40, 18000, "where the filter rests"),
    resonance=control(0.25, "", 0, 1, "emphasis at the cutoff"),
    attack=control(0.004, "s", 0, 10, "time to rise"),
    release=control(0.12, "s", 0.005, 20, "time to fall behind the sustain"),
)
def bass(freq, cutoff, resonance, attack, release, sustain):
    saws = Saw.ar(frequency=freq) + Saw.ar(frequency=freq * 1.004)
    opening = (cutoff * (1 + percussive(0, 0.25, -4) * 3)).clip(40, 18000)
    body = RLPF.ar(source=saws * 0.5, frequency=opening, reciprocal_of_q=1 - resonance * 0.9)
    return ((body + SinOsc.ar(frequency=freq / 2) * 0.45) * 1.5).tanh() * held(sustain, attack, release)
