"""Two operators: a sine that bends a sine."""

from supriya.ugens import SinOsc

from marmalade_sc.synthdefs import control, held, percussive, synthdef


@synthdef(
    freq=control(220.0, "Hz", 20, 20000, "pitch"),
    ratio=control(2.0, "", 0.1, 20, "pitch of the one that bends, in multiples"),
    index=control(3.0, "", 0, 30, "how far it bends, in radians"),
    decay=control(0.4, "s", 0.01, 8, "time to fall silent"),
    attack=control(0.003, "s", 0, 10, "time to rise"),
    release=control(0.2, "s", 0.005, 20, "time to fall behind the sustain"),
)
def fm(freq, ratio, index, decay, attack, release, sustain):
    bending = SinOsc.ar(frequency=freq * ratio) * index * (percussive(0, decay, -3) * 0.8 + 0.2)
    return SinOsc.ar(frequency=freq, phase=bending) * 0.95 * held(sustain, attack, release)
