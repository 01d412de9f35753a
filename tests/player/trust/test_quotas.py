"""Quotas come from the settings; without any they are those of the sandbox's own defaults."""

from pathlib import Path

from marmalade_sc.engine.guests import GuestLimits
from marmalade_sc.generators.gateway.policy import Bounds
from marmalade_sc.generators.grants import ALL
from marmalade_sc.generators.sandbox.launch import Quota
from marmalade_sc.player.trust.quotas import bounds_of, grants_of, limits_of, quota_of, refused_of
from marmalade_sc.settings.load import load


def test_without_settings_they_are_the_defaults(tmp_path: Path) -> None:
    settings = load(tmp_path / "config.toml")
    assert quota_of(settings) == Quota() and bounds_of(settings) == Bounds() and limits_of(settings) == GuestLimits()
    assert refused_of(settings) == frozenset()
    assert grants_of(settings) == {"sandbox": frozenset(), "full": frozenset({ALL})}


def test_settings_change_them(tmp_path: Path) -> None:
    options = {
        "generators.memory_mb": "100",
        "generators.cpu": "0.5",
        "generators.requests": "50",
        "generators.voices": "3",
        "trust.sandbox": "refused",
        "trust.sandbox_grants": "schedule:main",
    }
    settings = load(tmp_path / "config.toml", options=options)
    assert (quota_of(settings).memory, quota_of(settings).cpu) == (100 << 20, 0.5)
    assert bounds_of(settings).commands == 50 and limits_of(settings).voices == 3
    assert refused_of(settings) == {"sandbox"} and grants_of(settings)["sandbox"] == {"schedule:main"}
