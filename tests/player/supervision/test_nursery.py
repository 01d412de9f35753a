"""What a process with threads has forked for it: without its threads and its locks, and its own child all the same."""

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.player.deadline import eventually

_PROGRAM = """
import json, os, signal, sys, threading, time, warnings
from marmalade_sc.player.supervision.children import become_subreaper
from marmalade_sc.player.supervision.nursery import Nursery
warnings.simplefilter("error")
LOCK = threading.Lock()
def say(value):  # in one write: two processes do
    os.write(1, json.dumps(value).encode() + b"\\n")
def live(given):
    threads = len(os.listdir("/proc/self/task"))
    with LOCK:
        say([given["number"], len(given["ü"]), os.getpid(), threads, open("/proc/self/comm").read()])
    time.sleep(600)
become_subreaper()
nursery = Nursery(live)
threading.Thread(target=lambda: (LOCK.acquire(), time.sleep(600)), daemon=True).start()
while not LOCK.locked():
    time.sleep(0.01)
say([nursery.pid, [nursery.spawn({"number": n, "ü": "x" * 300_000}) for n in range(2)]])
"""


def begun(rest: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", _PROGRAM + rest],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )


def test_what_is_forked_has_no_threads_and_is_the_asker_s_child() -> None:
    """A lock that a thread holds in the one that asks is free: else the music would hang with the first evaluation."""
    program = begun("while True:\n    pid, status = os.waitpid(-1, 0)\n    say([pid, status])\n")
    assert program.stdout is not None
    try:
        rows = [json.loads(program.stdout.readline()) for _ in range(3)]
        (nursery, pids) = next(row for row in rows if len(row) == 2)
        lives = sorted(row for row in rows if len(row) == 5)
        name = Path(f"/proc/{program.pid}/comm").read_text()
        assert lives == [[number, 300_000, pid, 1, name] for number, pid in enumerate(pids)]
        assert Path(f"/proc/{nursery}/comm").read_text() == "nursery\n"
        for pid in pids:
            os.kill(pid, 9)
            assert json.loads(program.stdout.readline()) == [pid, 9], "it is reaped where it was asked for"
        assert Path(f"/proc/{nursery}").exists()
    finally:
        program.kill()
        program.communicate()


def test_one_that_is_gone_says_so_and_ends_with_its_maker() -> None:
    program = begun(
        "os.kill(nursery.pid, 9)\nos.waitpid(nursery.pid, 0)\n"
        "try:\n    nursery.spawn(3)\nexcept OSError as error:\n    say(str(error))\n"
        "another = Nursery(live)\nsay({'another': another.pid})\ntime.sleep(600)\n"
    )
    assert program.stdout is not None
    try:
        rows = [json.loads(program.stdout.readline()) for _ in range(5)]
        (another,) = (row["another"] for row in rows if isinstance(row, dict))
        assert any(isinstance(row, str) and row for row in rows)
    finally:
        program.kill()
        program.wait()
    eventually(lambda: not Path(f"/proc/{another}").exists())
    for pid in next(row for row in rows if isinstance(row, list) and len(row) == 2)[1]:
        os.kill(pid, 9)
    program.communicate()
