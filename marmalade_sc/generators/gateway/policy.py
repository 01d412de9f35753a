"""What an instance may ask of the jam's state, and how much of it at once. Pure: requests in, requests out.

Redis's own access lists say who may use which key, never how much: one `XRANGE key - +` over 500,000 entries held up
every other command for 51 ms, and writes without a length filled the server for all (sandbox.md 2.2). So each request
is taken apart here, and put together anew with a length, a count and a time that are bounded.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from marmalade_sc.errors import JamError
from marmalade_sc.ids import check_name

__all__ = ["EVENTS", "KINDS", "LOCAL", "STATE", "TRACK", "Bounds", "Bucket", "Scope", "checked", "plain"]

STATE: Final = "state"
EVENTS: Final = "events"
LOCAL: Final = "local"
"""Answered by the gateway itself: the request holds the reply."""

TRACK: Final = "Track"
"""The tag by which an instance says which strip it plays into."""
KINDS: Final[Mapping[str, tuple[type, ...]]] = {"number": (int, float), "text": (str,), "truth": (bool,)}

_READABLE: Final = (b"tags:", b"state:", b"schedule:")
_FAR_MS: Final = 10_000


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much at once.

    Attributes:
        request: bytes of a request.
        value: bytes of a field's value in a tag; frames may have `frame`.
        fields: of an entry.
        kept: entries of a tag, and of the stream of events.
        count: entries of a reply; `count_events` of the instance's own frames.
        block_ms: longest wait of XREAD.
        streams: of one XREAD.
        tags: that one instance may have.
        commands, data: a second in the long run; bursts have twice as many.
    """

    request: int = 66_000
    value: int = 4096
    frame: int = 62_000
    fields: int = 16
    kept: tuple[int, int] = (4000, 512)
    count: int = 1000
    count_events: int = 20
    block_ms: int = 10_000
    streams: int = 64
    tags: int = 64
    commands: float = 200.0
    data: float = 256_000.0


@dataclass(slots=True)
class Scope:
    """What one instance may touch.

    Args:
        path: `<player>:<generator>:<instance>`, each part a checked name.
        grants: further keys that the user lets it write, exactly.

    Attributes:
        tags: names of the tags that it has written.
        kinds: of those that it has declared: number, text or truth.
    """

    path: str
    grants: frozenset[str] = frozenset()
    tags: set[str] = field(default_factory=set)
    kinds: dict[str, str] = field(default_factory=dict)

    @property
    def events(self) -> bytes:
        """The stream of its frames."""
        return f"events:{self.path}".encode()

    @property
    def prefix(self) -> bytes:
        """What its tags begin with."""
        return f"tags:{self.path}:".encode()

    def may_read(self, key: bytes) -> bool:
        """All tags, the state and the schedule, and its own frames."""
        return key.startswith(_READABLE) or key == self.events


class Bucket:
    """Tokens that come back at a rate; who takes more has to wait.

    Args:
        rate: a second.
        burst: at once.
        now: seconds that never go back.
    """

    def __init__(self, rate: float, burst: float, now: Callable[[], float]) -> None:
        self._rate, self._burst, self._now = rate, burst, now
        self._level = burst
        self._at = now()

    def take(self, count: float) -> float:
        """Take so many; returns the seconds to wait before they are there."""
        now = self._now()
        self._level = min(self._burst, self._level + (now - self._at) * self._rate) - count
        self._at = now
        return max(0.0, -self._level / self._rate)


def checked(
    request: Sequence[bytes],
    scope: Scope,
    bounds: Bounds,
    now_ms: int,
) -> tuple[str, list[bytes]]:
    """Where a request goes, and as what.

    Args:
        now_ms: jam time in milliseconds: entries get their ids from it.

    Raises:
        JamError: the instance may not ask for this.
    """
    name = request[0].upper()
    rule = _RULES.get(name)
    if rule is None:
        raise JamError(f"{_shown(name)} is not for generators; docs/generators.md lists what is")
    return rule(list(request), scope, bounds, now_ms)


