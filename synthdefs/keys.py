"""An electric piano: a soft tone and a tine that rings above it."""

from supriya.ugens import SinOsc

from marmalade_sc.synthdefs import control, held, percussive, synthdef


@synthdef(
    freq=control(261.6, "Hz", 20, 20000, "pitch"),
    brightness=control(0.5, "", 0, 1, "how hard it is struck"),
    decay=control(2.2, "s", 0.1, 20, "time to fall silent"),
    release=control(0.25, "s", 0.005, 20, "time to fall behind the sustain"),
    aliases=("epiano",),
)
def keys(freq, brightness, decay, release, sustain):
    tine = SinOsc.ar(frequency=freq * 14) * percussive(0, 0.25, -6) * brightness * 0.5
    bark = SinOsc.ar(frequency=freq) * percussive(0, decay * 0.4, -4) * brightness * 2.2
    tone = SinOsc.ar(frequency=freq, phase=(tine + bark)) + SinOsc.ar(frequency=freq * 1.0025) * 0.3
    return tone * 0.8 * percussive(0.002, decay, -3) * held(sustain, 0.001, release)
