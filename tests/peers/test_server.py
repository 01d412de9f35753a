"""A player's server against those who are slow, loud, lying, or somebody else."""

import asyncio
import contextlib
import gc
import http.client
import json
import os
import resource
import time
from collections.abc import Mapping
from pathlib import Path

import aiohttp
import pytest

from marmalade_sc.errors import PeerError
from marmalade_sc.peers.client import Client
from marmalade_sc.peers.guard import Guards
from marmalade_sc.peers.reach import Endpoint
from marmalade_sc.peers.records import PlayTicket, signed
from marmalade_sc.peers.refusals import REFUSALS
from marmalade_sc.peers.requests import Asker
from marmalade_sc.peers.server import _BODY_S
from tests.peers import makers
from tests.peers.houses import SmallHouse, eventually_async, serving, wall_ms
from tests.peers.makers import JAM

pytestmark = pytest.mark.faults
ALICE, BOB, EVE = makers.player(1), makers.player(2), makers.player(3)


def asker(ahead_ms: int = 0) -> Asker:
    return Asker(ALICE, JAM, "", lambda: wall_ms() + ahead_ms)


def a_play() -> PlayTicket:
    return makers.play(ALICE)


async def test_requests_are_heard_over_tls_by_whom_they_are_meant_for(tmp_path: Path) -> None:
    house = SmallHouse(BOB, tmp_path)
    client = Client()
    async with serving(house, is_tls=True) as (_, to):
        record = signed(ALICE, a_play())
        assert await client.ask(to, BOB.public, "play", asker(), record) == {"status": "heard"}
        assert [each["id"] for each in await client.players(to, BOB.public)] == [str(BOB.player)]
        assert len(await client.generators(to, BOB.public)) == 1
        await client.close()
    assert [each.record for each in house.heard] == [record]


async def test_a_request_outlives_the_end_of_an_idle_connection(tmp_path: Path) -> None:
    """The other side ends what is idle just as we use it again: a play would count as refused, and be heard late."""
    house, guards, client, mine = SmallHouse(BOB, tmp_path), Guards(), Client(), asker()
    record = signed(ALICE, a_play())
    async with serving(house, guards=guards) as (_, to):
        await client.ask(to, BOB.public, "play", mine, record)
        for transport in list(guards.open):
            transport.abort()
        assert await client.ask(to, BOB.public, "play", mine, record) == {"status": "heard"}
        await client.close()
    assert len(house.heard) == 2


async def test_a_request_may_take_longer_than_its_header(tmp_path: Path) -> None:
    """The timer of the header rings in the middle of an answer, which a slow disk holds up: it is not cut."""

    class SlowHouse(SmallHouse):
        async def carry_out(self, method: str, data: bytes) -> Mapping[str, object]:
            await asyncio.sleep(1.5)
            return await super().carry_out(method, data)

    guards, client = Guards(header_s=1.0), Client()
    async with serving(SlowHouse(BOB, tmp_path), guards=guards) as (_, to):
        assert await client.ask(to, BOB.public, "play", asker(), signed(ALICE, a_play())) == {"status": "heard"}
        assert guards.ended == 0
        await client.close()


async def test_who_has_another_key_gets_not_a_byte(tmp_path: Path) -> None:
    """C9: the pin is checked in the handshake: a machine in the middle learns nothing, not even what was asked."""
    house = SmallHouse(EVE, tmp_path)
    client = Client()
    async with serving(house, is_tls=True) as (_, to):
        with pytest.raises(PeerError) as found:
            await client.ask(to, BOB.public, "play", asker(), signed(ALICE, a_play()))
        assert found.value.reason == "signature"
        await client.close()
    assert house.heard == []


@pytest.mark.parametrize("ahead_ms", [3_600_000, -3_600_000, 0])
async def test_a_clock_that_is_an_hour_off_is_corrected_on_the_way(tmp_path: Path, ahead_ms: int) -> None:
    house = SmallHouse(BOB, tmp_path)
    client = Client()
    record = makers.presence(ALICE)
    async with serving(house) as (_, to):
        assert await client.ask(to, BOB.public, "presence", asker(ahead_ms), signed(ALICE, record))
        await client.close()


