"""Takes the lows away."""

from supriya.ugens import RHPF, Lag

from marmalade_sc.synthdefs import control, synthdef


@synthdef(
    cutoff=control(400, "Hz", 20, 18000, "below which it takes away"),
    resonance=control(0.2, "", 0, 1, "emphasis at the cutoff"),
    kind="effect",
)
def hpf(signal, cutoff, resonance):
    edge = Lag.kr(source=cutoff, lag_time=0.03)
    return [RHPF.ar(source=side, frequency=edge, reciprocal_of_q=1 - resonance * 0.95) for side in signal]
