"""Votes: every player has a voice, and what more than half of those that are here want is done.

What is decided about tempo and transport is carried out by whoever proposed it first; of all other questions the
outcome is only told.
"""

import asyncio
from typing import Final

from marmalade_sc.errors import JamError, PeerError, UsageError
from marmalade_sc.jam import keys
from marmalade_sc.peers.ballots import LASTS_MS, TEMPO, TRANSPORT, VOTES, check_question, read_choice, written_choice
from marmalade_sc.peers.limits import Buckets
from marmalade_sc.peers.records import RegisterWrite
from marmalade_sc.player.control.protocol import Message
from marmalade_sc.player.shared.decisions import Decisions
from marmalade_sc.player.shared.keeping import Keeping, Unseen
from marmalade_sc.player.shared.pausing import Pausing

__all__ = ["Voting"]

_LOOK_S: Final = 0.25
_MEETING_S: Final = 3.0
"""So long after its start a player has not met all yet: the two of four that it meets first are no majority."""
_SAID: Final = 0.2
"""Sentences a second about one player's voices, four at once: whoever changes its mind faster is counted, not told."""
_MOST: Final = 32
"""Questions at once."""
_KEPT: Final = 1000


class Voting:
    """See the module. For one event loop. `pausing` lets everybody stand still, or go on."""

    def __init__(self, keeping: Keeping, pausing: Pausing) -> None:
        self._keeping = keeping
        self._pausing = pausing
        self._voices: dict[str, Unseen] = {}
        self._decisions = Decisions()
        self._talk = Buckets(_SAID, 4)

    async def vote(self, message: Message) -> Message:
        """Give this player's voice; it counts for a minute."""
        question = check_question(str(message["question"]))
        value = written_choice(question, message["choice"])
        self._keeping.shared.must_tell(f"{VOTES}{question}", value, LASTS_MS)
        return {"value": self._line(question) or f"{question}: your voice counts for a minute."}

    async def votes(self, message: Message) -> Message:
        """What is voted about now."""
        lines = [line for question in self._questions() if (line := self._line(question))]
        return {"value": "\n".join(lines) or 'Nothing is voted about: vote("tempo", 132) asks all.'}

    async def run(self) -> None:
        """Count, tell, and do what was decided, until cancelled."""
        begun, is_read = self._keeping.monotonic(), False
        while True:
            await asyncio.sleep(_LOOK_S)
            is_read = is_read or await asyncio.to_thread(self._remember)
            questions = self._questions()
            for gone in [each for each in self._voices if each not in questions]:
                del self._voices[gone]
                self._decisions.lapsed(gone)
            for question in questions:
                self._tell(question)
                if is_read and self._keeping.monotonic() - begun > _MEETING_S:
                    await self._settle(question)

    def _remember(self) -> bool:
        """Read what was carried out before this process began; False while it cannot be read. In a thread."""
        try:
            rows = self._keeping.state.since(keys.VOTES)
        except JamError:
            return False
        for _, row in rows:
            try:
                question, choice, clock = str(row["question"]), row["choice"], int(str(row["clock"]))
                self._decisions.remember(question, written_choice(question, choice), clock)
            except (KeyError, ValueError, UsageError):
                continue  # not by us
        return True

    def _questions(self) -> list[str]:
        found = [name.removeprefix(VOTES) for name in self._keeping.shared.names(VOTES)]
        return [each for each in found if self._keeping.shared.voices(f"{VOTES}{each}")][:_MOST]

    def _tell(self, question: str) -> None:
        unseen = self._voices.setdefault(question, Unseen())
        for writes in self._keeping.shared.voices(f"{VOTES}{question}").values():
            for each in writes:
                who = self._keeping.who(each)
                choice = _choice(question, each)
                if not unseen.take(each.maker.hex(), each) or not who or choice is None:
                    continue
                if self._talk.take(each.maker.hex(), self._keeping.monotonic()):
                    self._keeping.say(
                        f"{who} votes: {question} {_words(choice)} ({len(writes)} of {self._electors(question)}). "
                        f"To agree: vote({question!r}, {_words(choice) if isinstance(choice, float) else repr(choice)})"
                    )

    async def _settle(self, question: str) -> None:
        """Once for each decision: written down before it is done, so that no restart does it again."""
        held = self._keeping.shared.current(f"{VOTES}{question}")
        choice = _choice(question, held) if held is not None else None
        if held is None or choice is None:
            self._decisions.lapsed(question)
            return
        clocks = [each.clock for each in self._keeping.shared.voices(f"{VOTES}{question}").get(held.value, [held])]
        if not self._decisions.take(question, held.value, clocks):
            return
        record = {"question": question, "choice": choice, "who": self._keeping.name(held.maker), "clock": max(clocks)}
        await asyncio.to_thread(self._keeping.state.append, self._keeping.clock(), [(keys.VOTES, record, _KEPT)])
        self._keeping.say(f"Decided: {question} {_words(choice)}.")
        if held.maker != self._keeping.shared.own:
            return
        if question == TEMPO:
            await self._keeping.live.ask({"do": "tempo", "bpm": choice})
        elif question == TRANSPORT:
            await (self._pausing.resume({}) if choice == "resume" else self._pausing.pause({}))

    def _line(self, question: str) -> str:
        parts = []
        for writes in self._keeping.shared.voices(f"{VOTES}{question}").values():
            choice = _choice(question, writes[0])
            if choice is not None:
                names = ", ".join(self._keeping.who(each) or "you" for each in writes)
                parts.append(f"{_words(choice)} {len(writes)} of {self._electors(question)} ({names})")
        return f"{question}: {'; '.join(parts)}" if parts else ""

    def _electors(self, question: str) -> int:
        return self._keeping.shared.electors(f"{VOTES}{question}")


def _choice(question: str, write: RegisterWrite) -> float | str | None:
    try:
        return read_choice(question, write.value)
    except PeerError:
        return None


def _words(choice: float | str) -> str:
    return f"{choice:g}" if isinstance(choice, float) else choice
