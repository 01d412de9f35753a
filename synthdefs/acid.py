"""An acid line: one saw or square through a filter that squelches."""

from supriya.ugens import MoogFF, Pulse, Saw

from marmalade_sc.synthdefs import control, held, percussive, synthdef


@synthdef(
    freq=control(55.0, "Hz", 20, 2000, "pitch"),
    cutoff=control(350, "Hz", 40, 18000, "where the filter rests"),
    resonance=control(0.75, "", 0, 1, "emphasis at the cutoff"),
    sweep=control(9.0, "", 0, 30, "how far the filter opens, in multiples of the cutoff"),
    decay=control(0.22, "s", 0.01, 8, "time to fall silent"),
    shape=control(0.0, "", 0, 1, "0 saw, 1 square"),
    release=control(0.03, "s", 0.005, 20, "time to fall behind the sustain"),
    aliases=("tb",),
)
def acid(freq, cutoff, resonance, sweep, decay, shape, release, sustain):
    wave = Saw.ar(frequency=freq) * (1 - shape) + Pulse.ar(frequency=freq, width=0.5) * shape
    opening = (cutoff * (1 + percussive(0, decay, -5) * sweep)).clip(40, 16000)
    body = MoogFF.ar(source=wave, frequency=opening, gain=resonance * 3.7)
    return (body * (2.6 + resonance * 2)).tanh() * held(sustain, 0.002, release)
