"""Words to complete, as a player would have them, without a player."""

from marmalade_sc.assist import Words
from marmalade_sc.sdk.instruments import Bank, Orchestra, Sample
from marmalade_sc.testing.catalogue import catalogue_row

ROWS = [
    catalogue_row("kick", aliases=("bd",), controls={"tune": (50.0, 20.0, 200.0), "amp": (0.5, 0.0, 4.0)}),
    catalogue_row("snare", aliases=("sn",), controls={"tone": (0.5, 0.0, 1.0)}),
    {
        **catalogue_row("bass"),
        "controls": [
            {"name": "freq", "default": 55.0, "low": 20.0, "high": 2000.0, "unit": "Hz", "doc": "pitch"},
            {"name": "cutoff", "default": 700.0, "low": 40.0, "high": 18000.0, "unit": "Hz", "doc": "where it rests"},
            {"name": "amp", "default": 0.5, "low": 0.0, "high": 4.0, "unit": "", "doc": "loudness"},
        ],
    },
    catalogue_row("lpf", kind="effect", controls={"cutoff": (800.0, 20.0, 20e3), "mix": (1.0, 0.0, 1.0)}),
    catalogue_row("reverb", kind="effect", controls={"room": (0.5, 0.0, 1.0)}),
    catalogue_row("sampler1", kind="sampler", controls={"buf": (0.0, 0.0, 1e9)}),
]
BANKS = [Bank("tabla", tuple(Sample(number, 1, 0.25) for number in range(12)))]
NAMES = {
    "tracks": ["d1", "b1"],
    "names": [
        {"name": "beat", "kind": "pattern", "signature": "", "doc": ""},
        {"name": "shift", "kind": "function", "signature": "shift(p, by=2)", "doc": "Moves a pattern."},
        {"name": "d1", "kind": "track", "signature": "", "doc": ""},
    ],
    "scenes": ["verse", "chorus"],
    "sets": ["friday"],
}


def files(start: str) -> list[str]:
    return ["take.wav", "older/"] if "/" not in start else ["older/tone.wav", "toys.wav"]


def words() -> Words:
    """Two drums, a bass, two effects, a bank; two tracks and two names of the user's."""
    return Words.of(orchestra=Orchestra.from_rows(ROWS, BANKS), names=NAMES, files=files, jams=("home", "rehearsal"))
