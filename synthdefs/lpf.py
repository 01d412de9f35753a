"""Takes the highs away."""

from supriya.ugens import RLPF, Lag

from marmalade_sc.synthdefs import control, synthdef


@synthdef(
    cutoff=control(1200, "Hz", 40, 18000, "above which it takes away"),
    resonance=control(0.2, "", 0, 1, "emphasis at the cutoff"),
    kind="effect",
)
def lpf(signal, cutoff, resonance):
    edge = Lag.kr(source=cutoff, lag_time=0.03)
    return [RLPF.ar(source=side, frequency=edge, reciprocal_of_q=1 - resonance * 0.95) for side in signal]
