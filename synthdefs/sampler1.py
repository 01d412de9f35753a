"""Plays a sample of one channel."""

from supriya.ugens import LPF, BufFrames, BufRateScale, Envelope, EnvGen, PlayBuf, SampleRate

from marmalade_sc.synthdefs import control, synthdef, until


@synthdef(
    buf=control(0, "", 0, 100000, "number of the buffer"),
    rate=control(1.0, "", 0.001, 64, "pitch, as a ratio"),
    begin=control(0.0, "", 0, 1, "where it begins, as a share of its length"),
    end=control(1.0, "", 0, 1, "where it ends, as a share of its length"),
    speed=control(1.0, "", -64, 64, "speed; negative plays it backwards"),
    attack=control(0.0, "s", 0, 10, "time to rise"),
    release=control(0.005, "s", 0.001, 20, "time to fall at the end"),
    cutoff=control(20000, "Hz", 40, 20000, "of a low-pass filter"),
    amp=control(0.8, "", 0, 4, "level"),
    kind="sampler",
    tail=600,
)
def sampler1(buf, rate, begin, end, speed, attack, release, cutoff, sustain):
    pace = (rate * speed * BufRateScale.kr(buffer_id=buf)).clip(-64, 64)
    backwards = pace < 0
    frames = BufFrames.kr(buffer_id=buf)
    first = (begin + (end - begin) * backwards) * (frames - backwards)
    length = abs(end - begin) * frames / (abs(pace).max(0.001) * SampleRate.ir())
    whole = sustain <= 0
    # A speed of 0 plays nothing, rather than one sample for ever.
    played = (length * whole + sustain.min(length) * (1 - whole)) * (abs(pace) > 0.001)
    # A cut into the middle of a wave would click: there it rises in half a millisecond at least.
    rise = attack.max((first > 0) * 0.0005)
    fall = release.min(played / 2)
    level = Envelope([rise <= 0, 1, 1, 0], [rise, (played - rise - fall).clip(0, 590), fall], [0])
    sound = PlayBuf.ar(channel_count=1, buffer_id=buf, rate=pace, start_position=first)
    # Wide open, the filter is left out: the samples of the file come through as they are.
    is_filtered = cutoff < 20000
    heard = sound * (1 - is_filtered) + LPF.ar(source=sound, frequency=cutoff.clip(40, 20000)) * is_filtered
    return heard * until(EnvGen.ar(envelope=level))
