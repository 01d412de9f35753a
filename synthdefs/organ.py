"""A drawbar organ with a turning speaker."""

from supriya.ugens import SinOsc

from marmalade_sc.synthdefs import control, held, synthdef


@synthdef(
    freq=control(261.6, "Hz", 20, 20000, "pitch"),
    turn=control(5.6, "Hz", 0, 10, "speed of the speaker"),
    attack=control(0.008, "s", 0, 10, "time to rise"),
    release=control(0.06, "s", 0.005, 20, "time to fall behind the sustain"),
)
def organ(freq, turn, attack, release, sustain):
    drawbars = ((0.5, 0.7), (1.0, 1.0), (1.5, 0.6), (2.0, 0.5), (3.0, 0.3), (4.0, 0.25), (6.0, 0.12), (8.0, 0.1))
    turning = SinOsc.kr(frequency=turn)
    pitch = freq * (1 + turning * 0.003)
    tone = sum(SinOsc.ar(frequency=pitch * ratio) * level for ratio, level in drawbars)
    return (tone * 0.42 * (1 + turning * 0.08)).tanh() * held(sustain, attack, release)
