"""A stranger's synthdef is heard by nobody first: two seconds of it are rendered aside, and its CPU is counted.

A scsynth of its own dies of what would have killed the one that plays, and tells what a voice costs.
"""

import contextlib
import os
import resource
import subprocess
import tempfile
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from marmalade_sc.engine.score import Score
from marmalade_sc.errors import SynthDefError
from marmalade_sc.sdk.osc import message

__all__ = ["MOST_COST", "Trial"]

MOST_COST: Final = 0.02
"""Share of a core that one voice may cost. The dearest that we ship, `pad`, costs a twelfth of it."""
_VOICES: Final = 8
_SECONDS: Final = 2
_RATE: Final = 48_000
_CPU_S: Final = 6
_TIMEOUT_S: Final = 20.0
_OPTIONS: Final = ("-a", "64", "-n", "64", "-m", "65536", "-b", "16", "-d", "64", "-r", "16", "-w", "64", "-D", "0")


@dataclass(slots=True)
class Trial:
    """See the module.

    Args:
        executable: scsynth.
        plugins: folder of UGens when scsynth does not find its own.
    """

    executable: str = "scsynth"
    plugins: str | None = None
    _empty_s: float = field(default=-1.0)

    def cost(self, data: bytes, wire: str, controls: Sequence[str] = ()) -> float:
        """The share of a core that one voice costs. Blocks for some 0.3 s.

        Args:
            controls: names of its controls; one that is called `sustain` is set so long that the voice lasts.

        Raises:
            SynthDefError: scsynth dies of it, or is not done in time; nothing may load it.
        """
        if self._empty_s < 0:
            self._empty_s = self._rendered(b"", "", ())
        used = self._rendered(data, wire, controls) - self._empty_s
        return max(0.0, used / (_VOICES * _SECONDS))

    def check(self, data: bytes, wire: str, controls: Sequence[str] = ()) -> float:
        """The cost, if it may be. Raises SynthDefError like `cost`, and for one that costs too much."""
        cost = self.cost(data, wire, controls)
        if cost > MOST_COST:
            raise SynthDefError(
                f"The synthdef {wire} costs {cost:.1%} of a core for each voice", hint=f"{MOST_COST:.0%} are allowed."
            )
        return cost

    def _rendered(self, data: bytes, wire: str, controls: Sequence[str]) -> float:
        with tempfile.TemporaryDirectory(prefix="marmalade-") as folder:
            path = Path(folder) / "score"
            with path.open("wb") as file:
                score = Score(file, _RATE)
                if data:
                    score.setup([message("/d_recv", data)])
                    long = ("sustain", float(2 * _SECONDS)) if "sustain" in controls else ()
                    voices = [message("/s_new", wire, 1000 + n, 0, 0, *long) for n in range(_VOICES)]
                    score.add(0, voices)
                score.add(_SECONDS << 32, [message("/c_set", 0, 0.0)])
            command = [
                *(self.executable, "-N", str(path), "_", os.devnull, str(_RATE), "WAV", "int16", "-o", "2", *_OPTIONS),
                *(("-U", self.plugins) if self.plugins else ()),
            ]
            return _cpu_s(command, wire)


def _cpu_s(command: Sequence[str], wire: str) -> float:
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError as error:
        raise SynthDefError(f"scsynth cannot be started for a trial: {error.strerror}") from error
    with contextlib.suppress(ProcessLookupError):
        resource.prlimit(process.pid, resource.RLIMIT_CPU, (_CPU_S, _CPU_S))
        resource.prlimit(process.pid, resource.RLIMIT_CORE, (0, 0))
        os.setpriority(os.PRIO_PROCESS, process.pid, 10)
    used_s, status = _waited(process)
    if status:
        raise SynthDefError(f"scsynth does not survive a trial of the synthdef {wire} (status {status})")
    return used_s


def _waited(process: "subprocess.Popen[bytes]") -> tuple[float, int]:
    """CPU seconds of a child and its status; it is killed when its time is over."""
    timer = threading.Timer(_TIMEOUT_S, process.kill)
    timer.start()
    try:
        _, status, usage = os.wait4(process.pid, 0)
    finally:
        timer.cancel()
    process.returncode = os.waitstatus_to_exitcode(status)
    return usage.ru_utime + usage.ru_stime, process.returncode
