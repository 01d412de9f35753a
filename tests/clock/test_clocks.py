"""The clocks: jam time goes on, whatever the wall clock does; virtual time moves only when it is told to."""

import subprocess
import sys
import threading
import time

from marmalade_sc.clock.clocks import JamClock, VirtualClock, WallMap, wait, waited_s
from marmalade_sc.clock.timetag import UNITS_PER_SECOND, nanoseconds_to_units, ntp_from_unix_nanoseconds
from tests.player.deadline import eventually


def test_a_jam_begins_at_the_wall_clock_s_time() -> None:
    clock = JamClock.begin()
    assert abs(clock.now() - ntp_from_unix_nanoseconds(time.time_ns())) < UNITS_PER_SECOND // 10


def test_a_jam_never_begins_before_its_own_past() -> None:
    """A laptop whose clock went back between two sessions must still write growing ids."""
    past = JamClock.begin().now() + 3600 * UNITS_PER_SECOND
    assert JamClock.begin(not_before=past).now() > past


def test_jam_time_is_the_monotonic_clock_and_a_constant() -> None:
    clock = JamClock(origin=12345)
    before = nanoseconds_to_units(time.monotonic_ns())
    now = clock.now()
    assert before + 12345 <= now <= nanoseconds_to_units(time.monotonic_ns()) + 12345


def test_sleeping_until_the_past_returns_at_once() -> None:
    clock = JamClock(0)
    before = time.monotonic()
    clock.sleep_until(clock.now() - UNITS_PER_SECOND)
    assert time.monotonic() - before < 5


def test_sleeping_ends_at_its_time_and_not_before() -> None:
    clock = JamClock(0)
    until = clock.now() + UNITS_PER_SECOND // 100
    clock.sleep_until(until)
    assert clock.now() >= until


def test_virtual_time_moves_only_when_told_and_never_back() -> None:
    clock = VirtualClock(5)
    clock.advance(10)
    clock.sleep_until(12)
    assert clock.now() == 15
    clock.sleep_until(20)
    assert clock.now() == 20


def test_the_map_to_the_wall_clock_measures_steps_not_the_passing_of_time() -> None:
    clock = JamClock.begin()
    first, second = WallMap.measure(clock), WallMap.measure(clock)
    assert abs(second.step_since(first)) < UNITS_PER_SECOND // 1000
    assert WallMap(first.offset + UNITS_PER_SECOND).step_since(first) == UNITS_PER_SECOND
    assert first.ntp(100) == 100 + first.offset


def test_a_wait_ends_when_it_is_woken() -> None:
    wake = threading.Event()
    assert not wait(0.0, wake)
    wake.set()
    assert wait(60.0, wake)
    assert not wait(-1.0)


def test_a_process_that_never_ran_has_not_waited() -> None:
    assert waited_s(0) == 0.0


def test_two_that_share_a_processor_wait_for_each_other() -> None:
    """Without this a busy machine looks like an endless loop in somebody's synthdef."""
    code = "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})\nwhile True: pass"
    both = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(2)]
    try:
        eventually(lambda: all(waited_s(one.pid) > 0.2 for one in both))
    finally:
        for one in both:
            one.kill()
            one.wait()
