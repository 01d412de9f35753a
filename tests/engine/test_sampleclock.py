"""The map from jam time to samples: held still, stepped with the sound at an xrun, slewed for drift, never confused."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marmalade_sc.clock.timetag import UNITS_PER_SECOND
from marmalade_sc.engine.layout import BLOCK
from marmalade_sc.engine.sampleclock import COUNTER_WRAP, Reading, SampleClock, SampleMap
from marmalade_sc.engine.score import sample_of

MS = UNITS_PER_SECOND // 1000
RATE = 48_000
START = 5_000_000 * UNITS_PER_SECOND


class Server:
    """A server whose block counter started at `begin` and runs at `rate`; readings take `width_ms`."""

    def __init__(self, clock: SampleClock, rate: float = RATE, counted: int = 0) -> None:
        self.clock = clock
        self.rate = rate
        self.now = START
        self.samples = float(counted * BLOCK)

    def read(self, seconds: float, width_ms: float = 0.2, every_ms: int = 50) -> Iterator[SampleMap]:
        for step in range(round(seconds * 1000 / every_ms)):
            self.now += every_ms * MS
            self.samples += self.rate * every_ms / 1000
            wide = width_ms * (1 + 5 * (step % 3))
            half = round(wide * MS / 2)
            block = int(self.samples // BLOCK) % COUNTER_WRAP
            yield self.clock.add(Reading(self.now - half, self.now + half, block))

    def true(self, timetag: int) -> float:
        return self.samples + (timetag - self.now) * self.rate / UNITS_PER_SECOND


def test_a_steady_server_gets_one_map_for_good() -> None:
    """Each change of the map moves notes against each other."""
    clock = SampleClock(RATE, START)
    server = Server(clock)
    maps = {each.revision for each in server.read(600)}
    assert maps == {1}
    assert clock.slips == 0


def test_the_map_is_right_to_about_a_block() -> None:
    clock = SampleClock(RATE, START)
    server = Server(clock, counted=1234)
    *_, current = server.read(10)
    when = server.now + 100 * MS
    assert abs(current.sample(when) - server.true(when)) <= BLOCK + 48


def test_an_xrun_steps_the_map_once_and_soon() -> None:
    """The sound itself has stepped: the next notes belong where the old ones went."""
    clock = SampleClock(RATE, START)
    server = Server(clock)
    list(server.read(5))
    server.samples -= 1000
    *_, current = server.read(0.3)
    assert clock.slips == 1
    assert current.revision == 2
    assert abs(current.sample(server.now) - server.true(server.now)) <= BLOCK + 48
    list(server.read(60))
    assert clock.map is not None
    assert clock.map.revision == 2


def test_one_slow_answer_is_no_xrun() -> None:
    clock = SampleClock(RATE, START)
    server = Server(clock)
    list(server.read(5))
    late = server.now + 80 * MS
    clock.add(Reading(server.now, late, int(server.samples // BLOCK)))
    list(server.read(10))
    assert clock.slips == 0
    assert clock.map is not None
    assert clock.map.revision == 1


@pytest.mark.parametrize("ppm", [-300, -30, 30, 300])
def test_a_drifting_server_is_followed_by_a_slope_without_steps(ppm: int) -> None:
    clock = SampleClock(RATE, START)
    server = Server(clock, RATE * (1 + ppm / 1e6))
    list(server.read(1))
    for current in server.read(300):
        assert abs(current.slew) <= 100e-6
    if abs(ppm) < 100:  # a slope of 100 ppm follows what drifts less
        assert clock.slips == 0
        assert clock.map is not None
        error = clock.map.sample(server.now) - server.true(server.now)
        assert abs(error) / RATE < 0.003


@pytest.mark.parametrize("ppm", [-30, 30])
def test_a_map_never_jumps_where_it_changes_its_slope(ppm: int) -> None:
    clock = SampleClock(RATE, START)
    server = Server(clock, RATE * (1 + ppm / 1e6))
    older: SampleMap | None = None
    for current in server.read(200):
        if older is not None and older is not current:
            assert abs(current.sample(current.since) - older.sample(current.since)) <= 1
        older = current


def test_the_counter_goes_around_after_six_hours() -> None:
    clock = SampleClock(RATE, START)
    server = Server(clock, counted=COUNTER_WRAP - 200)
    maps = list(server.read(5))
    assert clock.slips == 0
    assert {each.revision for each in maps} == {1}
    block, frame = maps[-1].place(server.now)
    assert 0 <= block < COUNTER_WRAP
    assert 0 <= frame < BLOCK
    assert abs((block * BLOCK + frame) - (server.true(server.now) - COUNTER_WRAP * BLOCK)) < 200


def test_a_new_server_begins_with_a_new_map() -> None:
    clock = SampleClock(RATE, START)
    server = Server(clock, counted=100_000)
    list(server.read(3))
    clock.reset()
    assert clock.map is None
    server.samples = 640.0
    *_, current = server.read(1)
    assert abs(current.sample(server.now) - server.true(server.now)) <= BLOCK + 48
    assert len(list(clock.readings())) == 20


@given(st.integers(0, 4 * 3600 * UNITS_PER_SECOND), st.sampled_from([44_100, 48_000, 96_000]), st.integers(0, 1 << 30))
def test_the_map_rounds_as_a_render_does_so_that_distances_agree(since: int, rate: int, offset: int) -> None:
    """Live and rendered, two notes lie the same number of samples apart."""
    current = SampleMap(1, START, START, rate, offset)
    assert current.sample(START + since) - offset == sample_of(since, rate)
    block, frame = current.place(START + since)
    assert (block * BLOCK + frame - sample_of(since, rate) - offset) % (COUNTER_WRAP * BLOCK) == 0
