"""What instances may ask: their own tags and frames, everybody's state, and never without a bound."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marmalade_sc.errors import JamError, MarmaladeError
from marmalade_sc.generators.gateway.policy import EVENTS, LOCAL, STATE, Bounds, Bucket, Scope, checked

NOW = 5_000_000
OWN = "abcdefgh:drums:one"
TAG = f"tags:{OWN}:beat".encode()
FRAMES = f"events:{OWN}".encode()


def ask(text: str | list[bytes], scope: Scope | None = None) -> tuple[str, list[bytes]]:
    request = text.encode().split() if isinstance(text, str) else text
    return checked(request, scope or Scope(OWN), Bounds(), NOW)


def test_a_tag_is_written_with_jam_time_and_a_bounded_length() -> None:
    assert ask([b"xadd", TAG, b"*", b"value", b"on"]) == (
        STATE,
        [b"XADD", TAG, b"MAXLEN", b"~", b"4000", b"5000000-*", b"value", b"on"],
    )
    assert ask([b"XADD", TAG, b"MAXLEN", b"~", b"999999", b"4999999-1", b"v", b"1"])[1][2:6] == [
        b"MAXLEN",
        b"~",
        b"4000",
        b"4999999-1",
    ]
    assert ask([b"XADD", TAG, b"NOMKSTREAM", b"MINID", b"0", b"LIMIT", b"9", b"*", b"v", b"1"])[1][5] == b"5000000-*"


def test_frames_go_to_the_other_server() -> None:
    server, parts = ask([b"XADD", FRAMES, b"*", b"data", b"x" * 60_000])
    assert server == EVENTS and parts[4] == b"512"


def test_reads_get_a_count_and_an_end() -> None:
    assert ask("XRANGE state:clock - +") == (STATE, [b"XRANGE", b"state:clock", b"-", b"+", b"COUNT", b"1000"])
    assert ask("XREVRANGE tags:a:b:c:d + - COUNT 5000")[1][-1] == b"1000"
    assert ask(f"XRANGE {FRAMES.decode()} - +") == (EVENTS, [b"XRANGE", FRAMES, b"-", b"+", b"COUNT", b"20"])
    assert ask("XREAD BLOCK 0 STREAMS state:clock tags:a:b:c:d $ 0")[1] == [
        *(b"XREAD", b"COUNT", b"1000", b"BLOCK", b"10000", b"STREAMS", b"state:clock", b"tags:a:b:c:d", b"$", b"0")
    ]
    assert ask("SCAN 0 MATCH tags:* COUNT 100000")[1] == [b"SCAN", b"0", b"MATCH", b"tags:*", b"COUNT", b"500"]


def test_grants_let_an_instance_write_more() -> None:
    key = b"tags:abcdefgh:bass:two:chord"
    with pytest.raises(MarmaladeError, match="not its own"):
        ask([b"XADD", key, b"*", b"v", b"1"])
    assert ask([b"XADD", key, b"*", b"v", b"1"], Scope(OWN, frozenset({key.decode()})))[0] == STATE


def test_what_libraries_say_is_answered_here() -> None:
    for words in ("PING", "SELECT 0", "CLIENT SETINFO LIB-NAME x", "COMMAND DOCS", "HELLO 2", "QUIT"):
        server, (reply,) = ask(words)
        assert server == LOCAL and reply[:1] in b"+*"
    assert ask("HELLO 3")[1][0].startswith(b"%2")
    assert ask("HELLO 4")[1][0].startswith(b"-NOPROTO")
    assert ask("TIME")[1][0] == b"*2\r\n$4\r\n5000\r\n$1\r\n0\r\n"


DENIED = [
    "GET state:clock",
    "SET tags:x y",
    "KEYS *",
    "EVAL return 0",
    "FLUSHALL",
    "CONFIG GET dir",
    "SHUTDOWN",
    "MONITOR",
    "SUBSCRIBE x",
    "AUTH default x",
    "ACL LIST",
    "DEBUG SLEEP 10",
    "MULTI",
    "XTRIM state:clock MAXLEN 0",
    "XDEL state:clock 1-1",
    "XGROUP CREATE state:clock g 0",
    "XADD state:clock * a b",
    "XADD control * order panic",
    "XADD events:abcdefgh:drums:two * data x",
    f"XADD tags:{OWN} * a b",
    f"XADD tags:{OWN}:a:b * a b",
    f"XADD tags:{OWN}:* * a b",
    f"XADD tags:{OWN}:../x * a b",
    f"XADD tags:{OWN}x:beat * a b",
    f"XADD tags:{OWN}:beat * a",
    f"XADD tags:{OWN}:beat -1 a b",
    f"XADD tags:{OWN}:beat 99999999999999 a b",
    f"XADD tags:{OWN}:beat 5-5-5 a b",
    "XRANGE log:evaluations - +",
    "XRANGE control - +",
    "XRANGE events:abcdefgh:drums:two - +",
    "XRANGE state:clock - + COUNT -1",
    "XRANGE state:clock - + LIMIT 5",
    "XREAD STREAMS log:plays 0",
    "XREAD BLOCK -5 STREAMS state:clock 0",
    "XREAD STREAMS state:clock",
    f"XREAD STREAMS state:clock {FRAMES.decode()} 0 0",
    "XREAD GROUP g c STREAMS state:clock >",
    "XREAD STREAMS " + "state:clock " * 65 + "0 " * 65,
    "XLEN log:plays",
    "SCAN 0 MATCH *",
    "SCAN 0 MATCH log:*",
    "SCAN x",
    "SCAN 0 TYPE stream",
    "SCAN 0 MATCH tags:" + "*a" * 20,
    "XADD",
    "XRANGE",
]


@pytest.mark.parametrize("words", DENIED)
def test_everything_else_is_denied_with_a_sentence(words: str) -> None:
    with pytest.raises(MarmaladeError) as caught:
        ask(words)
    assert len(caught.value.message) > 10


def test_values_fields_and_tags_are_bounded() -> None:
    for request in (
        [b"XADD", TAG, b"*", b"v", b"x" * 4097],
        [b"XADD", TAG, b"*", *[b"v"] * 34],
        [b"XADD", FRAMES, b"*", b"v", b"x" * 62_001],
    ):
        with pytest.raises(MarmaladeError):
            ask(request)
    scope = Scope(OWN)
    for number in range(64):
        ask([b"XADD", f"tags:{OWN}:t{number}".encode(), b"*", b"v", b"1"], scope)
    with pytest.raises(MarmaladeError, match="64 tags"):
        ask([b"XADD", f"tags:{OWN}:one-more".encode(), b"*", b"v", b"1"], scope)
    ask([b"XADD", f"tags:{OWN}:t5".encode(), b"*", b"v", b"2"], scope)


@given(st.lists(st.binary(max_size=30), min_size=1, max_size=8))
def test_nothing_that_is_asked_raises_anything_else(request: list[bytes]) -> None:
    for first in (request[0], b"XADD", b"XRANGE", b"XREAD", b"SCAN", b"XLEN"):
        try:
            server, parts = ask([first, *request[1:]])
        except MarmaladeError:
            continue
        assert server in (STATE, EVENTS, LOCAL) and parts


@given(st.lists(st.tuples(st.floats(0, 10), st.integers(1, 50)), max_size=60))
def test_a_bucket_never_gives_more_than_its_rate(steps: list[tuple[float, int]]) -> None:
    now, taken = 0.0, 0.0
    bucket = Bucket(10.0, 20.0, lambda: now)
    for pause, count in steps:
        now += pause
        now += bucket.take(count)
        taken += count
        assert taken <= 20.0 + 10.0 * now + 1e-6


def tag(name: str, *fields: bytes, scope: Scope) -> object:
    return ask([b"XADD", f"tags:{OWN}:{name}".encode(), b"*", *fields], scope)


def test_a_declared_tag_keeps_to_its_type() -> None:
    scope = Scope(OWN)
    tag("Energy", b"value", b"0.5", b"type", b"number", scope=scope)
    tag("Energy", b"value", b"1", scope=scope)
    tag("Energy", b"value", b"null", scope=scope)
    for fields in ((b"value", b"high"), (b"value", b"true"), (b"value", b"1", b"type", b"text"), (b"type", b"shape")):
        with pytest.raises(JamError, match=r"declared|no type"):
            tag("Energy", *fields, scope=scope)
    tag("Key", b"value", b"am", b"type", b"text", scope=scope)
    tag("Key", b"value", b'"1"', scope=scope)
    with pytest.raises(JamError, match="declared as text"):
        tag("Key", b"value", b"1", scope=scope)
    tag("Free", b"value", b"whatever", scope=scope)


@pytest.mark.parametrize("name", [b"master", b"null", b"a b", b"../x", b"*", b""])
def test_a_track_that_cannot_be_one_is_refused(name: bytes) -> None:
    with pytest.raises(MarmaladeError):
        tag("Track", b"value", name, scope=Scope(OWN))
    tag("Track", b"value", b"d1", scope=Scope(OWN))
