"""The priority of a process, beside those of other sessions too."""

import subprocess
import sys

_STANDS_BACK = """
import os
from marmalade_sc.player.base.priority import stand_back
stand_back(7)
print(os.getpriority(os.PRIO_PROCESS, 0))
print(open("/proc/self/autogroup").read() if os.path.exists("/proc/self/autogroup") else "nice 7")
"""


def test_a_session_stands_back_as_its_process_does() -> None:
    """Nice counts within a session only, where the kernel groups by session: jobs would take the music its CPU."""
    command = [sys.executable, "-c", _STANDS_BACK]
    said = subprocess.run(command, capture_output=True, text=True, check=True, start_new_session=True).stdout
    assert said.split()[0] == "7"
    assert said.rstrip().endswith("nice 7")
