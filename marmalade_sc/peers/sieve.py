"""What the kernel throws away of datagrams that come, so that a flood fills neither our time nor the socket's buffer.

A socket's buffer is a few hundred KiB on most machines: a flood fills it in the 20 ms that a busy machine lets us wait
for a core, and then a friend's datagrams are lost with all others. A filter of the socket's own (classic BPF, which
needs no rights) is asked before the buffer.
"""

import ctypes
import ipaddress
import socket
import struct
from collections import Counter
from collections.abc import Collection
from typing import Final

__all__ = ["Sieve", "attach", "kernel_counts", "program"]

TICK_S: Final = 0.25
_MOST_READ: Final = 2000.0
"""Datagrams a second of all strangers that are read where more come: a buffer of 208 KiB, the usual, holds 0.15 s."""
_FINEST: Final = 1 / 64
_CROWDED: Final = 0.25
_LOUD: Final = 1 / 32
_LOUD_OVER: Final = 100
"""So many more in a tick than an address may send make it loud."""
_LOUD_S: Final = 3.0
_MOST_LOUD: Final = 64
_MOST_FRIENDS: Final = 512
"""Bounds of the program: 2 steps for an address, 8 of IPv6; the kernel takes 4,096."""

_SO_ATTACH_FILTER: Final = 26
_SO_MEMINFO: Final = 55
_MEMINFO: Final = struct.Struct("9I")
_NETWORK: Final = 0xFFF00000
"""Offsets from here on are from the header of IP."""
_RANDOM: Final = 0xFFFFF000 + 56
_LOAD_WORD: Final = 0x20
_LOAD_BYTE: Final = 0x30
_AND: Final = 0x54
_JUMP: Final = 0x05
_JUMP_EQUAL: Final = 0x15
_JUMP_AT_LEAST: Final = 0x35
_RETURN: Final = 0x06
_ALL: Final = 0xFFFFFFFF

Step = tuple[int, int, int, int]
"""Code, how many steps to pass where it is so and where not, and a value."""


def program(mark: bytes, friends: Collection[str], loud: Collection[str], share: float) -> list[Step]:
    """The filter: of those without the mark nothing passes, of the loud 1/32, of friends all, of others `share` (0..1).

    Args:
        mark: 8 bytes with which each datagram begins.
        friends, loud: addresses; what is none is left out.
    """
    steps: list[Step] = []
    for offset in (0, 4):  # behind the 8 bytes of UDP's header; what is shorter is dropped by the load
        word = int.from_bytes(mark[offset : offset + 4], "big")
        steps += [(_LOAD_WORD, 0, 0, 8 + offset), (_JUMP_EQUAL, 1, 0, word), (_RETURN, 0, 0, 0)]
    least, most = _by_version(loud, _MOST_LOUD), _by_version(friends, _MOST_FRIENDS)
    four = [*_those(least[4], _passing(_LOUD)), *_those(most[4], _passing(1.0)), *_passing(share)]
    six = [*_those(least[6], _passing(_LOUD)), *_those(most[6], _passing(1.0)), *_passing(share)]
    steps += [(_LOAD_BYTE, 0, 0, _NETWORK), (_AND, 0, 0, 0xF0), (_JUMP_EQUAL, 1, 0, 0x40), (_JUMP, 0, 0, len(four))]
    return [*steps, *four, *six]


