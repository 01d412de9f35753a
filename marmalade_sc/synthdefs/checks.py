"""What a compiled synthdef does, read from its UGens: draws chance, reads live buses, frees itself. Pure."""

from marmalade_sc.synthdefs.scgf import Graph, Unit

__all__ = ["freeing_units", "is_random", "reads_live_buses"]

# fmt: off
_RANDOM_UNITS = frozenset(
    {
        "BrownNoise", "ClipNoise", "CoinGate", "Crackle", "CuspL", "CuspN", "Dbrown", "Dibrown", "Diwhite",
        "Drand", "Dshuf", "Dust", "Dust2", "Dwhite", "Dwrand", "Dxrand", "ExpRand", "Gendy1", "Gendy2",
        "Gendy3", "GrainBuf", "GrainIn", "GrayNoise", "IRand", "LFClipNoise", "LFDClipNoise", "LFDNoise0",
        "LFDNoise1", "LFDNoise3", "LFNoise0", "LFNoise1", "LFNoise2", "LinRand", "NRand", "PV_BinScramble",
        "PV_Diffuser", "PV_MagNoise", "PV_RandComb", "PV_RandWipe", "PinkNoise", "PitchShift", "Rand",
        "RandID", "RandSeed", "TExpRand", "TIRand", "TRand", "TWindex", "Vibrato", "Warp1", "WhiteNoise",
    }
)
# fmt: on
_RANDOM_UNARY = frozenset({37, 38, 39, 40, 41, 44})  # rand, rand2, linrand, bilinrand, sum3rand, coin
_RANDOM_BINARY = frozenset({47, 48})  # rrand, exprand
_LIVE_UNITS = frozenset({"In", "InFeedback", "InTrig", "LagIn", "SoundIn"})
_FREEING_UNITS = frozenset({"Free", "FreeSelf", "FreeSelfWhenDone", "Pause", "PauseSelf", "PauseSelfWhenDone"})
#: Where the done action stands among the inputs of the units that have one.
_DONE_ACTION_INPUT = {
    "DemandEnvGen": 9,
    "DetectSilence": 3,
    "Duty": 2,
    "EnvGen": 4,
    "Line": 3,
    "Linen": 4,
    "PlayBuf": 5,
    "RecordBuf": 7,
    "XLine": 3,
}


def is_random(graph: Graph) -> bool:
    """Whether any unit draws from the synth's random generator."""
    return any(_draws(unit) for unit in graph.units)


def _draws(unit: Unit) -> bool:
    return (
        unit.name in _RANDOM_UNITS
        or (unit.name == "UnaryOpUGen" and unit.special in _RANDOM_UNARY)
        or (unit.name == "BinaryOpUGen" and unit.special in _RANDOM_BINARY)
    )


def reads_live_buses(graph: Graph) -> bool:
    """Whether any unit reads a bus or an input: what it hears cannot be delayed into place."""
    return any(unit.name in _LIVE_UNITS for unit in graph.units)


def freeing_units(graph: Graph) -> tuple[Unit, ...]:
    """The units that end or pause a node, by what they are or by their done action (a control counts as one)."""
    return tuple(
        unit
        for unit in graph.units
        if unit.name in _FREEING_UNITS
        or (unit.name in _DONE_ACTION_INPUT and graph.constant_inputs(unit)[_DONE_ACTION_INPUT[unit.name]] != 0.0)
    )
