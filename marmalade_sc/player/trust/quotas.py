"""The settings generators.* and trust.* as what the sandbox, the gateway and the engine go by."""

from collections.abc import Mapping

from marmalade_sc.engine.guests import GuestLimits
from marmalade_sc.generators.gateway.policy import Bounds
from marmalade_sc.generators.grants import keys_in
from marmalade_sc.generators.sandbox.launch import Quota
from marmalade_sc.generators.trust import ASK, FULL, SANDBOX
from marmalade_sc.settings.load import Settings

__all__ = ["bounds_of", "grants_of", "limits_of", "quota_of", "refused_of"]

_MIB = 1 << 20


def quota_of(settings: Settings) -> Quota:
    """What a sandbox may use."""
    scratch = settings.integer("generators.scratch_mb") * _MIB
    return Quota(
        memory=settings.integer("generators.memory_mb") * _MIB,
        processes=settings.integer("generators.processes"),
        file=scratch,
        scratch=scratch,
        cpu=settings.number("generators.cpu"),
        output=settings.integer("generators.output_kb") << 10,
    )


def bounds_of(settings: Settings) -> Bounds:
    """How much a gateway lets through."""
    return Bounds(
        commands=settings.number("generators.requests"), data=1000.0 * settings.number("generators.request_kb")
    )


def limits_of(settings: Settings) -> GuestLimits:
    """How much an instance may play."""
    return GuestLimits(notes=settings.number("generators.notes"), voices=settings.integer("generators.voices"))


def refused_of(settings: Settings) -> frozenset[str]:
    """The levels of trust whose generators do not run at all."""
    return frozenset(level for level in (ASK, SANDBOX, FULL) if settings.text(f"trust.{level}") == "refused")


def grants_of(settings: Settings) -> Mapping[str, frozenset[str]]:
    """The keys that each level of trust grants by itself."""
    return {level: keys_in(settings.text(f"trust.{level}_grants")) for level in (SANDBOX, FULL)}