def _by_version(hosts: Collection[str], most: int) -> dict[int, list[bytes]]:
    found: dict[int, list[bytes]] = {4: [], 6: []}
    for host in sorted(hosts)[:most]:
        try:
            address = ipaddress.ip_address(host.partition("%")[0])
        except ValueError:
            continue
        mapped = address.ipv4_mapped if address.version == 6 else None
        found[4 if mapped else address.version].append((mapped or address).packed)
    found[6] = found[6][: most // 4]
    return found


def _those(addresses: list[bytes], then: list[Step]) -> list[Step]:
    """`then` for what comes from one of these; it must return."""
    steps: list[Step] = []
    for packed in addresses:
        words = struct.unpack(f">{len(packed) // 4}I", packed)
        begin = _NETWORK + (12 if len(packed) == 4 else 8)
        for number, word in enumerate(words):
            rest = 2 * (len(words) - number - 1) + len(then)
            steps += [(_LOAD_WORD, 0, 0, begin + 4 * number), (_JUMP_EQUAL, 0, rest, word)]
        steps += then
    return steps


def _passing(share: float) -> list[Step]:
    if share >= 1:
        return [(_RETURN, 0, 0, _ALL)]
    return [
        (_LOAD_WORD, 0, 0, _RANDOM),
        (_JUMP_AT_LEAST, 0, 1, int(share * 2**32)),
        (_RETURN, 0, 0, 0),
        (_RETURN, 0, 0, _ALL),
    ]


def attach(to: socket.socket, steps: list[Step]) -> bool:
    """Put a filter in the place of the one that is there; False where the system has none."""
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *each) for each in steps))
    try:
        to.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, struct.pack("HP", len(steps), ctypes.addressof(code)))
    except OSError:
        return False
    return True


def kernel_counts(of: socket.socket) -> tuple[float, int]:
    """How full a socket's buffer is (0..1), and how many datagrams the kernel has dropped: by a filter, or for lack of
    room. Nothing of both where it does not say."""
    try:
        found = of.getsockopt(socket.SOL_SOCKET, _SO_MEMINFO, _MEMINFO.size)
    except OSError:
        return 0.0, 0
    if len(found) != _MEMINFO.size:
        return 0.0, 0
    used, room, *_, drops = _MEMINFO.unpack(found)
    return used / max(1, room), drops


class Sieve:
    """How fine the filter has to be, from what has passed it. Pure but for `apply`.

    Attributes:
        share: of strangers' datagrams that pass, 1/64 to 1.
        loud: addresses that send too much, and until when they are held to 1/32.
    """

    def __init__(self, mark: bytes) -> None:
        self._mark = mark
        self._strangers = 0
        self._over: Counter[str] = Counter()
        self._since = 0.0
        self._applied: tuple[frozenset[str], frozenset[str], float] | None = None
        self.share = 1.0
        self.loud: dict[str, float] = {}

    def passed(self, is_friend: bool) -> None:
        """One was read that is of an address within its bounds."""
        self._strangers += not is_friend

    def overdrawn(self, host: str) -> None:
        """One was read of an address that has sent too many."""
        if len(self._over) < 4 * _MOST_LOUD or host in self._over:
            self._over[host] += 1

    def is_due(self, now: float, fill: float = 0.0) -> bool:
        """Whether it is time for `look`; at once where the buffer fills and nothing is held back yet."""
        return now - self._since >= TICK_S or (fill > _CROWDED and self.share == 1)

    def look(self, now: float, fill: float = 0.0) -> None:
        """Decide anew; `fill` is how full the buffer is (0..1).

        What came is reckoned from what has passed: the kernel's own count of drops has those without a mark in it.
        Where we read too little for that because nobody lets us, the buffer tells. It opens by steps: a pause in which
        nothing was read looks like quiet. Who is loud may speak up again after three seconds, and is heard anew.
        """
        passed_s = max(TICK_S, now - self._since)
        came = self._strangers / self.share / passed_s
        wanted = _MOST_READ / came if came > _MOST_READ else 1.0
        bound = self.share / 8 if fill > _CROWDED else self.share * 2
        self.share = max(_FINEST, min(1.0, wanted, bound))
        self.loud = {host: until for host, until in self.loud.items() if until > now}
        for host, count in self._over.most_common(_MOST_LOUD - len(self.loud)):
            if count > _LOUD_OVER * passed_s / TICK_S:
                self.loud[host] = now + _LOUD_S
        self._strangers, self._since = 0, now
        self._over.clear()

    @property
    def is_open(self) -> bool:
        """Whether all that has the mark passes."""
        return self.share == 1 and not self.loud

    def apply(self, to: socket.socket, friends: frozenset[str]) -> None:
        """Give the socket the filter, if it is another than the last."""
        wanted = (friends, frozenset(self.loud), self.share)
        if wanted != self._applied:
            attach(to, program(self._mark, *wanted))
            self._applied = wanted
