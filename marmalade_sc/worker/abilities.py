"""What a worker on this machine can do, and what it plays with. A wiring."""

import hashlib
import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from marmalade_sc.generators.sandbox.probe import probe, why_not
from marmalade_sc.jobs.contracts import CONTRACTS, Contract
from marmalade_sc.settings.places import bundled
from marmalade_sc.synthdefs.cache import framework_version
from marmalade_sc.worker.surroundings import Surroundings

__all__ = ["abilities", "sounds_mark"]

_TRIAL_UID = 739_999


def abilities(around: Surroundings) -> tuple[list[Contract], dict[str, str]]:
    """The steps that can be done here, and those that cannot, with why."""
    scsynth = around.settings.text("engine.scsynth") or "scsynth"
    lacking: dict[str, str] = {}
    if shutil.which(scsynth) is None:
        for name in ("render", "mix"):
            lacking[name] = f"{scsynth} was not found"
    if why := why_not(probe(_TRIAL_UID if os.geteuid() == 0 else None)):
        lacking["compile"] = why
    return [row for row in CONTRACTS.values() if row.name not in lacking], lacking


def sounds_mark(around: Surroundings) -> str:
    """What changes when a synthdef or a sample does, or the code that plays them."""
    places, settings = around.places, around.settings
    folders = (
        settings.path("synthdefs.folder", places.synthdefs),
        settings.path("samples.folder", places.samples),
        bundled("synthdefs"),
    )
    mark = hashlib.sha256(framework_version().encode())
    for key in ("tempo.beats_per_bar", "render.rate"):
        mark.update(f"{key}={settings[key].value}\n".encode())
    for folder in folders:
        for path in _files(folder):
            status = path.stat()
            mark.update(f"{path} {status.st_size} {status.st_mtime_ns}\n".encode())
    return mark.hexdigest()


def _files(folder: Path) -> Iterable[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
