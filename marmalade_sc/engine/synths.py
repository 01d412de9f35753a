"""The engine's own synthdefs: block counter, channel strip, send, master, recorder, scope. Built with supriya."""

from supriya import DoneAction, Envelope, SynthDef, SynthDefBuilder
from supriya.ugens import (
    A2K,
    Balance2,
    BufWr,
    DiskOut,
    EnvGen,
    Impulse,
    In,
    Lag,
    Latch,
    LeakDC,
    Limiter,
    Line,
    OffsetOut,
    Out,
    PeakFollower,
    Phasor,
    ReplaceOut,
    Sanitize,
    Slew,
    SubsampleOffset,
)

from marmalade_sc.engine.layout import (
    AIM_AUDIO_BUS,
    AIM_BUS,
    BLOCK,
    BLOCK_COUNTER_BUS,
    MASTER_BUS,
    MASTER_METER_BUS,
    SCOPE_BUS,
    SCOPE_FRAMES,
)
from marmalade_sc.engine.mixer import AIM_SYNTH, CLOCK_SYNTH, MASTER_SYNTH, SEND_SYNTH, STEM_SYNTH, STRIP_SYNTH
from marmalade_sc.engine.sampleclock import COUNTER_WRAP
from marmalade_sc.engine.strips import SILENCE_DB

__all__ = ["LIMITER_LOOKAHEAD_S", "RECORDER_SYNTH", "SCOPE_SYNTH", "STRIP_CEILING", "system_synthdefs"]

RECORDER_SYNTH = "marmalade.recorder"
SCOPE_SYNTH = "marmalade.scope"
STRIP_CEILING = 4.0
"""A strip clips at +12 dBFS: room for transients, but no track can drive the master's limiter for the others."""
LIMITER_LOOKAHEAD_S = 0.005
"""scsynth's Limiter looks ahead this long and delays by twice as much; files are compensated."""
_SEND_FADE_S = 0.02
_AIM_S = 0.015
"""Some blocks, at the end of which the frame is known; control buses keep what was written last."""
_OPEN_S = 0.005
"""A strip that was hushed opens again within this time."""
_PEAK_DECAY = 0.994
"""Per control block, for it runs at control rate: meters fall by 20 dB in half a second at 48 kHz."""


def system_synthdefs() -> list[SynthDef]:
    """All of them, ready to be compiled. Takes some milliseconds; not for the hot path."""
    return [_clock(), _aim(), _strip(), _send(), _stem(), _master(), _recorder(2), _scope()]


def _clock() -> SynthDef:
    with SynthDefBuilder() as builder:
        Out.kr(bus=BLOCK_COUNTER_BUS, source=[Phasor.kr(trigger=0, rate=1, start=0, stop=COUNTER_WRAP)])
    return builder.build(name=CLOCK_SYNTH)


def _aim() -> SynthDef:
    """Tells on which block and sample its timetag started it, and frees itself.

    OffsetOut moves an impulse to that sample; the synth hears it on a bus of its own. The fraction is what scsynth
    rounded away. Its number is told from the second block on, when the frame is known.
    """
    with SynthDefBuilder(number=0.0) as builder:
        first = Impulse.kr(frequency=0)
        known = 1 - first
        block = Latch.kr(source=In.kr(bus=BLOCK_COUNTER_BUS), trigger=first)
        OffsetOut.ar(bus=AIM_AUDIO_BUS, source=Impulse.ar(frequency=0))
        place = Phasor.ar(trigger=0, rate=1, start=0, stop=1000 * BLOCK)
        frame = A2K.kr(source=Latch.ar(source=place, trigger=In.ar(bus=AIM_AUDIO_BUS)))
        Out.kr(bus=AIM_BUS, source=[builder["number"] * known, block, frame, SubsampleOffset.ir()])
        Line.kr(start=0, stop=0, duration=_AIM_S, done_action=DoneAction.FREE_SYNTH)
    return builder.build(name=AIM_SYNTH)


