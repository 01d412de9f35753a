"""Leaves a band."""

from supriya.ugens import BPF, Lag

from marmalade_sc.synthdefs import control, synthdef


@synthdef(
    cutoff=control(1000, "Hz", 40, 18000, "centre of the band"),
    width=control(0.5, "", 0.02, 2, "width of the band, as a share of its centre"),
    kind="effect",
)
def bpf(signal, cutoff, width):
    edge = Lag.kr(source=cutoff, lag_time=0.03)
    return [BPF.ar(source=side, frequency=edge, reciprocal_of_q=width) for side in signal]
