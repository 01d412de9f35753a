"""What code in a pattern may cost while it plays: a loop is stopped, others are not delayed, messages are counted."""

import time
from fractions import Fraction
from pathlib import Path

import pytest

from marmalade_sc.clock.timetag import UNITS_PER_SECOND
from marmalade_sc.errors import UsageError
from marmalade_sc.live.faults import Faults
from marmalade_sc.live.limits import QUERY_S, TooSlowError, at_most, more_memory, used_memory
from marmalade_sc.live.session import Session
from marmalade_sc.patterns.controls import voice
from marmalade_sc.patterns.language import namespace
from tests.live_package.stage import Stage, orchestra


def test_a_loop_is_stopped() -> None:
    with pytest.raises(TooSlowError), at_most(0.05):
        while True:
            pass


def test_a_loop_that_catches_every_exception_is_stopped() -> None:
    with pytest.raises(TooSlowError), at_most(0.05):
        while True:
            try:
                _ = 1 + 1
            except Exception:  # noqa: S112  what a user's code may do
                continue


def test_waiting_counts() -> None:
    """A file on a network that does not answer holds the notes of all tracks."""
    with pytest.raises(TooSlowError), at_most(0.05):
        while True:
            time.sleep(0.01)


def test_what_is_quick_is_left_alone_and_the_timer_ends_with_it() -> None:
    for _ in range(100):
        with at_most(0.05):
            sum(range(100))
    begun = time.thread_time()
    while time.thread_time() - begun < 0.1:
        pass


def test_memory_is_bounded() -> None:
    import resource

    before = more_memory(64 << 20)
    try:
        with pytest.raises(MemoryError):
            bytearray(1 << 30)
        assert used_memory() > 1 << 20
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)
    assert len(bytearray(100 << 20)) == 100 << 20


class GuardedStage(Stage):
    """With the limits of a player."""

    def __init__(self) -> None:
        super().__init__()
        self.scheduler.guard = lambda: at_most(QUERY_S)


def test_a_loop_in_one_track_leaves_the_others_alone_and_the_version_before_it_plays() -> None:
    stage = GuardedStage()
    stage.evaluate('d1 >> s("bd*4")\nd2 >> s("hh*4")')
    stage.run_to(1)
    stage.evaluate(
        "n = 0\ndef f(p):\n    while n: pass\n    return p\nd1 >> s('sn*4').every(1, lambda p: p).fmap(lambda v: f(v))"
    )
    stage.run_to(3)
    stage.session.names["n"] = 1  # from here on it never ends
    stage.scheduler.tracks["d1"].lane.rest()  # type: ignore[union-attr]
    begun = time.thread_time()
    stage.run_to(6)
    assert time.thread_time() - begun < 5
    heard = [each for each in stage.heard() if 4 <= each[0] < 6]
    assert sum(name == "hh" for _, name in heard) == 8
    assert sum(name == "bd" for _, name in heard) == 8
    assert sum("takes too long" in text for text in stage.said) == 1


def test_a_pattern_that_is_slow_from_the_start_is_refused_where_it_was_typed() -> None:
    stage = Stage()
    session = Session(
        namespace(),
        voice,
        orchestra(),
        lambda: stage.scheduler.timeline,
        stage.clock.now,
        guard=lambda: at_most(QUERY_S),
    )
    with pytest.raises(UsageError, match="longer than 80 ms to make bar") as raised:
        session.evaluate('def slow(v):\n    while True: pass\nd1 >> s("bd sn").fmap(slow)')
    assert raised.value.where is not None
    assert "outside the pattern" in raised.value.hint


def test_a_memory_bomb_in_a_pattern_is_stopped() -> None:
    stage = GuardedStage()
    stage.evaluate('d1 >> s("bd*4")')
    stage.run_to(1)
    stage.evaluate("big = 0\ndef f(v):\n    bytearray(big)\n    return v\nd1 >> s('sn*4').fmap(f)")
    stage.session.names["big"] = 1 << 62
    stage.scheduler.tracks["d1"].coming[-1][2].rest()  # type: ignore[union-attr]
    stage.run_to(4)
    assert [name for at, name in stage.heard() if 2 <= at < 4] == ["bd"] * 8
    assert sum("too much memory" in text for text in stage.said) == 1


