"""What an instance can play by name, as the file that it reads (`MARMALADE_ORCHESTRA`). Pure."""

import json
from collections.abc import Iterable, Mapping

from marmalade_sc.generators.sounds import Sounds

__all__ = ["orchestra_text"]


def orchestra_text(rows: Iterable[Mapping[str, object]], sounds: Sounds) -> str:
    """The player's voices and samplers, and before them what the instance brings; buffer 0 is its first sample."""
    banks = [
        {"name": name, "preferred": True, "samples": [{"buffer": n, "channels": channels, "length_s": length_s}]}
        for n, (name, _, channels, length_s) in enumerate(sounds.samples)
    ]
    playable = [row for row in rows if row.get("kind") != "effect"]
    return json.dumps({"instruments": [*sounds.rows, *playable], "banks": banks})