@pytest.mark.parametrize(
    ("verb", "path", "body", "code"),
    [
        ("POST", "/play", b"", "malformed"),
        ("POST", "/play", bytes(4000), "malformed"),
        ("POST", "/play", bytes(5000), "large"),
        ("POST", "/stop", b"\x01" * 100, "malformed"),
        ("GET", "/play", b"", "method"),
        ("POST", "/players", b"", "method"),
        ("GET", "/stats", b"", "unknown"),
        ("GET", "/generator/..%2f..%2fplayer.key", b"", "unknown"),
        ("GET", "/generator/../../player.key", b"", "unknown"),
        ("GET", "/generator/%00", b"", "unknown"),
        ("GET", "/generator/aaaaaaaa:drums", b"", "unknown"),
        ("GET", "/generator/aaaaaaaa:drums?sha256=../../x", b"", "malformed"),
        ("GET", "/generator/aaaaaaaa:~", b"", "unknown"),
        ("DELETE", "/players", b"", "method"),
    ],
)
async def test_errors_are_json_with_codes_and_tell_nothing_of_us(
    tmp_path: Path, verb: str, path: str, body: bytes, code: str
) -> None:
    """T21, and the original's error pages with paths and addresses in them."""
    async with serving(SmallHouse(BOB, tmp_path)) as (_, to):

        def ask() -> tuple[int, str]:
            with contextlib.closing(http.client.HTTPConnection(to.host, to.port, timeout=20)) as connection:
                connection.request(verb, path, body or None)
                answer = connection.getresponse()
                return answer.status, answer.read().decode()

        status, text = await asyncio.to_thread(ask)
    error = json.loads(text)["error"]
    assert (error["code"], status) == (code, REFUSALS[code][0])
    assert str(tmp_path) not in text
    assert "Traceback" not in text


async def _raw(to: Endpoint, data: bytes, at: str = "127.0.0.1") -> bytes:
    reader, writer = await asyncio.open_connection(to.host, to.port, local_addr=(at, 0))
    writer.write(data)
    try:
        return await asyncio.wait_for(reader.read(1 << 16), 30)
    except ConnectionError:
        return b""
    finally:
        writer.close()


_HOST = b" HTTP/1.1\r\nHost: 127.0.0.1\r\n"
_CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"

TOO_LONG = {
    "a line": (b"GET /players?" + b"a" * 1024 + _HOST + b"\r\n", 400),
    "a hundred lines": (b"GET /players" + _HOST + b"".join(b"X-%d: y\r\n" % n for n in range(32)) + b"\r\n", 400),
    "a field": (b"GET /players" + _HOST + b"X: " + b"y" * 2100 + b"\r\n\r\n", 400),
    "a field without end": (b"GET /players" + _HOST + b"X: " + b"y" * 100_000, 400),
    "a body that is announced": (b"POST /play" + _HOST + b"Content-Length: 99999999999999\r\n\r\n", 413),
    "a body by one byte": (b"POST /play" + _HOST + b"Content-Length: 4097\r\n\r\n" + bytes(4097), 413),
    "a body in pieces": (b"POST /play" + _HOST + _CHUNKED + b"1001\r\n" + bytes(0x1001) + b"\r\n0\r\n\r\n", 413),
    "letters that are announced": (b"POST /letters" + _HOST + b"Content-Length: 99999999999999\r\n\r\n", 413),
    "letters in pieces": (b"POST /letters" + _HOST + _CHUNKED + b"1\r\nx\r\n", 413),
    "a body of less than nothing": (b"POST /play" + _HOST + b"Content-Length: -1\r\n\r\n", 400),
    "TLS where there is none": (b"\x16\x03\x01\x00\xa5\x01\x00", 400),
    "zeros": (bytes(10_000), 400),
}


