"""Whether this machine can hold strangers' programs: found by trial at each start, layer by layer, never assumed."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from marmalade_sc.generators.sandbox.boot import LEAST_ABI, landlock_abi
from marmalade_sc.generators.sandbox.launch import Sandbox, command

__all__ = ["Layer", "probe", "why_not"]

_TIMEOUT_S: Final = 20.0
#: What a program inside must not be able to do; each line says what it could.
_TRIAL: Final = """
import ctypes, os, socket
def may(what, attempt):
    try:
        attempt()
    except OSError:
        return
    print(what)
may("networking", lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
may("reading the host's files", lambda: open("/etc/passwd"))
may("writing its own program", lambda: open("/gen/trial.py", "a"))
def unshare():
    if ctypes.CDLL(None).unshare(0x10000000):
        raise OSError
may("making namespaces", unshare)
print("uid", os.getuid(), "pid", os.getpid())
"""


@dataclass(frozen=True, slots=True)
class Layer:
    """One thing that a sandbox is made of.

    Attributes:
        is_there: found by trial.
        what: what was found, or what is wrong.
        remedy: how to get it; empty when it is there.
    """

    name: str
    is_there: bool
    what: str
    remedy: str = ""


def probe(uid: int | None = None) -> Sequence[Layer]:
    """Each layer, and the whole at last. Takes about 0.1 s.

    Args:
        uid: what an instance becomes where the player is root.
    """
    layers = [_bubblewrap(), _landlock()]
    if os.geteuid() == 0:
        setpriv = shutil.which("setpriv")
        layers.append(
            Layer("setpriv", setpriv is not None, setpriv or "not found", "" if setpriv else "apt install util-linux")
        )
    if all(layer.is_there for layer in layers):
        layers.append(_whole(uid))
    return layers


def why_not(layers: Sequence[Layer]) -> str:
    """Why nothing of a stranger runs here, and how to change it; empty when it may."""
    missing = [layer for layer in layers if not layer.is_there]
    return "; ".join(f"{layer.name}: {layer.what} ({layer.remedy})" for layer in missing)


def _bubblewrap() -> Layer:
    found = shutil.which("bwrap")
    if found is None:
        return Layer("bubblewrap", False, "not found", "apt install bubblewrap")
    spaces = ["--unshare-pid", "--unshare-net", "--unshare-ipc", "--ro-bind", "/", "/", "--", "/bin/true"]
    user = [] if os.geteuid() == 0 else ["--unshare-user", "--disable-userns"]
    answer = subprocess.run(
        [found, *user, *spaces],
        capture_output=True,
        text=True,
        timeout=_TIMEOUT_S,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    if answer.returncode:
        words = answer.stderr.strip() or f"status {answer.returncode}"
        remedy = (
            "allow unprivileged user namespaces; on Ubuntu 24.04 give /usr/bin/bwrap an AppArmor profile with userns"
        )
        return Layer("bubblewrap", False, words[:200], remedy)
    return Layer("bubblewrap", True, found)


def _landlock() -> Layer:
    abi = landlock_abi()
    remedy = "" if abi >= LEAST_ABI else "use Linux 6.12 or later, with landlock in /sys/kernel/security/lsm"
    return Layer("Landlock", abi >= LEAST_ABI, f"version {abi}, {LEAST_ABI} is needed", remedy)


def _whole(uid: int | None) -> Layer:
    with tempfile.TemporaryDirectory(prefix="marmalade-probe-") as name:
        home = Path(name)
        home.chmod(0o755)
        (home / "trial.py").write_text(_TRIAL)
        (home / "trial.py").chmod(0o644)
        python = os.path.realpath(sys.executable)  # noqa: PTH100
        sandbox = Sandbox(home, [python, "-I", "-S", "/gen/trial.py"], uid=uid)
        try:
            answer = subprocess.run(
                command(sandbox),
                capture_output=True,
                text=True,
                timeout=_TIMEOUT_S,
                check=False,
                stdin=subprocess.DEVNULL,
            )
        except (OSError, subprocess.TimeoutExpired, ValueError) as error:
            return Layer("sandbox", False, str(error)[:200], "see docs/generators.md")
    lines = answer.stdout.split("\n")[:-1]
    if answer.returncode or len(lines) != 1 or not lines[0].startswith("uid "):
        could = ", ".join(lines[:-1]) if answer.returncode == 0 else answer.stderr.strip()[:200]
        return Layer("sandbox", False, f"a trial failed: {could or 'no answer'}", "see docs/generators.md")
    return Layer("sandbox", True, f"a trial passed ({lines[0]})")
