"""A deep kick: a sine that falls fast into its pitch, with a sharp edge."""

from supriya.ugens import HPF, SinOsc

from marmalade_sc.synthdefs import control, percussive, synthdef


@synthdef(
    tune=control(48.0, "Hz", 20, 400, "pitch"),
    decay=control(0.45, "s", 0.01, 8, "time to fall silent"),
    sweep=control(5.0, "", 0, 20, "how far above its pitch it begins, in multiples"),
    punch=control(1.6, "", 0.5, 8, "drive into saturation"),
    aliases=("bd",),
)
def kick(tune, decay, sweep, punch):
    pitch = tune * (1 + sweep * percussive(0, 0.09, -8))
    # The phase of a quarter begins at the top: full level on the first sample.
    body = SinOsc.ar(frequency=pitch, phase=1.5708) * percussive(0, decay, -3.5)
    # Bending a falling wave leaves an offset. (LeakDC would take the first sample with it.)
    return HPF.ar(source=(body * punch).tanh(), frequency=18) * 0.95
