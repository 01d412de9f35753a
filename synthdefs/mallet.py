"""A struck bar or skin: the strike bends it, and it dies away however long the note is written."""

from supriya.ugens import LPF, SinOsc, WhiteNoise

from marmalade_sc.synthdefs import control, percussive, synthdef


@synthdef(
    freq=control(261.63, "Hz", 20, 20000, "pitch"),
    decay=control(0.6, "s", 0.02, 20, "time to fall silent"),
    ratio=control(4.0, "", 0.1, 20, "pitch of the overtone, in multiples"),
    hardness=control(0.5, "", 0, 1, "how hard it is struck: more overtone, more knock"),
)
def mallet(freq, decay, ratio, hardness):
    bending = SinOsc.ar(frequency=freq * ratio) * percussive(0, decay * 0.3, -5) * hardness * 3
    body = SinOsc.ar(frequency=freq, phase=bending) * percussive(0.001, decay, -4)
    knock = LPF.ar(source=WhiteNoise.ar(), frequency=1200 + hardness * 5000) * percussive(0, 0.012, -5) * hardness * 0.4
    return (body + knock).tanh() * 1.2
