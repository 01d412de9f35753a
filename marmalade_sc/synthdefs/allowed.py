"""The UGens that a stranger's synthdef may use, with the form that each must have. Pure.

A unit with fewer inputs than its code reads makes scsynth read beyond them; one at a rate that it does not know crashes
it. So each is listed with its rates, inputs and outputs, as supriya 26.10 and SuperCollider 3.13 declare them (a test
compares). Left out: what frees, pauses or moves other nodes, writes buffers or files, reads the mouse or keys, sends
messages, prints, uses FFT (which needs buffers of its own), and demand units (an endless empty list hangs the audio
thread).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Final

__all__ = ["Form", "allowed"]

_RATES: Final = {"s": 0, "k": 1, "a": 2}


@dataclass(frozen=True, slots=True)
class Form:
    """What a unit must look like.

    Attributes:
        rates: calculation rates: 0 scalar, 1 control, 2 audio.
        inputs: how many, or the least where `has_more`.
        outputs: how many; None for as many as are asked for.
        is_filter: at audio rate its first input must be at audio rate, too, for it reads whole blocks of it.
    """

    rates: frozenset[int]
    inputs: int
    has_more: bool
    outputs: int | None
    is_filter: bool


#: name:rates:inputs:outputs; "+" behind the inputs: or more; "n": any; "=": a filter.
_TABLE: Final = """
# Sound sources
Blip:ak:2:1 BrownNoise:ak:0:1 ClipNoise:ak:0:1 Crackle:ak:1:1 DC:ak:1:1 Dust:ak:1:1 Dust2:ak:1:1 FSinOsc:ak:2:1
Formlet:ak:4:1= GrayNoise:ak:0:1 Impulse:ak:2:1 LFClipNoise:ak:1:1 LFCub:ak:2:1 LFDClipNoise:ak:1:1
LFDNoise0:ak:1:1 LFDNoise1:ak:1:1 LFDNoise3:ak:1:1 LFGauss:ak:5:1 LFNoise0:ak:1:1 LFNoise1:ak:1:1
LFNoise2:ak:1:1 LFPar:ak:2:1 LFPulse:ak:3:1 LFSaw:ak:2:1 LFTri:ak:2:1 PinkNoise:ak:0:1 Pulse:ak:2:1 Saw:ak:1:1
SinOsc:ak:2:1 SyncSaw:ak:2:1 VarSaw:ak:3:1 Vibrato:ak:8:1 WhiteNoise:ak:0:1
# Chance
CoinGate:ak:2:1 ExpRand:s:2:1 IRand:s:2:1 LinRand:s:3:1 NRand:s:3:1 Rand:s:2:1 TExpRand:ak:3:1 TIRand:ak:3:1
TRand:ak:3:1 Hasher:ak:1:1
# Envelopes, lines and triggers
Decay:ak:2:1= Decay2:ak:3:1= Done:k:1:1 FreeSelf:k:1:1 EnvGen:ak:5+:1 Gate:ak:2:1 Latch:ak:2:1 Line:ak:4:1 Linen:k:5:1
Phasor:ak:5:1 Schmidt:aks:3:1 Sweep:ak:2:1 TDelay:ak:2:1 ToggleFF:ak:1:1 Trig:ak:2:1 Trig1:ak:2:1 XLine:ak:4:1
# Filters
APF:ak:3:1= AllpassC:ak:4:1= AllpassL:ak:4:1= AllpassN:ak:4:1= BAllPass:a:3:1= BBandPass:a:3:1= BBandStop:a:3:1=
BHiPass:a:3:1= BHiShelf:a:4:1= BLowPass:a:3:1= BLowShelf:a:4:1= BPF:ak:3:1= BPZ2:ak:1:1= BPeakEQ:a:4:1=
BRF:ak:3:1= BRZ2:ak:1:1= CombC:ak:4:1= CombL:ak:4:1= CombN:ak:4:1= Delay1:ak:1:1= Delay2:ak:1:1= DelayC:ak:3:1=
DelayL:ak:3:1= DelayN:ak:3:1= FOS:ak:4:1= HPF:ak:2:1= HPZ1:ak:1:1= HPZ2:ak:1:1= Hilbert:a:1:2=
Integrator:ak:2:1= Lag:ak:2:1= Lag2:ak:2:1= Lag2UD:ak:3:1= Lag3:ak:2:1= Lag3UD:ak:3:1= LagUD:ak:3:1= LPF:ak:2:1=
LPZ1:ak:1:1= LPZ2:ak:1:1= LeakDC:ak:2:1= MidEQ:ak:4:1= MoogFF:ak:4:1= OnePole:ak:2:1= OneZero:ak:2:1=
RHPF:ak:3:1= RLPF:ak:3:1= Ramp:ak:2:1= Ringz:ak:3:1= SOS:ak:6:1= Slew:ak:3:1= Slope:ak:1:1= TwoPole:ak:3:1=
TwoZero:ak:3:1=
# Levels
AmpComp:aks:3:1 AmpCompA:aks:4:1 Amplitude:ak:3:1= CheckBadValues:ak:3:1= Clip:aks:3:1 Compander:a:7:1=
Fold:aks:3:1 InRange:aks:3:1 LinExp:ak:5:1 Limiter:a:3:1= MulAdd:aks:3:1 Normalizer:a:3:1= Peak:ak:2:1
Sanitize:ak:2:1= Wrap:aks:3:1 LeastChange:ak:2:1 MostChange:ak:2:1 RunningMax:ak:2:1 RunningMin:ak:2:1
# Sums and places
A2K:k:1:1 Balance2:ak:4:2= BinaryOpUGen:aks:2:1 BiPanB2:ak:4:3= K2A:a:1:1 Pan2:ak:3:2= Rotate2:ak:3:2=
Select:ak:1+:1 Sum3:aks:3:1 Sum4:aks:4:1 UnaryOpUGen:aks:1:1 XFade2:ak:4:1
# Effects
FreeVerb:a:4:1= FreqShift:a:3:1= PitchShift:a:5:1= Pluck:a:6:1=
# Physical
Ball:ak:4:1 Klank:a:4+:1= Spring:ak:3:1 TBall:ak:4:1
# Chaos
CuspL:a:4:1 CuspN:a:4:1 FBSineL:a:7:1 FBSineN:a:7:1 GbmanL:a:3:1 GbmanN:a:3:1 HenonL:a:5:1 HenonN:a:5:1
LatoocarfianL:a:7:1 LatoocarfianN:a:7:1 LinCongL:a:5:1 LinCongN:a:5:1 Logistic:ak:3:1 QuadL:a:5:1 QuadN:a:5:1
StandardL:a:4:1 StandardN:a:4:1
# Facts
BlockSize:s:0:1 ControlDur:s:0:1 ControlRate:s:0:1 RadiansPerSample:s:0:1 SampleDur:s:0:1 SampleRate:s:0:1
SubsampleOffset:s:0:1
# Samples
BufChannels:ks:1:1 BufDur:ks:1:1 BufFrames:ks:1:1 BufRateScale:ks:1:1 BufRd:ak:4:n BufSampleRate:ks:1:1
BufSamples:ks:1:1 PlayBuf:ak:6:n
# Buses, by our rules
Control:aks:0:n In:ak:1:n LocalIn:ak:0+:n LocalOut:ak:0+:0 OffsetOut:a:1+:0 Out:ak:1+:0 RandID:ks:1:1
RandSeed:aks:2:1
"""


@lru_cache(maxsize=1)
def allowed() -> Mapping[str, Form]:
    """The forms by name."""
    found = {}
    for line in _TABLE.splitlines():
        for row in line.split() if not line.startswith("#") else ():
            name, rates, inputs, outputs = row.split(":")
            count = outputs.rstrip("=")
            found[name] = Form(
                frozenset(_RATES[rate] for rate in rates),
                int(inputs.rstrip("+")),
                inputs.endswith("+"),
                None if count == "n" else int(count),
                outputs.endswith("="),
            )
    return MappingProxyType(found)
