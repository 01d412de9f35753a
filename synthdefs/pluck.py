"""A plucked string."""

from supriya.ugens import LPF, Envelope, EnvGen, Impulse, LeakDC, Pluck, WhiteNoise

from marmalade_sc.synthdefs import control, percussive, synthdef


@synthdef(
    freq=control(220.0, "Hz", 30, 5000, "pitch"),
    decay=control(1.6, "s", 0.05, 20, "time to fall silent"),
    brightness=control(0.65, "", 0, 1, "how hard and how near the bridge it is plucked"),
    tail=30,
)
def pluck(freq, decay, brightness):
    nail = LPF.ar(source=WhiteNoise.ar(), frequency=600 + brightness * 11000)
    period = 1 / freq
    string = Pluck.ar(
        source=nail,
        trigger=Impulse.ar(frequency=0),
        maximum_delay_time=1 / 25,
        delay_time=period,
        decay_time=decay,
        coefficient=0.45 - brightness * 0.4,
    )
    # Pluck is heard after one period; that period is the nail itself.
    nail = nail * EnvGen.ar(envelope=Envelope([1, 1, 0], [period, 0.0002], [0]))
    return (LeakDC.ar(source=string + nail) * 2.0).tanh() * percussive(0, decay, -1.5)
