"""A record is kept although its writer is killed right behind it, and nothing is written twice."""

import os
import signal

import pytest

from marmalade_sc.clock.timetag import UNITS_PER_SECOND as SECOND
from marmalade_sc.jam.streams import StateLog
from marmalade_sc.jam.urgent import Urgent
from tests.jam.events import Server
from tests.player.deadline import eventually

pytestmark = [pytest.mark.live, pytest.mark.untimed]

NOW = 1_000_000 * SECOND


def numbers(log: StateLog) -> list[object]:
    return [row["n"] for _, row in log.since("s")]


def test_what_was_sent_is_kept_by_whoever_is_killed_before_the_answer(server: Server) -> None:
    pid = os.fork()
    if not pid:
        Urgent(StateLog(server.path), server.path).send(NOW, "s", {"n": 1}, 10)
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(pid, 0)
    log = StateLog(server.path)
    eventually(lambda: numbers(log) == [1])


def test_records_come_in_order_and_share_ids_with_the_log(server: Server) -> None:
    log = StateLog(server.path)
    urgent = Urgent(log, server.path)
    for number in range(6):
        if number % 2:
            assert log.append(NOW, [("s", {"n": number}, 10)])
        else:
            assert urgent.send(NOW, "s", {"n": number}, 10)()
    assert numbers(log) == list(range(6))


def test_an_id_that_another_process_has_taken_costs_no_record(server: Server) -> None:
    log, other = StateLog(server.path), StateLog(server.path)
    assert other.append(NOW + SECOND, [("s", {"n": 1}, 10)])
    assert Urgent(log, server.path).send(NOW, "s", {"n": 2}, 10)()
    assert numbers(log) == [1, 2]


def test_a_redis_that_is_away_drops_the_record_and_is_used_again_when_it_is_back(server: Server) -> None:
    log = StateLog(server.path)
    urgent = Urgent(log, server.path)
    assert urgent.send(NOW, "s", {"n": 1}, 10)()
    server.kill()
    assert not urgent.send(NOW, "s", {"n": 2}, 10)()
    assert not urgent.send(NOW, "s", {"n": 3}, 10)()
    server.start()
    assert urgent.send(NOW + SECOND, "s", {"n": 4}, 10)()
    assert numbers(log)[-1] == 4


@pytest.mark.parametrize("kept", [10, 100])
def test_so_many_are_kept(server: Server, kept: int) -> None:
    log = StateLog(server.path)
    urgent = Urgent(log, server.path)
    for number in range(400):
        urgent.send(NOW + number * SECOND, "s", {"n": number}, kept)()
    assert kept <= len(numbers(log)) <= kept + 200 and numbers(log)[-1] == 399
