"""A string machine: saws, shimmering."""

from supriya.ugens import HPF, LPF, DelayC, Saw, SinOsc

from marmalade_sc.synthdefs import control, held, synthdef


@synthdef(
    freq=control(220.0, "Hz", 20, 20000, "pitch"),
    cutoff=control(4200, "Hz", 40, 18000, "where the filter rests"),
    attack=control(0.12, "s", 0, 10, "time to rise"),
    release=control(0.5, "s", 0.005, 20, "time to fall behind the sustain"),
    aliases=("strings",),
    tail=40,
)
def string(freq, cutoff, attack, release, sustain):
    saws = (Saw.ar(frequency=freq) + Saw.ar(frequency=freq * 2.001) * 0.5) * 0.5
    body = HPF.ar(source=LPF.ar(source=saws, frequency=cutoff), frequency=120)
    envelope = held(sustain, attack, release, curve=-2)
    sides = []
    for phase in (0.0, 2.1):
        slow = SinOsc.kr(frequency=0.63, phase=phase) * 0.0018 + SinOsc.kr(frequency=6.1, phase=phase) * 0.0002
        sides.append((body + DelayC.ar(source=body, maximum_delay_time=0.02, delay_time=slow + 0.006)) * 1.1 * envelope)
    return sides
