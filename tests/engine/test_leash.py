"""What a process has started does not outlive it, even where it is killed and can do nothing about it."""

import subprocess
import sys

from marmalade_sc.player.base.processes import start_time
from tests.player.deadline import eventually

PARENT = """
import subprocess, sys, time
from marmalade_sc.engine.leash import die_with_parent
child = subprocess.Popen(["sleep", "600"], preexec_fn=die_with_parent, start_new_session=True)
print(child.pid, flush=True)
time.sleep(600)
"""


def test_a_child_ends_when_its_parent_is_killed() -> None:
    """Else a render that was killed would leave its scsynth at work."""
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert start_time(child) is not None
        parent.kill()
    eventually(lambda: start_time(child) is None, 30.0)
