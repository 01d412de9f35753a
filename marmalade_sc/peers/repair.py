"""Ledgers made alike: two players compare digests, then what their buckets hold, and tell each other what one lacks."""

import math
from collections.abc import Callable, Sequence
from typing import Final

from marmalade_sc.peers.chatter import MARKS_AT_ONCE, Have, Push, Summary, Want, packed
from marmalade_sc.peers.ledger import BUCKETS, Ledger
from marmalade_sc.peers.records import PlayerRecord, Record, Rotation, Signed
from marmalade_sc.peers.wire import Message

__all__ = ["Repair"]

_PULL_S: Final = 0.5
_PUSHED: Final = 64


class Repair:
    """See the module. Never waits.

    Args:
        knows: whether a record of this mark need not be asked for.
        send: takes a key and a message for it.
    """

    def __init__(self, ledger: Ledger, knows: Callable[[bytes], bool], send: Callable[[bytes, Message], None]) -> None:
        self._ledger = ledger
        self._knows = knows
        self._send = send
        self._next_pull = -math.inf

    def compare(self, sender: bytes, digest: Sequence[bytes], now: float) -> None:
        """A player has told the digest of its ledger: where ours differs it is asked, twice a second at most."""
        if tuple(digest) != (self._ledger.digest,) and now >= self._next_pull:
            self._next_pull = now + _PULL_S
            self._send(sender, Summary(self._ledger.buckets))

    def hear(self, sender: bytes, message: Summary | Have | Want) -> None:
        """A step of another's: what its buckets are, which records it has, or which it wants."""
        if isinstance(message, Summary):
            self._tell_marks(sender, message)
        elif isinstance(message, Have):
            self._fill(sender, message)
        else:
            found = (self._ledger.get(mark) for mark in message.marks[:MARKS_AT_ONCE])
            self._push(sender, [each for each in found if each is not None])

    def _tell_marks(self, sender: bytes, summary: Summary) -> None:
        for number in self._ledger.differing(summary.buckets):
            marks = self._ledger.marks([number])
            is_whole = len(marks) <= MARKS_AT_ONCE
            for at in range(0, max(1, len(marks)), MARKS_AT_ONCE):
                part = tuple(marks[at : at + MARKS_AT_ONCE])
                self._send(sender, Have(1 << number, int(is_whole), part))

    def _fill(self, sender: bytes, have: Have) -> None:
        wanted = [mark for mark in have.marks if not self._knows(mark)]
        for at in range(0, len(wanted), MARKS_AT_ONCE):
            self._send(sender, Want(tuple(wanted[at : at + MARKS_AT_ONCE])))
        if have.is_whole:
            numbers = [number for number in range(BUCKETS) if have.buckets >> number & 1]
            theirs = frozenset(have.marks)
            ours = [self._ledger.get(mark) for mark in self._ledger.marks(numbers) if mark not in theirs]
            self._push(sender, [each for each in ours if each is not None][:_PUSHED])

    def _push(self, to: bytes, records: list[Signed[Record]]) -> None:
        # Who a maker is comes before what it says.
        ordered = sorted(records, key=lambda each: not isinstance(each.message, PlayerRecord | Rotation))
        for part in packed(ordered):
            self._send(to, Push((), part))