def _add(request: list[bytes], scope: Scope, bounds: Bounds, now_ms: int) -> tuple[str, list[bytes]]:
    if len(request) < 5:
        raise JamError("XADD needs a key, an id, and fields with values")
    key, rest = request[1], request[2:]
    is_event = key == scope.events
    if not is_event:
        _check_written(key, scope, bounds)
    if rest[0].upper() == b"NOMKSTREAM":
        rest = rest[1:]
    if rest and rest[0].upper() in (b"MAXLEN", b"MINID"):  # ours is put in its place
        rest = rest[3:] if len(rest) > 1 and rest[1] in (b"~", b"=") else rest[2:]
        if rest and rest[0].upper() == b"LIMIT":
            rest = rest[2:]
    if len(rest) < 3 or len(rest) % 2 == 0:
        raise JamError("XADD needs an id, and fields with values")
    identity, fields = rest[0], rest[1:]
    if len(fields) > 2 * bounds.fields:
        raise JamError(f"an entry may have {bounds.fields} fields")
    longest = bounds.frame if is_event else bounds.value
    if any(len(each) > longest for each in fields):
        raise JamError(f"a value may have {longest} bytes")
    if key.startswith(scope.prefix):
        _check_value(key[len(scope.prefix) :].decode(), dict(zip(fields[::2], fields[1::2], strict=True)), scope)
    kept = bounds.kept[1 if is_event else 0]
    parts = [b"XADD", key, b"MAXLEN", b"~", b"%d" % kept, _identity(identity, now_ms), *fields]
    return (EVENTS if is_event else STATE), parts


def _check_written(key: bytes, scope: Scope, bounds: Bounds) -> None:
    text = key.decode(errors="replace")
    if text in scope.grants:
        return
    if not key.startswith(scope.prefix):
        raise JamError(f"{text!r:.80} is not its own: an instance writes {scope.prefix.decode()}<tag>")
    name = text[len(scope.prefix) :]
    check_name(name, "tag")
    if name not in scope.tags:
        if len(scope.tags) >= bounds.tags:
            raise JamError(f"an instance may have {bounds.tags} tags")
        scope.tags.add(name)


def _check_value(tag: str, fields: Mapping[bytes, bytes], scope: Scope) -> None:
    """A tag that was declared (a field `type`) keeps to its type; `Track` is the name of a strip."""
    value = fields.get(b"value", b"")
    if tag == TRACK and (value == b"null" or check_name(plain(value), "track") == "master"):
        raise JamError(f"a track cannot be called {plain(value)}")
    kind = fields.get(b"type", b"").decode(errors="replace") or scope.kinds.get(tag)
    if kind is None:
        return
    if kind not in KINDS:
        raise JamError(f"{kind!r:.40} is no type of a tag: it is one of {', '.join(KINDS)}")
    before = scope.kinds.setdefault(tag, kind)
    if before != kind:
        raise JamError(f"the tag {tag} was declared as {before}, not as {kind}")
    if value == b"null":  # it holds no more
        return
    if not isinstance(found := _decoded(value), KINDS[kind]) or (kind == "number" and isinstance(found, bool)):
        raise JamError(f"the tag {tag} was declared as {kind}, and {plain(value)!r:.40} is none")


def plain(value: bytes) -> str:
    """A field's value as text, whether it is quoted or not."""
    found = _decoded(value)
    return found if isinstance(found, str) else value.decode(errors="replace")


def _decoded(value: bytes) -> object:
    text = value.decode(errors="replace")
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _identity(given: bytes, now_ms: int) -> bytes:
    """An entry's id on jam time: `*` means now."""
    if given == b"*":
        return b"%d-*" % now_ms
    milliseconds, _, number = given.partition(b"-")
    if not milliseconds.isdigit() or not (number in (b"", b"*") or number.isdigit()) or len(given) > 40:
        raise JamError("an id is *, or milliseconds of jam time with a number behind a hyphen")
    if int(milliseconds) > now_ms + _FAR_MS:
        raise JamError(f"the id {given.decode()} lies more than {_FAR_MS // 1000} s ahead")
    return given


def _range(request: list[bytes], scope: Scope, bounds: Bounds, now_ms: int) -> tuple[str, list[bytes]]:
    if len(request) not in (4, 6) or (len(request) == 6 and request[4].upper() != b"COUNT"):
        raise JamError(f"{_shown(request[0])} needs a key, two ids, and may have COUNT")
    server = _readable(request[1:2], scope)
    most = bounds.count_events if server == EVENTS else bounds.count
    count = min(_whole(request[5], "COUNT"), most) if len(request) == 6 else most
    if any(len(each) > 40 for each in request[2:4]):
        raise JamError("an id is too long")
    return server, [request[0].upper(), *request[1:4], b"COUNT", b"%d" % count]