@pytest.mark.parametrize("name", TOO_LONG)
async def test_t13_what_is_too_long_is_refused_and_the_connection_ends(tmp_path: Path, name: str) -> None:
    data, status = TOO_LONG[name]
    guards = Guards(header_s=1.0)
    async with serving(SmallHouse(BOB, tmp_path), guards=guards) as (_, to):
        answer = await _raw(to, data)
        assert (int(answer[9:12]) if answer else 0) == status
        await eventually_async(lambda: not guards.open)


@pytest.mark.parametrize(
    "data",
    [
        b"NONSENSE\r\n\r\n",
        b"GET /players HTTP/1.1\r\nHost: 127.0.0.1\r\nno field\r\n\r\n",
        b"GET /players HTTP/9.1\r\nHost: 127.0.0.1\r\n\r\n",
        b"BREW /players HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        b"GET /" + b"a" * 3000 + b" HTTP/1.1\r\n\r\n",
        b"POST /play HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
    ids=["nothing", "no field", "version", "verb", "long", "chunks"],
)
async def test_what_is_no_http_is_refused_in_json_and_tells_nothing_of_us(tmp_path: Path, data: bytes) -> None:
    """It was a page of the library's, with its version and Python's, and a trace of it in the log."""
    async with serving(SmallHouse(BOB, tmp_path)) as (_, to):
        answer = await _raw(to, data)
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b" 400 " in head.split(b"\r\n")[0] and json.loads(body)["error"]["code"] == "malformed"
    assert not any(word in answer.lower() for word in (b"python", b"aiohttp", b"invalid", b"aaaa"))


async def test_no_answer_says_which_programs_made_it_and_an_archive_s_etag_is_its_hash(tmp_path: Path) -> None:
    house = SmallHouse(BOB, tmp_path, b"archive" * 1000)

    def heads(to: Endpoint) -> list[dict[str, str]]:
        found = []
        for path in ("/players", f"/generator/{BOB.player}:drums", f"/asset/{house.sha256}", "/nothing"):
            with contextlib.closing(http.client.HTTPConnection(to.host, to.port, timeout=20)) as connection:
                connection.request("GET", path)
                answer = connection.getresponse()
                answer.read()
                found.append({name.lower(): value for name, value in answer.headers.items()})
        return found

    async with serving(house) as (_, to):
        found = await asyncio.to_thread(heads, to)
    assert {each["server"] for each in found} == {"marmalade"}
    assert [each.get("etag") for each in found] == [None, f'"{house.sha256}"', f'"{house.sha256}"', None]
    assert not any("last-modified" in each for each in found)


async def test_t13_ten_thousand_bad_requests_leave_nothing_in_memory(tmp_path: Path) -> None:
    """Of two hundred addresses, so that most are looked at. The first ones buy the buffers that all others use."""
    kinds = [data for data, _ in TOO_LONG.values()] + [b"POST /play" + _HOST + b"\r\n", b"GET /x\r\n\r\n"]
    guards = Guards(header_s=1.0)
    async with serving(SmallHouse(BOB, tmp_path), guards=guards) as (_, to):

        async def ask(numbers: range) -> int:
            return sum([bool(await _raw(to, kinds[n % len(kinds)], f"127.9.{n % 200}.1")) for n in numbers])

        answered = sum(await asyncio.gather(*(ask(range(each, 3000, 16)) for each in range(16))))
        before = _resident()
        answered += sum(await asyncio.gather(*(ask(range(each, 7000, 16)) for each in range(16))))
        await eventually_async(lambda: not guards.open and len(asyncio.all_tasks()) < 4, 7.0)
        gc.collect()
        assert _resident() - before <= 16 << 20
        assert answered > 9000


def _resident() -> int:
    """Bytes of real memory that this process has."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")


_HALF = 400 if resource.getrlimit(resource.RLIMIT_NOFILE)[0] < 2400 else 990


async def test_t12_half_requests_are_closed_and_others_served(tmp_path: Path) -> None:
    """Slow loris: half a header, half a body, nothing at all, one byte a moment. By default it takes five seconds."""
    assert Guards().header_s + _BODY_S <= 10
    guards = Guards(header_s=1.0, longest_s=2.0, per_address=1000, most=1000)
    house = SmallHouse(BOB, tmp_path)
    async with serving(house, guards=guards) as (_, to):
        begun = []
        for number in range(_HALF):  # of many addresses: who asks too often is refused at once, and not slow
            at = (f"127.8.{number % 200}.1", 0)
            reader, writer = await asyncio.open_connection(to.host, to.port, local_addr=at)
            half = [b"", b"GET /players HTTP/1.1\r\nHost:", b"POST /play" + _HOST + b"Content-Length: 100\r\n\r\nhalf"]
            writer.write(half[number % 3])
            begun.append((reader, writer))
        for _ in range(4):
            answer = await _raw(to, b"GET /players" + _HOST + b"Connection: close\r\n\r\n", "127.0.0.9")
            assert answer.startswith(b"HTTP/1.1 200"), "others are served meanwhile"
        trickling = begun[1][1]
        for _ in range(8):
            with contextlib.suppress(ConnectionError):
                trickling.write(b"x")
            await asyncio.sleep(0.2)
        await eventually_async(lambda: not guards.open)
        for _, writer in begun:
            writer.close()
    assert guards.ended == _HALF, "none was answered with an end of its own accord"


async def test_t12_one_address_has_so_many_connections(tmp_path: Path) -> None:
    guards = Guards(per_address=8)
    async with serving(SmallHouse(BOB, tmp_path), guards=guards) as (_, to):
        mine = [await asyncio.open_connection(to.host, to.port) for _ in range(20)]
        await eventually_async(lambda: guards.refused >= 12)
        assert len(guards.open) == 8

        def ask_from_elsewhere() -> int:
            elsewhere = http.client.HTTPConnection(to.host, to.port, timeout=20, source_address=("127.0.0.9", 0))
            with contextlib.closing(elsewhere) as connection:
                connection.request("GET", "/players")
                return connection.getresponse().status

        assert await asyncio.to_thread(ask_from_elsewhere) == 200
        for _, writer in mine:
            writer.close()


async def test_t15_a_flood_of_bad_signatures_is_refused_before_it_costs(tmp_path: Path) -> None:
    house = SmallHouse(BOB, tmp_path)
    bad = bytearray(asker().make("play", BOB.public, signed(ALICE, a_play())))
    bad[-1] ^= 1
    async with serving(house) as (_, to), aiohttp.ClientSession() as session:
        statuses = []
        begin = time.monotonic()
        for _ in range(600):
            async with session.post(f"{to.url}/play", data=bytes(bad)) as answer:
                statuses.append(answer.status)
    assert set(statuses) <= {401, 429}
    assert statuses.count(401) <= 250 + 60 * (time.monotonic() - begin), "the others cost no check of a signature"
    assert house.heard == []


@pytest.mark.parametrize(
    "headers",
    [{"Host": "evil.example:2468"}, {"Host": "localhost"}, {"Host": ""}, {"Origin": "http://evil.example"}],
)
async def test_t22_a_web_page_can_neither_ask_nor_read(tmp_path: Path, headers: dict[str, str]) -> None:
    """Neither across origins nor by a name of its own that it has turned to this machine."""
    async with serving(SmallHouse(ALICE, tmp_path)) as (_, to), aiohttp.ClientSession() as session:
        async with session.get(f"{to.url}/players") as answer:
            assert answer.status == 200
            assert not any(name.lower().startswith("access-control") for name in answer.headers)
        for verb, path in (("GET", "/players"), ("GET", "/generators"), ("POST", "/play"), ("POST", "/letters")):
            async with session.request(verb, f"{to.url}{path}", headers=headers, data=b"x") as answer:
                assert answer.status == 403
                assert (await answer.json())["error"]["code"] == "audience"
