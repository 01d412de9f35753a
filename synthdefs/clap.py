"""Hands: four bursts of noise close together, then the room."""

from supriya.ugens import BPF, Envelope, EnvGen, WhiteNoise

from marmalade_sc.synthdefs import control, percussive, synthdef, until


@synthdef(
    tune=control(1150.0, "Hz", 300, 5000, "colour of the hands"),
    decay=control(0.22, "s", 0.01, 8, "time to fall silent"),
    aliases=("cp",),
)
def clap(tune, decay):
    hands = Envelope([1, 0.05, 1, 0.05, 1, 0.05, 0.9, 0], [0.009, 0.0006, 0.010, 0.0006, 0.011, 0.0006, 0.05], [-5])
    room = percussive(0.03, decay, -4) * 0.55
    noise = WhiteNoise.ar()
    body = BPF.ar(source=noise, frequency=tune, reciprocal_of_q=0.7) * 1.6 + noise * 0.12
    return (body * (until(EnvGen.ar(envelope=hands)) + room) * 1.3).tanh()
