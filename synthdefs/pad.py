"""A wide pad: seven saws, softly filtered, slow to come and go."""

from supriya.ugens import LPF, Saw, SinOsc

from marmalade_sc.synthdefs import control, held, synthdef


@synthdef(
    freq=control(220.0, "Hz", 20, 20000, "pitch"),
    cutoff=control(1800, "Hz", 40, 18000, "where the filter rests"),
    detune=control(0.006, "", 0, 0.05, "how far apart the saws are, as a share of the pitch"),
    attack=control(0.35, "s", 0, 10, "time to rise"),
    release=control(0.9, "s", 0.005, 20, "time to fall behind the sustain"),
    tail=40,
)
def pad(freq, cutoff, detune, attack, release, sustain):
    places = (-1.0, -0.62, -0.31, 0.0, 0.33, 0.64, 1.0)
    saws = [Saw.ar(frequency=freq * (1 + detune * place)) for place in places]
    slow = 1 + SinOsc.kr(frequency=0.13) * 0.25
    sides = []
    for side in (-1, 1):
        mixed = sum(saw * (0.5 + 0.5 * side * place) for saw, place in zip(saws, places, strict=True))
        sides.append(LPF.ar(source=LPF.ar(source=mixed * 1.5, frequency=cutoff * slow), frequency=cutoff * 2.5))
    envelope = held(sustain, attack, release, curve=-2)
    return [side.tanh() * envelope for side in sides]
