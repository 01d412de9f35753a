"""Saturation, from warm to torn."""

from supriya.ugens import LPF, LeakDC

from marmalade_sc.synthdefs import control, synthdef


@synthdef(
    drive=control(4.0, "", 1, 50, "gain before it bends"),
    cutoff=control(12000, "Hz", 200, 18000, "above which it takes away"),
    kind="effect",
)
def drive(signal, drive, cutoff):
    # The square root gives back some of what bending takes from quiet sounds without making loud ones louder.
    bent = [(side * drive).tanh() / drive.sqrt().max(1) * 1.2 for side in signal]
    return [LPF.ar(source=LeakDC.ar(source=side), frequency=cutoff) for side in bent]