def test_an_exception_in_a_pattern_is_told_once_and_counted_when_it_ends() -> None:
    stage = Stage()
    stage.evaluate('d1 >> s("bd*4")')
    stage.evaluate("bad = False\ndef f(v):\n    if bad: raise ValueError('no')\n    return v\nd2 >> s('sn*4').fmap(f)")
    stage.session.names["bad"] = True
    stage.scheduler.tracks["d2"].coming[-1][2].rest()  # type: ignore[union-attr]
    stage.run_to(8)
    stage.evaluate('d2 >> s("hh")')
    stage.run_to(10)
    told = [text for text in stage.said if text.startswith("d2")]
    assert told[0].startswith("d2 fails in bar 0: ValueError: no")
    assert len(told) == 2
    assert told[1].endswith("(x 9): ValueError: no")  # nine bars, each asked once
    assert [name for at, name in stage.heard() if name == "bd" and 2 <= at < 8] == ["bd"] * 24


def test_what_goes_on_failing_is_told_each_minute() -> None:
    said: list[str] = []
    faults = Faults(said.append)
    for second in range(150):
        faults.happened("d1", "it fails", second, second * UNITS_PER_SECOND)
        faults.look(second * UNITS_PER_SECOND)
    assert len(said) == 3
    assert said[0] == "d1 fails in bar 0: it fails"
    assert said[1] == "d1 has failed in 60 more bars (x 61): it fails"


def test_another_failure_is_told_and_a_copy_goes_on_counting() -> None:
    said: list[str] = []
    faults = Faults(said.append)
    faults.happened("d1", "one", 1, 0)
    faults.happened("d1", "one", 2, 0)
    other = Faults(said.append)
    other.adopt(faults.to_json())
    other.happened("d1", "one", 3, 0)
    other.happened("d1", "two", 4, 0)
    other.replaced("d1")
    assert said == ["d1 fails in bar 1: one", "d1 has failed in 2 more bars (x 3): one", "d1 fails in bar 4: two"]


def test_a_pattern_that_fails_in_each_bar_is_asked_once_for_each() -> None:
    """The bar that plays and the one that is asked ahead took turns: thousands of failures were counted in a minute."""
    stage = GuardedStage()
    stage.evaluate(
        "asked = []\ndef f(v):\n    asked.append(v)\n    if bad: raise ValueError('no')\n    return v\nbad = 0"
    )
    stage.evaluate("d1 >> s('bd*4')")
    stage.run_to(1)
    stage.evaluate("d1 >> s('sn?0.001').fmap(f)")
    stage.run_to(3)
    stage.session.names["bad"] = 1
    asked = stage.session.names["asked"]
    assert isinstance(asked, list)
    asked.clear()
    for bar in range(16, 48):
        stage.run_to(Fraction(bar, 4))
        stage.scheduler.prefetch(lambda: False)
    assert 7 <= len(asked) <= 10
    assert len(stage.said) == 1
    stage.evaluate("d1 >> s('bd')")
    stage.run_to(14)
    assert "(x " in stage.said[1]
    assert int(stage.said[1].partition("(x ")[2].partition(")")[0]) == len(asked)


def test_a_failure_says_the_line_and_is_the_same_whatever_its_words_are() -> None:
    stage = GuardedStage()
    stage.evaluate(
        "n = 0\ndef f(v):\n    global n\n    n += 1\n    if n > 20: raise ValueError(f'no {n}')\n    return v"
    )
    stage.evaluate("d1 >> s('bd')")
    stage.run_to(1)
    stage.evaluate("d1 >> s('sn?0.001').fmap(f)")
    stage.run_to(56)
    assert len(stage.said) == 2  # the second: after a minute, with the count
    assert "ValueError: no 21\n    if n > 20: raise ValueError(f'no {n}')" in stage.said[0]
    assert "more bars" in stage.said[1]


def test_notes_that_cannot_be_played_are_said_three_times_at_most_and_counted() -> None:
    stage = GuardedStage()
    stage.evaluate(
        "n = 0\ndef f(v):\n    global n\n    n += 1\n"
        "    return {'s': f'sn{n}'} if n > 20 else object() if n > 18 else v"
    )
    stage.evaluate("d1 >> s('sn?0.001').fmap(f)")
    stage.run_to(29)
    assert len(stage.said) == 3
    assert "A track cannot play <object object>:" in stage.said[0]
    stage.evaluate("d1 >> s('bd')")
    stage.run_to(31)
    assert len(stage.said) == 4
    assert stage.said[3].startswith("d1 has left out ")


def test_notes_without_a_sound_are_refused_where_they_are_typed() -> None:
    """They played nothing, without a word."""
    stage = Stage()
    with pytest.raises(UsageError, match="with which sound") as raised:
        stage.evaluate('d1 >> note("c e").off(1/8, add(12))')
    assert 'set(s="pluck")' in raised.value.hint
    stage.evaluate('d1 >> note("c e").set(s="bass")\nd2 >> silence()')


def test_the_folder_of_processes_is_there() -> None:
    """used_memory reads it."""
    assert Path("/proc/self/statm").exists()
