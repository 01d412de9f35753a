"""Rows of a synthdef catalogue, as the foundry writes them, without building anything."""

from collections.abc import Mapping

__all__ = ["CONTROLS", "catalogue_row"]

CONTROLS: Mapping[str, tuple[float, float, float]] = {
    "amp": (0.5, 0.0, 4.0),
    "pan": (0.0, -1.0, 1.0),
    "sustain": (0.2, 0.0, 60.0),
    "freq": (220.0, 20.0, 20_000.0),
}
"""Default, lowest and highest value of each control that such a row has."""


def catalogue_row(
    name: str,
    *,
    kind: str = "voice",
    aliases: tuple[str, ...] = (),
    controls: Mapping[str, tuple[float, float, float]] = CONTROLS,
    is_random: bool = False,
    has_exact: bool = True,
    digest: str = "0123456789ab",
) -> dict[str, object]:
    """One row, as docs/synthdefs.md has it."""
    return {
        "name": name,
        "hash": digest,
        "wall": f"{name}.{digest}.w",
        "exact": f"{name}.{digest}.x" if has_exact else None,
        "kind": kind,
        "channels": 1,
        "random": is_random,
        "doc": f"a {name}",
        "file": f"{name}.py",
        "aliases": list(aliases),
        "controls": [
            {"name": control, "default": default, "low": low, "high": high, "unit": "", "doc": ""}
            for control, (default, low, high) in controls.items()
        ],
    }
