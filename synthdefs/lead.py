"""A singing lead: pulses that breathe, and a late vibrato."""

from supriya.ugens import RLPF, Line, Pulse, SinOsc

from marmalade_sc.synthdefs import control, held, synthdef


@synthdef(
    freq=control(440.0, "Hz", 20, 20000, "pitch"),
    cutoff=control(3200, "Hz", 40, 18000, "where the filter rests"),
    resonance=control(0.2, "", 0, 1, "emphasis at the cutoff"),
    vibrato=control(0.006, "", 0, 0.1, "depth of the vibrato, as a share of the pitch"),
    attack=control(0.01, "s", 0, 10, "time to rise"),
    release=control(0.18, "s", 0.005, 20, "time to fall behind the sustain"),
)
def lead(freq, cutoff, resonance, vibrato, attack, release, sustain):
    late = Line.kr(start=0, stop=1, duration=0.4)
    pitch = freq * (1 + SinOsc.kr(frequency=5.4) * vibrato * late)
    width = 0.5 + SinOsc.kr(frequency=0.7) * 0.18
    pulses = Pulse.ar(frequency=pitch * 0.997, width=width) + Pulse.ar(frequency=pitch * 1.003, width=1 - width)
    body = RLPF.ar(source=pulses * 0.5, frequency=cutoff, reciprocal_of_q=1 - resonance * 0.9)
    return (body * 1.4).tanh() * held(sustain, attack, release, decay=0.08, level=0.8)