def _read(request: list[bytes], scope: Scope, bounds: Bounds, now_ms: int) -> tuple[str, list[bytes]]:
    parts = request[1:]
    count, block = bounds.count, -1
    while parts and parts[0].upper() in (b"COUNT", b"BLOCK") and len(parts) > 1:
        number = _whole(parts[1], parts[0].decode())
        if parts[0].upper() == b"COUNT":
            count = min(number, bounds.count)
        else:  # 0 would wait for ever
            block = min(number or bounds.block_ms, bounds.block_ms)
        parts = parts[2:]
    if not parts or parts[0].upper() != b"STREAMS" or len(parts) % 2 == 0 or len(parts) < 3:
        raise JamError("XREAD needs STREAMS with keys and as many ids")
    half = len(parts) // 2
    keys = parts[1 : half + 1]
    if half > bounds.streams:
        raise JamError(f"XREAD may have {bounds.streams} streams")
    server = _readable(keys, scope)
    if server == EVENTS:
        count = min(count, bounds.count_events)
    waiting = [b"BLOCK", b"%d" % block] if block >= 0 else []
    return server, [b"XREAD", b"COUNT", b"%d" % count, *waiting, *parts]


def _length(request: list[bytes], scope: Scope, bounds: Bounds, now_ms: int) -> tuple[str, list[bytes]]:
    if len(request) != 2:
        raise JamError("XLEN needs a key")
    return _readable(request[1:], scope), [b"XLEN", request[1]]


def _scan(request: list[bytes], scope: Scope, bounds: Bounds, now_ms: int) -> tuple[str, list[bytes]]:
    if len(request) < 2 or not request[1].isdigit():
        raise JamError("SCAN needs a cursor")
    parts, match = request[2:], b"tags:*"
    while len(parts) > 1:
        if parts[0].upper() == b"MATCH":
            match = parts[1]
        elif parts[0].upper() != b"COUNT":
            raise JamError("SCAN may have MATCH and COUNT")
        parts = parts[2:]
    if not match.startswith(_READABLE) or len(match) > 300 or match.count(b"*") > 8:
        raise JamError("SCAN may look for tags:..., state:... and schedule:...")
    return STATE, [b"SCAN", request[1], b"MATCH", match, b"COUNT", b"500"]


def _readable(keys: Sequence[bytes], scope: Scope) -> str:
    for key in keys:
        if not scope.may_read(key):
            raise JamError(f"{_shown(key)} is not for generators: they read tags:..., state:... and schedule:...")
    own = [key == scope.events for key in keys]
    if any(own) and not all(own):
        raise JamError("its own frames are read alone")
    return EVENTS if own[0] else STATE


def _whole(value: bytes, what: str) -> int:
    if not value.isdigit() or len(value) > 9:
        raise JamError(f"{what} must be a whole number")
    return int(value)


def _answered(reply: bytes) -> Callable[[list[bytes], Scope, Bounds, int], tuple[str, list[bytes]]]:
    return lambda request, scope, bounds, now_ms: (LOCAL, [reply])


def _hello(request: list[bytes], scope: Scope, bounds: Bounds, now_ms: int) -> tuple[str, list[bytes]]:
    version = request[1] if len(request) > 1 else b"2"
    if version not in (b"2", b"3"):
        return LOCAL, [b"-NOPROTO only versions 2 and 3 are spoken here\r\n"]
    head = b"%2" if version == b"3" else b"*4"
    return LOCAL, [head + b"\r\n$6\r\nserver\r\n$5\r\nredis\r\n$5\r\nproto\r\n:" + version + b"\r\n"]


def _time(request: list[bytes], scope: Scope, bounds: Bounds, now_ms: int) -> tuple[str, list[bytes]]:
    """Jam time instead of the wall clock, in Redis's form: seconds and microseconds."""
    parts = (b"%d" % (now_ms // 1000), b"%d" % (now_ms % 1000 * 1000))
    return LOCAL, [b"*2\r\n" + b"".join(b"$%d\r\n%s\r\n" % (len(each), each) for each in parts)]


def _shown(name: bytes) -> str:
    return repr(name.decode(errors="replace"))[:60]


_Rule = Callable[[list[bytes], Scope, Bounds, int], tuple[str, list[bytes]]]
_RULES: Final[dict[bytes, _Rule]] = {
    b"XADD": _add,
    b"XRANGE": _range,
    b"XREVRANGE": _range,
    b"XREAD": _read,
    b"XLEN": _length,
    b"SCAN": _scan,
    b"TIME": _time,
    b"HELLO": _hello,
    # What client libraries say to be polite.
    b"PING": _answered(b"+PONG\r\n"),
    b"SELECT": _answered(b"+OK\r\n"),
    b"CLIENT": _answered(b"+OK\r\n"),
    b"COMMAND": _answered(b"*0\r\n"),
    b"QUIT": _answered(b"+OK\r\n"),
}