def _strip() -> SynthDef:
    """Bus in, made safe, fader and pan, ceiling, bus out; peaks to control buses. Adds no delay.

    The fader moves evenly in dB, as a hand does; the last step to silence, from -96 dB, nobody hears.
    It has two ways out, of which `side` chooses one: a track that changes its group crosses over without a click.
    """
    own = {"bus": 64.0, "meter": 16.0, "gain": 1.0, "speed": 1e6, "pan": 0.0, "lag": 0.01, "open": 1.0, "fade": 0.01}
    way_out = {"out": 64.0, "trim": 1.0, "out_b": 64.0, "trim_b": 1.0, "side": 0.0}
    with SynthDefBuilder(**own, **way_out, ceiling=STRIP_CEILING) as builder:
        left, right = (Sanitize.ar(source=channel) for channel in In.ar(bus=builder["bus"], channel_count=2))
        gate = Slew.kr(source=builder["open"], up=1 / _OPEN_S, down=1 / builder["fade"].max(0.001))
        wanted_db = builder["gain"].max(10 ** (SILENCE_DB / 20)).amplitude_to_db()
        gain_db = Slew.kr(source=wanted_db, up=builder["speed"], down=builder["speed"])
        fader = gain_db.db_to_amplitude() * (gain_db > SILENCE_DB + 0.01)
        # Out of silence within 10 ms, evenly in dB, clicks at -56 dBFS; as steep as a strip opens is steep enough.
        steepest = builder["gain"].max(1.0) / _OPEN_S
        level = Slew.kr(source=fader, up=steepest, down=steepest) * gate
        pan = Lag.kr(source=builder["pan"], lag_time=builder["lag"])
        both = Balance2.ar(left=left, right=right, position=pan, level=level)
        both = [channel.clip(-builder["ceiling"], builder["ceiling"]) for channel in both]
        ReplaceOut.ar(bus=builder["bus"], source=both)
        side = Slew.kr(source=builder["side"], up=1 / _SEND_FADE_S, down=1 / _SEND_FADE_S)
        for out, share in (("out", (1 - side) * builder["trim"]), ("out_b", side * builder["trim_b"])):
            Out.ar(bus=builder[out], source=[channel * share for channel in both])
        Out.kr(bus=builder["meter"], source=[PeakFollower.kr(source=channel, decay=_PEAK_DECAY) for channel in both])
    return builder.build(name=STRIP_SYNTH)


def _send() -> SynthDef:
    with SynthDefBuilder(bus=64.0, out=64.0, gain=1.0, gate=1.0) as builder:
        level = builder["gain"] * EnvGen.kr(
            envelope=Envelope([0.0, 1.0, 0.0], [_SEND_FADE_S, _SEND_FADE_S], [0.0, 0.0], release_node=1),
            gate=builder["gate"],
            done_action=DoneAction.FREE_SYNTH,
        )
        Out.ar(bus=builder["out"], source=[channel * level for channel in In.ar(bus=builder["bus"], channel_count=2)])
    return builder.build(name=SEND_SYNTH)


def _stem() -> SynthDef:
    """What a strip gives, to outputs of its own."""
    with SynthDefBuilder(bus=64.0, out=2.0) as builder:
        Out.ar(bus=builder["out"], source=In.ar(bus=builder["bus"], channel_count=2))
    return builder.build(name=STEM_SYNTH)


def _master() -> SynthDef:
    """What the strips give, without NaN, infinities and DC, limited to -0.3 dBFS, to the outputs."""
    with SynthDefBuilder(gain=1.0, ceiling=0.966) as builder:
        gain = Lag.kr(source=builder["gain"], lag_time=0.02)
        safe = [
            Limiter.ar(
                source=LeakDC.ar(source=Sanitize.ar(source=channel) * gain, coefficient=0.9995),
                level=builder["ceiling"],
                duration=LIMITER_LOOKAHEAD_S,
            )
            for channel in In.ar(bus=MASTER_BUS, channel_count=2)
        ]
        Out.kr(bus=MASTER_METER_BUS, source=[PeakFollower.kr(source=channel, decay=_PEAK_DECAY) for channel in safe])
        Out.ar(bus=0, source=safe)
    return builder.build(name=MASTER_SYNTH)


def _scope() -> SynthDef:
    """What is heard, into a buffer, round and round; and where that is."""
    with SynthDefBuilder(buffer=0.0) as builder:
        place = Phasor.ar(trigger=0, rate=1, start=0, stop=SCOPE_FRAMES)
        BufWr.ar(buffer_id=builder["buffer"], phase=place, loop=1, source=In.ar(bus=0, channel_count=2))
        Out.kr(bus=SCOPE_BUS, source=[A2K.kr(source=place)])
    return builder.build(name=SCOPE_SYNTH)


def _recorder(channels: int) -> SynthDef:
    with SynthDefBuilder(buffer=0.0, bus=0.0) as builder:
        DiskOut.ar(buffer_id=builder["buffer"], source=In.ar(bus=builder["bus"], channel_count=channels))
    return builder.build(name=RECORDER_SYNTH)
