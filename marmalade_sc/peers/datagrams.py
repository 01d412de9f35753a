"""Datagrams between players: sealed with the jam's secret, signed by their sender, meant for one receiver.

Cheap things are checked first: size, the jam's mark, how much its address sends, the seal, the receiver; then the
signature. What fails is counted and dropped without an answer.
"""

import asyncio
import contextlib
import hashlib
import os
import socket
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Final

from marmalade_sc.errors import MarmaladeError
from marmalade_sc.identity.keys import Identity
from marmalade_sc.identity.sealing import SEAL_BYTES, Seal
from marmalade_sc.peers.limits import Buckets
from marmalade_sc.peers.reach import Endpoint
from marmalade_sc.peers.refusals import refused
from marmalade_sc.peers.requests import JamName
from marmalade_sc.peers.sieve import TICK_S, Sieve, kernel_counts
from marmalade_sc.peers.signed import VERSION, Signable, open_signed, signed
from marmalade_sc.peers.wire import BLOB, KEY, NUMBER, wire

__all__ = ["LARGEST_DATAGRAM", "Datagram", "Datagrams", "Envelopes", "Mail"]

LARGEST_DATAGRAM: Final = 1440
_MARK_BYTES: Final = 8
_LARGEST_READ: Final = 2048
_AT_ONCE: Final = 256
_WORKED_OFF: Final = 16
"""Strangers' datagrams that are opened before the socket is looked at again: 3 ms of work."""
_MOST_WAITING: Final = 512
_BUFFER: Final = 1 << 20
"""Asked for; Linux gives what `net.core.rmem_max` allows, 208 KiB where nobody has said otherwise."""
_PER_ADDRESS: Final = 400.0
"""Datagrams a second from one address, 800 at once: a jam of 500 players at rest sends us a hundredth of it each."""
_STRANGERS: Final = 500.0
"""Datagrams a second that are opened of all those together who are no friends, where nobody is here: 5 % of a core. At
2,000 a player on a busy machine read so few that those of its friends got lost in the socket."""
_EACH: Final = 8.0
_STRANGERS_AT_ONCE: Final = 500.0
"""40 ms of work: the socket's buffer holds what comes meanwhile."""


@dataclass(frozen=True, slots=True)
class Datagram(Signable):
    """What is sealed: one message of `chatter`, its sender and its receiver."""

    KIND: ClassVar[int] = 0x02
    PURPOSE: ClassVar[str] = "marmalade peers datagram"
    version: int = wire(NUMBER)
    sender: bytes = wire(KEY)
    receiver: bytes = wire(KEY)
    body: bytes = wire(BLOB)

    @property
    def signer(self) -> bytes:
        return self.sender


@dataclass(frozen=True, slots=True)
class Mail:
    """A datagram that was checked. `arrived` is when, of the clock that the receiver reads."""

    sender: bytes
    body: bytes
    host: str
    port: int
    arrived: int


class Envelopes:
    """Closes and opens datagrams of one jam for one player."""

    def __init__(self, own: Identity, jam: JamName) -> None:
        self._own = own
        self._seal = Seal(jam.id, "datagram")
        self.mark = hashlib.sha256(b"marmalade_sc jam mark 1\0" + jam.id).digest()[:_MARK_BYTES]

    def close(self, receiver: bytes, body: bytes) -> bytes:
        """A datagram to a player."""
        letter = signed(self._own, Datagram(VERSION, self._own.public.raw, receiver, body))
        return self.mark + self._seal.close(letter.data, os.urandom(12), self.mark)

    def open(self, data: bytes, may: Callable[[], bool] = lambda: True) -> Datagram:
        """What is inside. Raises MarmaladeError where it is not for us, from nobody, or `may` says no to its price."""

        def check(found: Datagram) -> None:
            if found.receiver != self._own.public.raw:
                raise refused("audience")
            if not may():
                raise refused("busy")

        plain = self._seal.open(data[_MARK_BYTES:], data[:_MARK_BYTES])
        return open_signed(plain, (Datagram,), LARGEST_DATAGRAM, check).message

    def is_ours(self, data: bytes) -> bool:
        """Whether it may be of this jam at all."""
        return _MARK_BYTES + SEAL_BYTES < len(data) <= LARGEST_DATAGRAM and data.startswith(self.mark)


