"""What `marmalade doctor` looks at, one finding each: what is there, what is missing, how to get it."""

import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from marmalade_sc import __version__
from marmalade_sc.engine.sound import Probe, Wishes, decide
from marmalade_sc.errors import JamError, PlayerError, SoundError
from marmalade_sc.jam.servers import find_redis, redis_version
from marmalade_sc.settings.load import Settings
from marmalade_sc.settings.places import Places, bundled, make_private

__all__ = ["PACKAGES", "Finding", "find_all", "installed_by"]

Group = Literal["settings", "programs", "python", "sound", "generators", "directories", "player"]

PACKAGES = ("supriya", "redis", "hiredis", "aiohttp", "numpy", "soundfile", "cryptography", "prompt_toolkit", "rich")
_LOW_BYTES = 1 << 30
_MEMORY_KB = 1 << 20
_PLUGIN_FOLDERS = ("/usr/lib/SuperCollider", "/usr/local/lib/SuperCollider", "/usr/share/SuperCollider/Extensions")
_OF_PLUGINS = ("MCLDFFTUGens", "JPverbUGens", "DEINDUGens")
"""Files that only sc3-plugins brings."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    `state`: `ok`; `weak`, when it works with a loss that `how` mends; `missing`, when the player cannot start.
    """

    group: Group
    name: str
    state: Literal["ok", "weak", "missing"]
    found: str
    how: str = ""


def installed_by(package: str) -> str:
    """How to get a Debian package."""
    return f"`./scripts/marmalade` installs it, or: sudo apt install {package}"


def find_all(places: Places, settings: Settings, probe: Probe, wishes: Wishes) -> Iterator[Finding]:
    """Everything, group by group. Starts programs only to ask their version; takes about 0.1 s."""
    yield from _programs(settings, probe)
    yield from _python()
    yield from _sound(places, probe, wishes)
    yield from _generators(places)
    yield from _directories(places)


def _programs(settings: Settings, probe: Probe) -> Iterator[Finding]:
    scsynth = shutil.which(settings.text("engine.scsynth") or "scsynth")
    if scsynth is None:
        yield Finding("programs", "scsynth", "missing", "not found", installed_by("supercollider-server"))
    else:
        version = _version(scsynth, "-v", r"scsynth (\S+)")
        yield Finding("programs", "scsynth", "ok", f"{version} ({scsynth})")
        plugins = _plugins(Path(scsynth))
        if plugins is None:
            yield Finding("programs", "sc3-plugins", "weak", "not found", installed_by("sc3-plugins-server"))
        else:
            yield Finding("programs", "sc3-plugins", "ok", str(plugins))
    try:
        redis = find_redis(settings.text("jam.redis"))
        version = ".".join(map(str, redis_version(redis)))
        yield Finding("programs", "redis-server", "ok", f"{version} ({redis})")
    except JamError as error:
        yield Finding("programs", "redis-server", "missing", error.message, installed_by("redis-server"))
    if probe.jackd:
        version = _version(probe.jackd, "--version", r"version (\S+)")
        yield Finding("programs", "jackd", "ok", f"{version} ({probe.jackd})")
    elif probe.jack_servers or (probe.pipewire and probe.pw_jack):
        yield Finding("programs", "jackd", "ok", "not found, not needed: another server runs")
    else:
        yield Finding("programs", "jackd", "missing", "not found", installed_by("jackd2"))
    if probe.pw_jack:
        yield Finding("programs", "pw-jack", "ok", probe.pw_jack)
    elif probe.pipewire:
        how = installed_by("pipewire-jack")
        yield Finding("programs", "pw-jack", "weak", "not found, but PipeWire runs", how)


def _python() -> Iterator[Finding]:
    version = sys.version.split()[0]
    yield Finding("python", "python", "ok", f"{version} ({sys.executable})")
    yield Finding("python", "marmalade", "ok", f"{__version__} ({Path(__file__).resolve().parents[1]})")
    for package in PACKAGES:
        try:
            yield Finding("python", package, "ok", importlib.metadata.version(package))
        except importlib.metadata.PackageNotFoundError:
            yield Finding("python", package, "missing", "not found", "`./scripts/marmalade` installs it.")


