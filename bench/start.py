"""Bars of the start: prompt within 1.5 s, first sound within 2.5 s, with nothing of ours running and a warm cache.

The shell is started in a terminal of its own as a user would, a pattern is typed at once, and the sound is seen in the
engine's master meter. Memory of each process follows, and what `--help` and a setup that has nothing to do take (bars:
200 and 100 ms).
"""

import os
import pty
import select
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from common import engine, row, until

from marmalade_sc.player.base.processes import children_of
from marmalade_sc.player.control.protocol import request
from marmalade_sc.player.supervision import running
from marmalade_sc.settings.places import Places

SCRIPT = Path(__file__).resolve().parent.parent / "scripts" / "marmalade"
ROUNDS = 5


def one(folder: str) -> tuple[float, float, dict[str, float]]:
    """Seconds to prompt and to the first sound, and megabytes by process."""
    places = Places.find(folder)
    main, end = pty.openpty()
    begin = time.monotonic()
    command = [os.fspath(SCRIPT), "--dir", folder, "--set", "shell.starter=never"]
    shell = subprocess.Popen(command, stdin=end, stdout=end, stderr=end, start_new_session=True)
    seen = b""
    prompt = 0.0
    while not prompt:
        if select.select([main], [], [], 0.01)[0]:
            seen += os.read(main, 65536)
            if b"\x1b[6n" in seen:  # prompt_toolkit asks where the cursor is
                os.write(main, b"\x1b[1;1R")
                seen = seen.replace(b"\x1b[6n", b"")
            if "♪".encode() in seen:
                prompt = time.monotonic() - begin
    os.write(main, b'd1.at("now") >> s("bd*4")\r')
    sound = [0.0]

    def heard() -> bool:
        if select.select([main], [], [], 0)[0]:
            os.read(main, 65536)
        try:
            sent = engine(places).get("sent", 0)
        except Exception:
            return False
        if isinstance(sent, int) and sent > 0:
            sound[0] = time.monotonic() - begin
        return bool(sound[0])

    until(heard, 20.0)
    status = request(places.control_socket, "status")
    memory = {}
    processes = status["processes"]
    assert isinstance(processes, list)
    for process in processes:
        memory[str(process["name"])] = _megabytes(int(process["pid"]))
    state = running.status(places)
    known = {int(process["pid"]) for process in processes if process["pid"]}
    for pid in children_of(state.supervisor.pid) if state is not None else ():
        if pid not in known:
            memory["fork server"] = _megabytes(pid)
    os.write(main, b"\x04")
    shell.wait(30)
    os.close(main)
    os.close(end)
    running.stop(places)
    return prompt, sound[0], memory


def _megabytes(pid: int) -> float:
    """Proportional set size: shared pages are shared out."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0.0
    return round(int(text.partition("Pss:")[2].split()[0]) / 1024, 1)


def best_ms(*command: str) -> int:
    """The best of five runs of a command that only says something: Python's or bash's start included."""
    times = []
    for _ in range(5):
        begin = time.perf_counter()
        subprocess.run(command, capture_output=True, check=True)
        times.append(time.perf_counter() - begin)
    return round(1000 * min(times))


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="marmalade-bench-") as folder:
        one(folder)  # builds what is not built yet
        runs = [one(folder) for _ in range(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS)]
    prompts, sounds = sorted(r[0] for r in runs), sorted(r[1] for r in runs)
    middle = len(runs) // 2
    help_ms = best_ms(sys.executable, "-m", "marmalade_sc", "--help")
    passed_ms = best_ms(os.fspath(SCRIPT), "--version") - best_ms(sys.executable, "-m", "marmalade_sc", "--version")
    row(
        "start",
        prompt_s=round(prompts[middle], 2),
        prompt_worst_s=round(prompts[-1], 2),
        sound_s=round(sounds[middle], 2),
        sound_worst_s=round(sounds[-1], 2),
        help_ms=help_ms,
        setup_passed_ms=passed_ms,
        memory_mb=runs[-1][2],
        met=prompts[middle] <= 1.5 and sounds[middle] <= 2.5 and help_ms < 200 and passed_ms < 100,
    )


if __name__ == "__main__":
    main()
