"""Moves both sides to one place."""

from supriya.ugens import Balance2, Lag

from marmalade_sc.synthdefs import control, synthdef


@synthdef(
    place=control(0.0, "", -1, 1, "from left (-1) to right (1)"),
    kind="effect",
)
def pan(signal, place):
    # Balance2 is 3 dB down in the middle; made up for, so that 0 leaves the sound as it is.
    moved = Balance2.ar(left=signal[0], right=signal[1], position=Lag.kr(source=place, lag_time=0.03), level=1.4142)
    return list(moved)
