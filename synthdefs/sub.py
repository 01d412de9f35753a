"""A sub bass: nothing but the bottom."""

from supriya.ugens import LPF, SinOsc

from marmalade_sc.synthdefs import control, held, synthdef


@synthdef(
    freq=control(43.65, "Hz", 20, 400, "pitch"),
    warmth=control(0.35, "", 0, 1, "how much it is bent into overtones"),
    attack=control(0.006, "s", 0, 10, "time to rise"),
    release=control(0.08, "s", 0.005, 20, "time to fall behind the sustain"),
)
def sub(freq, warmth, attack, release, sustain):
    tone = SinOsc.ar(frequency=freq)
    bent = (tone * (1 + warmth * 4)).tanh()
    return (
        LPF.ar(source=tone * (1 - warmth) + bent * warmth, frequency=freq * 8) * 0.95 * held(sustain, attack, release)
    )
