"""Echoes."""

from supriya.ugens import HPF, LPF, CombC, Lag

from marmalade_sc.synthdefs import control, synthdef


@synthdef(
    time=control(0.375, "s", 0.002, 4, "between two echoes"),
    feedback=control(0.45, "", 0, 0.95, "level of an echo against the one before"),
    cutoff=control(4500, "Hz", 200, 18000, "above which echoes are duller"),
    mix=control(0.35, "", 0, 1, "share of the echoes"),
    kind="effect",
)
def delay(signal, time, feedback, cutoff):
    gap = Lag.kr(source=time, lag_time=0.15)
    # CombC decays by 60 dB (a factor of 0.001) in decay_time: ln 0.001 = -6.908.
    decay_s = gap * -6.908 / feedback.max(0.001).log()
    return [
        HPF.ar(
            source=LPF.ar(
                source=CombC.ar(source=side, maximum_delay_time=4.01, delay_time=gap, decay_time=decay_s),
                frequency=cutoff,
            ),
            frequency=90,
        )
        for side in signal
    ]
