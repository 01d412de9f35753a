"""What the bars share."""

import signal
import subprocess
import sys
from pathlib import Path

BENCH = Path(__file__).resolve().parents[2] / "bench"
PROGRAM = """
import sys, time
sys.path.insert(0, sys.argv[1])
from common import end_when_asked
end_when_asked()
try:
    print("begun", flush=True)
    time.sleep(60)
finally:
    print("cleaned up", flush=True)
"""


def test_a_bar_that_is_ended_cleans_up() -> None:
    """Else its players play on, and its namespaces stay until the machine is started anew."""
    command = [sys.executable, "-c", PROGRAM, str(BENCH)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        process.send_signal(signal.SIGTERM)
        assert process.stdout.read() == "cleaned up\n"
        assert process.wait(30) == 128 + signal.SIGTERM