def _sound(places: Places, probe: Probe, wishes: Wishes) -> Iterator[Finding]:
    try:
        sound = decide(probe, wishes, places.runtime.name[-8:])
        how = "" if sound.audible else "Plug in a sound card, or start JACK or PipeWire."
        yield Finding("sound", "driver", "ok" if sound.audible else "weak", f"{sound.driver}: {sound.why}", how)
    except SoundError as error:
        yield Finding("sound", "driver", "missing", error.message, "`marmalade config set audio.driver auto`")
    servers = ", ".join(server.name for server in probe.jack_servers) or "none"
    yield Finding(
        "sound", "servers", "ok", f"JACK: {servers}; PipeWire: {'runs' if probe.pipewire else 'does not run'}"
    )
    for card in probe.cards:
        ways = [way for way, devices in (("plays", card.playback), ("records", card.capture)) if devices]
        yield Finding("sound", f"card {card.id}", "ok", f"{card.name} ({' and '.join(ways) or 'nothing'})")
    if not probe.cards:
        yield Finding("sound", "cards", "ok", "none")
    yield _rights(probe)


def _rights(probe: Probe) -> Finding:
    rights = probe.rights
    memory = "no limit" if rights.memory_kb < 0 else f"{rights.memory_kb} KiB"
    found = f"real-time scheduling {'granted' if rights.fifo else 'refused'}; locked memory: {memory}"
    if not rights.fifo:
        how = "sudo dpkg-reconfigure jackd2 (answer yes), sudo adduser $USER audio, then log in again"
        return Finding("sound", "realtime", "weak", found, how)
    if 0 <= rights.memory_kb < _MEMORY_KB and os.geteuid() != 0:
        how = "set `@audio - memlock unlimited` in /etc/security/limits.d/audio.conf, then log in again"
        return Finding("sound", "realtime", "weak", found, how)
    return Finding("sound", "realtime", "ok", found)


def _generators(places: Places) -> Iterator[Finding]:
    """The layers of the sandbox; without one of them no generator runs, and all else does."""
    from marmalade_sc.generators.sandbox.probe import probe as try_out
    from marmalade_sc.player.generators.shelves import first_uid

    for layer in try_out(first_uid(places)):
        state: Literal["ok", "weak"] = "ok" if layer.is_there else "weak"
        yield Finding("generators", layer.name, state, layer.what, layer.remedy)


def _directories(places: Places) -> Iterator[Finding]:
    root = places.root
    there = next(folder for folder in (root, *root.parents) if folder.exists())
    if not os.access(there, os.W_OK | os.X_OK):
        how = "Choose another one with --dir or MARMALADE_DIR."
        yield Finding("directories", "player", "missing", f"{root} cannot be written", how)
    else:
        yield Finding("directories", "player", "ok", str(root) + ("" if there == root else " (not made yet)"))
    free = shutil.disk_usage(there).free
    low = free < _LOW_BYTES
    found = f"{free / 1e9:.1f} GB free on its disk"
    yield Finding("directories", "disk", "weak" if low else "ok", found, "Make room for recordings." if low else "")
    try:
        if places.runtime.exists():
            make_private(places.runtime)
        yield Finding("directories", "runtime", "ok", str(places.runtime))
    except PlayerError as error:
        yield Finding("directories", "runtime", "missing", error.message, "Set XDG_RUNTIME_DIR to a folder of yours.")
    for name in ("synthdefs", "generators"):
        folder = bundled(name)
        there_is = folder.is_dir()
        how = "" if there_is else "Install Marmalade anew."
        yield Finding("directories", name, "ok" if there_is else "missing", str(folder), how)


def _plugins(scsynth: Path) -> Path | None:
    """The folder in which a file of sc3-plugins is, beside the usual ones also that of an unpacked scsynth."""
    # The wrappers of scripts/setup.sh are in <prefix>/bin, what they run is in <prefix>/tree.
    folders = [Path(folder) for folder in _PLUGIN_FOLDERS]
    folders.append(scsynth.parent.parent / "tree" / "usr" / "lib" / "SuperCollider")
    for folder in folders:
        for name in _OF_PLUGINS:
            if found := next(folder.rglob(f"{name}.so"), None):
                return found.parent
    return None


def _version(program: str, option: str, pattern: str) -> str:
    try:
        done = subprocess.run([program, option], capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"does not run: {error}"
    match = re.search(pattern, done.stdout + done.stderr)
    return match[1] if match else "unknown version"
