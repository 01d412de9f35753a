"""What the engine writes of itself into the jam's state, as plain records."""

import math

from marmalade_sc.engine.engine import Engine
from marmalade_sc.engine.sampleclock import SampleMap
from marmalade_sc.engine.sound import Sound
from marmalade_sc.engine.synths import LIMITER_LOOKAHEAD_S
from marmalade_sc.engine.watch import Observation
from marmalade_sc.jam.keys import levels

__all__ = ["clock_state", "decibels", "engine_state", "latency_ms", "level_records"]

_FLOOR_DB = -120.0


def engine_state(engine: Engine, observation: Observation, sound: Sound, xruns: int) -> dict[str, object]:
    """One record of `state:engine:main`: device, load, lateness, drops."""
    status = observation.status
    counts = engine.dispatcher.counts
    return {
        "driver": sound.driver,
        "device": sound.card or sound.server_name,
        "inputs": sound.inputs,
        "outputs": sound.outputs,
        "audible": sound.audible,
        "why": sound.why,
        "mode": engine.voices.mode,
        "rate": engine.server.rate,
        "rate_measured": status.rate_measured if status else 0.0,
        "cpu": status.cpu_average if status else 0.0,
        "cpu_peak": status.cpu_peak if status else 0.0,
        "synths": status.synths if status else 0,
        "ugens": status.ugens if status else 0,
        "definitions": status.definitions if status else 0,
        "xruns": xruns,
        "slips": observation.slips,
        "map_revision": observation.map_revision,
        "held": engine.dispatcher.held,
        "pending": engine.dispatcher.pending,
        "sent": counts.sent,
        "late_played": counts.late_played,
        "late_dropped": counts.late_dropped,
        "stale": counts.stale,
        "refused": counts.refused,
        "stolen": counts.stolen,
        "full": counts.full,
        "reasons": dict(counts.reasons.most_common(5)),
        "lead_ms": lead_percentiles(dict(counts.lead_ms)),
        "late_lines": engine.late_lines,
        "failures": engine.failures,
        "restarts": engine.restarts,
        "clock_steps": engine.clock_steps,
    }


def clock_state(current: SampleMap, origin: int) -> dict[str, object]:
    """One record of `state:clock`: the constant of jam time, and how it maps to the server's samples."""
    return {
        "origin": str(origin),
        "map": {
            "revision": current.revision,
            "since": str(current.since),
            "origin": str(current.origin),
            "rate": current.rate,
            "offset": current.offset,
            "slew": current.slew,
        },
    }


def latency_ms(rate: int, frames: int | None, sound: Sound) -> float:
    """From the time for which scsynth computes a sample until it leaves the sound card, and the master's limiter.

    Args:
        frames: what JACK says of scsynth's outputs; None where it was not asked: then two periods, as jackd has.
    """
    if frames is None:
        frames = 2 * (sound.period or 0)
    return round(1000 * (frames / max(rate, 1) + 2 * LIMITER_LOOKAHEAD_S), 1)


def lead_percentiles(bins: dict[int, int]) -> dict[str, int]:
    """Lead in whole ms of which 50 %, 1 % and 0.1 % of all notes had less, and the least (empty without notes)."""
    total = sum(bins.values())
    if not total:
        return {}
    wanted = {"p50": 0.5, "p99": 0.01, "p99.9": 0.001}
    found: dict[str, int] = {"min": min(bins)}
    for name, share in wanted.items():
        below = 0
        for lead in sorted(bins):
            below += bins[lead]
            if below > share * total:
                found[name] = lead
                break
    return found


def level_records(observation: Observation, kept: int) -> list[tuple[str, dict[str, object], int]]:
    """Records of `state:levels:<track>`: peaks in dBFS of left and right."""
    return [
        (levels(track), {"left": decibels(left), "right": decibels(right)}, kept)
        for track, (left, right) in observation.peaks.items()
    ]


def decibels(peak: float) -> float:
    """A linear peak in dBFS, -120 for silence."""
    return round(20 * math.log10(peak), 1) if peak > 1e-6 else _FLOOR_DB
