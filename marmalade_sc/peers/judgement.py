"""What is done with a request of somebody: carried out, kept until the user has said something, or refused. Pure.

To start an instance its requester must be trusted, to be run at all its author; that is asked of whole keys. Whoever
started an instance may stop and control it, and so may the author of the generator.
"""

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from marmalade_sc.identity.keys import PublicKey
from marmalade_sc.peers.ledger import Ledger
from marmalade_sc.peers.records import ControlTicket, GeneratorRecord, PlayTicket, StopTicket

__all__ = ["ASK", "BLOCK", "Pending", "Verdict", "Waiting", "followed_by", "judge_play", "manifest_of", "may_touch"]

BLOCK: Final = "block"
ASK: Final = "ask"
_MOST: Final = 64
_PER_PLAYER: Final = 8
_LONGEST_MS: Final = 600_000

Level = Callable[[PublicKey], str]


@dataclass(frozen=True, slots=True)
class Verdict:
    """`word` is run, pending, blocked, over or waiting (for the author's record); `asks` whose trust is missing."""

    word: str
    asks: bytes = b""


def judge_play(ticket: PlayTicket, level: Level, ledger: Ledger, now_ms: int) -> Verdict:
    """What to do with a play. `level` says how far a key is trusted: block, ask, sandbox or full."""
    for key in dict.fromkeys((ticket.maker, ticket.author)):
        found = level(PublicKey(key))
        if found == BLOCK:
            return Verdict("blocked", key)
        if found == ASK:
            return Verdict("pending", key)
    stop = ledger.at("stop", ticket.maker, ticket.generator, ticket.instance)
    by_author = ledger.at("stop", ticket.author, ticket.generator, ticket.instance)
    if stop is not None or by_author is not None or _has_ended(ticket, now_ms) or _is_followed(ticket, ledger):
        return Verdict("over")
    return Verdict("run" if manifest_of(ticket, ledger) is not None else "waiting")


def followed_by(ticket: PlayTicket, ledger: Ledger) -> list[PlayTicket]:
    """Plays whose place a play takes: earlier ones of its requester, of other versions of the generator, in its track.

    The same version may play several times side by side.
    """
    return [each for each in ledger.of(PlayTicket) if _follows(ticket, each)]


def _is_followed(ticket: PlayTicket, ledger: Ledger) -> bool:
    return any(_follows(each, ticket) for each in ledger.of(PlayTicket))


def _follows(later: PlayTicket, earlier: PlayTicket) -> bool:
    same = (later.maker, later.generator, later.track) == (earlier.maker, earlier.generator, earlier.track)
    return same and later.sha256 != earlier.sha256 and later.sequence > earlier.sequence


def manifest_of(ticket: PlayTicket, ledger: Ledger) -> GeneratorRecord | None:
    """The author's own record of the version that a ticket means."""
    found = ledger.at("generator", ticket.author, ticket.generator, ticket.sha256)
    return found.message if found is not None and isinstance(found.message, GeneratorRecord) else None


def may_touch(ticket: StopTicket | ControlTicket, ledger: Ledger) -> PlayTicket | None:
    """The play that a stop or control is about, where its maker may: its requester, or the generator's author."""
    for play in ledger.of(PlayTicket):
        is_meant = (play.generator, play.instance) == (ticket.generator, ticket.instance)
        if is_meant and ticket.maker in (play.maker, play.author):
            return play
    return None


def _has_ended(ticket: PlayTicket, now_ms: int) -> bool:
    """For a latecomer: what was to last a while is not begun when that is over. A bar is taken for four seconds."""
    lasts_s = ticket.seconds or 4 * ticket.bars
    return bool(lasts_s) and ticket.made + 1000 * lasts_s < now_ms


@dataclass(frozen=True, slots=True)
class Waiting:
    """A request that waits for the user. `asks` is the key whose trust is missing."""

    number: int
    ticket: PlayTicket
    asks: bytes
    until_ms: int


class Pending:
    """Requests that wait: few, small, and not for ever."""

    def __init__(self) -> None:
        self._waiting: dict[int, Waiting] = {}
        self._numbers = itertools.count(1)

    def add(self, ticket: PlayTicket, asks: bytes, now_ms: int) -> Waiting | None:
        """Keep a request; None where it waits already, or its requester has too many that do."""
        self.expire(now_ms)
        of_maker = [each for each in self._waiting.values() if each.ticket.maker == ticket.maker]
        is_known = any(each.ticket.slot == ticket.slot for each in of_maker)
        if is_known or len(of_maker) >= _PER_PLAYER or len(self._waiting) >= _MOST:
            return None
        found = Waiting(next(self._numbers), ticket, asks, min(ticket.expires, now_ms + _LONGEST_MS))
        self._waiting[found.number] = found
        return found

    def expire(self, now_ms: int) -> None:
        """Forget those that waited long enough."""
        for each in [each for each in self._waiting.values() if each.until_ms < now_ms]:
            del self._waiting[each.number]

    def all(self, now_ms: int) -> list[Waiting]:
        """Those that wait, the oldest first."""
        self.expire(now_ms)
        return list(self._waiting.values())

    def take(self, number: int) -> Waiting | None:
        """One of them, which waits no longer."""
        return self._waiting.pop(number, None)

    def of(self, key: bytes) -> list[Waiting]:
        """Those for which this key's trust is missing; they wait no longer."""
        found = [each for each in self._waiting.values() if each.asks == key]
        for each in found:
            del self._waiting[each.number]
        return found