class Datagrams:
    """The socket. `heard` takes what passed; `now` is read the moment a datagram is there.

    `friends` gives the addresses of those who are trusted: their datagrams are looked at whatever all others send, who
    share what there is otherwise; `players` is how many are here, for each of which that is eight a second more.

    It reads all that is there at once, up to a bound: asyncio's own transport takes a turn of the loop for each, which
    costs more than refusing it, and of those that nobody wants 20,000 may come in a second. Most of them the kernel
    drops before they take room in the socket (`sieve`). Friends' are opened at once, strangers' when there is time: a
    signature costs forty times as much as reading.
    """

    def __init__(
        self,
        envelopes: Envelopes,
        heard: Callable[[Mail], None],
        now: Callable[[], int],
        monotonic: Callable[[], float],
        per_address: float = _PER_ADDRESS,
        friends: Callable[[], frozenset[str]] = frozenset,
        players: Callable[[], int] = lambda: 0,
        buffer_bytes: int = _BUFFER,
    ) -> None:
        self._envelopes = envelopes
        self._heard = heard
        self._now = now
        self._monotonic = monotonic
        self._buckets = Buckets(per_address, 2 * per_address)
        self._friends = friends
        self._players = players
        self._buffer_bytes = buffer_bytes
        self._strangers = Buckets(_STRANGERS, _STRANGERS_AT_ONCE, most=1)
        self._socket: socket.socket | None = None
        self._sieve = Sieve(envelopes.mark)
        self._tick: asyncio.TimerHandle | None = None
        self._waiting: deque[tuple[bytes, str, int, int]] = deque()
        self._work: asyncio.Handle | None = None
        self._dropped = self._kernel_dropped = 0

    def open(self, host: str, port: int) -> int:
        """Listen, in the loop that runs; the port. Raises OSError where it is taken."""
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        made = socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
        try:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self._buffer_bytes)
            made.bind((host, port))
        except OSError:
            made.close()
            raise
        self._socket = made
        self._sieve.apply(made, self._friends())
        asyncio.get_running_loop().add_reader(made, self._ready)
        return int(made.getsockname()[1])

    def _ready(self) -> None:
        self._sift()
        for _ in range(_AT_ONCE):
            if self._socket is None:
                return
            try:
                data, address = self._socket.recvfrom(_LARGEST_READ)
            except BlockingIOError:
                break
            except OSError:
                continue  # nobody listens where we wrote to: the member will not answer, which is all that counts
            self._sort(data, str(address[0]), int(address[1]))

        if self._waiting and self._work is None:
            self._work = asyncio.get_running_loop().call_soon(self._work_off)

    def _sort(self, data: bytes, host: str, port: int) -> None:
        arrived = self._now()
        if self._is_wanted(data, host):
            if host in self._friends():
                self._deliver(data, host, port, arrived)
            elif len(self._waiting) < _MOST_WAITING:
                self._waiting.append((data, host, port, arrived))
            else:
                self._dropped += 1

    def _work_off(self) -> None:
        self._work = None
        for _ in range(min(_WORKED_OFF, len(self._waiting))):
            self._deliver(*self._waiting.popleft())
        if self._waiting and self._socket is not None:
            self._work = asyncio.get_running_loop().call_soon(self._work_off)

    def _deliver(self, data: bytes, host: str, port: int, arrived: int) -> None:
        mail = self._open(data, host, port, arrived)
        if mail is not None:
            self._heard(mail)

    def _sift(self) -> None:
        """Let the kernel drop what is too much. As long as it does, look again soon: it may be over."""
        if self._socket is None:
            return
        now = self._monotonic()
        if self._sieve.is_due(now, fill := kernel_counts(self._socket)[0]):
            self._sieve.look(now, fill)
            self._sieve.apply(self._socket, self._friends())
            if self._tick is not None:
                self._tick.cancel()
                self._tick = None
        if self._tick is None and not self._sieve.is_open:
            self._tick = asyncio.get_running_loop().call_later(TICK_S, self._sift_again)

    def _sift_again(self) -> None:
        self._tick = None
        self._sift()

    def hear(self, data: bytes, host: str, port: int) -> None:
        """A datagram has come from an address."""
        mail = self.opened(data, host, port)
        if mail is not None:
            self._heard(mail)

    def opened(self, data: bytes, host: str, port: int = 0) -> Mail | None:
        """What is in a datagram, however it came; None where it is none, or too much comes from there."""
        arrived = self._now()
        return self._open(data, host, port, arrived) if self._is_wanted(data, host) else None

    def _is_wanted(self, data: bytes, host: str) -> bool:
        """What costs next to nothing to find out."""
        if not self._envelopes.is_ours(data):
            self._dropped += 1
            return False
        if not self._buckets.take(host, self._monotonic()):
            self._sieve.overdrawn(host)
            self._dropped += 1
            return False
        self._sieve.passed(host in self._friends())
        return True

    def _open(self, data: bytes, host: str, port: int, arrived: int) -> Mail | None:
        is_friend, now = host in self._friends(), self._monotonic()
        price = _STRANGERS / (_STRANGERS + _EACH * self._players())
        if not is_friend and not self._strangers.has("", now, price):
            self._dropped += 1  # not even its seal is looked at; what fails there costs other strangers nothing
            return None
        try:
            letter = self._envelopes.open(data, lambda: is_friend or self._strangers.take("", now, price))
        except MarmaladeError:
            self._dropped += 1
            return None
        return Mail(letter.sender, letter.body, host, port, arrived)

    @property
    def dropped(self) -> int:
        """Datagrams that were none, or too many, whether we have read them or the kernel has dropped them."""
        return self._dropped + (kernel_counts(self._socket)[1] if self._socket is not None else self._kernel_dropped)

    @property
    def is_open(self) -> bool:
        """Whether the kernel drops nothing that has the jam's mark."""
        return self._sieve.is_open

    def send(self, sealed: bytes, to: Endpoint) -> None:
        """Send what `Envelopes.close` has made, if the socket is open. Never blocks; may be lost."""
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.sendto(sealed, (to.host, to.port))

    def close(self) -> None:
        """End it. Idempotent."""
        if self._socket is not None:
            made, self._socket = self._socket, None
            for each in (self._tick, self._work):
                if each is not None:
                    each.cancel()
            self._tick = self._work = None
            self._waiting.clear()
            asyncio.get_running_loop().remove_reader(made)
            self._kernel_dropped += kernel_counts(made)[1]
            made.close()
