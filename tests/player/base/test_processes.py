"""Processes by pid and start time."""

import os
import subprocess
import sys

from marmalade_sc.player.base.processes import ProcessId, children_of, end, start_time, wait_for_end


def sleeper(code: str = "import time; time.sleep(60)") -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-S", "-c", code], stdout=subprocess.PIPE)


def test_a_process_is_itself_and_lives() -> None:
    own = ProcessId.own()
    assert own.pid == os.getpid()
    assert own.lives
    assert ProcessId.of(os.getpid()) == own


def test_a_name_with_parentheses_and_spaces_is_read_rightly() -> None:
    """comm stands unescaped in /proc/pid/stat; a generator may call itself `) S 1`."""
    code = "import ctypes,sys,time; ctypes.CDLL(None).prctl(15, b') S 1 (x'); print(1, flush=True); time.sleep(60)"
    with sleeper(code) as child:
        assert child.stdout is not None
        child.stdout.readline()
        try:
            found = start_time(child.pid)
            assert found is not None
            assert found >= ProcessId.own().start
            assert child.pid in children_of(os.getpid())
        finally:
            child.kill()


def test_ending_ends_this_process_and_says_so() -> None:
    with sleeper() as child:
        process = ProcessId.of(child.pid)
        assert process is not None
        assert end(process, 5.0)
        assert wait_for_end(process, 0.0)
        assert not process.lives
        assert not end(process, 0.0)


def test_a_pid_of_another_process_is_left_alone() -> None:
    """After a crash the recorded pid may by now be the user's editor."""
    with sleeper() as child:
        stranger = ProcessId(child.pid, (start_time(child.pid) or 0) - 1)
        assert not end(stranger, 0.0)
        assert child.poll() is None
        child.kill()


def test_what_ignores_the_polite_signal_is_killed() -> None:
    code = "import signal,time; signal.signal(15, signal.SIG_IGN); print(1, flush=True); time.sleep(60)"
    with sleeper(code) as child:
        assert child.stdout is not None
        child.stdout.readline()
        process = ProcessId.of(child.pid)
        assert process is not None
        assert end(process, 0.05)
        assert child.wait(5) == -9


def test_records_that_are_not_records_name_nobody() -> None:
    records: list[object] = [None, [], {}, {"pid": 5}, {"pid": "5", "start": 5}, {"pid": 1, "start": 5}]
    for record in [*records, {"pid": 5, "start": 0}]:
        assert ProcessId.from_record(record) is None
    assert ProcessId.from_record({"pid": 5, "start": 7, "name": "x"}) == ProcessId(5, 7)
