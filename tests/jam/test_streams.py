"""Frames and records through a real Redis: killed, stopped, read twice, written by two at once."""

import os
import signal
from collections.abc import Iterator

import pytest
import redis

from marmalade_sc.clock.timetag import UNITS_PER_SECOND
from marmalade_sc.errors import JamError
from marmalade_sc.jam.streams import FrameReader, FrameWriter, StateLog
from marmalade_sc.sdk.frames import Frame, Swap
from tests.jam.events import Server
from tests.player.deadline import eventually

pytestmark = [pytest.mark.live, pytest.mark.untimed]

NOW = 1_000_000 * UNITS_PER_SECOND
SECOND = UNITS_PER_SECOND
KEY = "events:local:live:main"


@pytest.fixture
def writer(server: Server) -> Iterator[FrameWriter]:
    one = FrameWriter(server.path, KEY)
    yield one
    one.close()


@pytest.fixture
def reader(server: Server) -> Iterator[FrameReader]:
    one = FrameReader(server.path, [KEY, "control"])
    one.read(0.0)
    yield one
    one.close()


def frame(seq: int, at: int = NOW) -> Frame:
    return Frame(seq, 0, at, at + SECOND // 8, (Swap("d1", seq, at),))


def got(reader: FrameReader, count: int) -> list[int]:
    """Numbers of the next frames."""
    found: list[int] = []

    def enough() -> bool:
        for key, _, fields in reader.read(0.05)[0]:
            if key == KEY:
                found.append(Frame.read(fields).seq)
        return len(found) >= count

    eventually(enough)
    return found


def test_frames_arrive_in_order(writer: FrameWriter, reader: FrameReader) -> None:
    for seq in range(0, 30, 3):
        assert writer.write([frame(seq + n, NOW + seq * SECOND) for n in range(3)], NOW) == []
    assert got(reader, 30) == list(range(30))


def test_a_reader_begins_with_what_comes_and_not_with_what_was(server: Server, writer: FrameWriter) -> None:
    writer.write([frame(1)], NOW)
    reader = FrameReader(server.path, [KEY])
    assert reader.read(0.0) == ([], [])
    writer.write([frame(2)], NOW)
    assert got(reader, 1) == [2]
    reader.close()


def test_a_second_writer_in_the_same_millisecond_loses_no_frame(server: Server, reader: FrameReader) -> None:
    """When one generation takes over from another: its first frame has the swap in it."""
    first, second = FrameWriter(server.path, KEY), FrameWriter(server.path, KEY)
    first.write([frame(1), frame(2), frame(3)], NOW)
    second.write([frame(4)], NOW)
    first.write([frame(5)], NOW)
    assert sorted(got(reader, 5)) == [1, 2, 3, 4, 5]
    assert first.failures == second.failures == 0
    first.close()
    second.close()


def test_after_a_restart_what_is_still_of_use_is_written_again(
    server: Server, writer: FrameWriter, reader: FrameReader
) -> None:
    writer.write([frame(1, NOW - 10 * SECOND)], NOW - 10 * SECOND)
    writer.write([frame(2)], NOW)
    assert got(reader, 2) == [1, 2]
    server.kill()
    assert writer.write([frame(3)], NOW) == []
    assert writer.failures
    assert reader.read(0.02)[0] == []
    assert reader.losses
    server.start()
    writer.write([frame(4, NOW + SECOND // 40)], NOW + SECOND // 40)
    assert got(reader, 3) == [2, 3, 4], "2 may have been lost on its way; the dispatcher takes it once"
    assert writer.failures == 0


def test_frames_that_are_over_are_not_written_any_more(server: Server, writer: FrameWriter) -> None:
    server.kill()
    for seq in range(200):
        writer.write([frame(seq, NOW + seq * SECOND)], NOW + seq * SECOND)
    server.start()
    writer.write([frame(500, NOW + 200 * SECOND)], NOW + 200 * SECOND)
    with redis.Redis(unix_socket_path=server.path) as client:
        assert client.xlen(KEY) == 1


def test_a_reader_that_lost_its_connection_reads_nothing_twice(server: Server, reader: FrameReader) -> None:
    """An order such as panic, read again, would silence the set."""
    log = StateLog(server.path)
    log.append(NOW, [("control", {"order": "panic"}, 100)])
    (entry,) = eventually(lambda: reader.read(0.05)[0])
    assert entry[0] == "control"
    with redis.Redis(unix_socket_path=server.path) as client:
        client.client_kill_filter(skipme=True, _type="normal")
    for _ in range(5):
        assert reader.read(0.02)[0] == []
    log.append(NOW, [("control", {"order": "hush"}, 100)])
    (entry,) = eventually(lambda: reader.read(0.05)[0])
    assert entry[2][b"order"] == b"hush"
    log.close()


def test_other_descriptors_wake_the_reader_and_a_redis_that_is_away_does_not_hold_it(
    server: Server, reader: FrameReader
) -> None:
    read, write = os.pipe()
    os.write(write, b"x")
    assert reader.read(5.0, read) == ([], [read])
    server.kill()
    for _ in range(3):
        assert reader.read(5.0, read) == ([], [read])
    os.close(read)
    os.close(write)


def test_a_redis_that_hangs_holds_the_writer_for_its_timeout_only(server: Server, writer: FrameWriter) -> None:
    writer.write([frame(1)], NOW)
    server.process.send_signal(signal.SIGSTOP)
    before = os.times().elapsed
    writer.write([frame(2)], NOW)
    assert os.times().elapsed - before < 5
    server.process.send_signal(signal.SIGCONT)

    def written() -> bool:
        writer.write([], NOW, "news")
        return writer.failures == 0

    eventually(written)


def test_news_come_once_and_go_on_where_another_writer_left_off(server: Server, writer: FrameWriter) -> None:
    log = StateLog(server.path)
    for number in range(3):
        log.append(NOW, [("news", {"number": number}, 100)])
    assert [row["number"] for row in writer.write([], NOW, "news")] == [0, 1, 2]
    log.append(NOW, [("news", {"number": 3}, 100)])
    heir = FrameWriter(server.path, KEY)
    heir.news_id = writer.news_id
    assert [row["number"] for row in heir.write([], NOW, "news")] == [3]
    assert [row["number"] for row in writer.write([], NOW, "news")] == [3]
    heir.close()
    log.close()


# Records


@pytest.mark.parametrize(
    "value", ["text", "123", "1e5", "null", '"bd"', "[1]", "é 🎹", "", 5, 1.5, True, None, [1, "a"], {"a": {"b": 1}}]
)
def test_a_record_comes_back_as_it_was_written(server: Server, value: object) -> None:
    """Code that happens to be JSON is code all the same: it is evaluated again after a crash."""
    log = StateLog(server.path)
    assert log.append(NOW, [("s", {"value": value}, 10)])
    assert log.latest("s") == {"value": value}
    log.close()


def test_two_processes_may_write_records_in_the_same_millisecond(server: Server) -> None:
    logs = [StateLog(server.path) for _ in range(3)]
    for number in range(20):
        for log in logs:
            assert log.append(NOW, [("s", {"n": number}, 1000)])
    assert len(logs[0].since("s")) == 60
    assert all(log.dropped == 0 for log in logs)
    for log in logs:
        log.close()


def test_records_go_on_after_the_wall_clock_went_back_between_two_sessions(server: Server) -> None:
    early, late = StateLog(server.path), StateLog(server.path)
    assert early.append(NOW, [("s", {"n": 1}, 10)])
    assert late.append(NOW - 3600 * SECOND, [("s", {"n": 2}, 10), ("t", {"n": 3}, 10)])
    assert late.append(NOW - 3599 * SECOND, [("s", {"n": 4}, 10)])
    assert [row["n"] for _, row in late.since("s")] == [1, 2, 4]
    assert late.latest("s") == {"n": 4}


def test_records_are_capped_and_read_in_pages(server: Server) -> None:
    log = StateLog(server.path)
    for number in range(500):
        log.append(NOW + number * SECOND, [("s", {"n": number}, 100)])
    rows = log.since("s")
    assert 100 <= len(rows) <= 300
    page = log.since("s", f"({rows[-10][0]}", 4)
    assert [row["n"] for _, row in page] == [row["n"] for _, row in rows[-9:-5]]


def test_a_redis_that_is_away_drops_records_with_a_reason_and_raises_only_where_it_is_read(server: Server) -> None:
    log = StateLog(server.path)
    assert log.latest("s") == {}
    server.kill()
    assert not log.append(NOW, [("s", {"n": 1}, 10), ("t", {"n": 1}, 10)])
    assert log.dropped == 2
    assert log.error
    with pytest.raises(JamError, match="cannot be reached"):
        log.latest("s")
    with pytest.raises(JamError, match="cannot be reached"):
        log.since("s")
    server.start()
    assert log.append(NOW, [("s", {"n": 1}, 10)])
    assert log.error == ""
    log.close()


def test_one_wrong_record_does_not_cost_the_others(server: Server) -> None:
    log = StateLog(server.path)
    with redis.Redis(unix_socket_path=server.path) as client:
        client.set("s", "not a stream")
    assert not log.append(NOW, [("s", {"n": 1}, 10), ("t", {"n": 2}, 10)])
    assert log.latest("t") == {"n": 2}
    assert "WRONGTYPE" in log.error
    log.close()
