"""What the generation that plays was asked and has not answered; asked again of the one that follows it."""

import asyncio
from dataclasses import dataclass, field
from typing import Final

from marmalade_sc.live.link import Message
from marmalade_sc.live.members import Member, plain_error

__all__ = ["Questions"]

_ANSWER_S: Final = 2.0


@dataclass(slots=True)
class Questions:
    """Open questions by number."""

    _open: "dict[int, tuple[Message, asyncio.Future[Message]]]" = field(default_factory=dict)
    _tracks: "list[asyncio.Future[Message]]" = field(default_factory=list)

    async def ask(self, message: Message, number: int, member: Member | None) -> Message:
        """The answer, or an error after two seconds. Without a member the next one is asked."""
        sent: Message = {**message, "request": number}
        future: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        self._open[number] = (sent, future)
        if member is not None:
            member.send(sent)
        try:
            return await asyncio.wait_for(future, _ANSWER_S)
        except TimeoutError:
            return {"error": plain_error("The live host does not answer")}
        finally:
            self._open.pop(number, None)

    async def tracks(self, member: Member | None) -> Message:
        """What each track does: {"tracks": {name: {"plays", "mix"}}}; none where nobody answers."""
        if member is None:
            return {"tracks": {}}
        future: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        self._tracks.append(future)
        member.send({"do": "tracks"})
        try:
            return await asyncio.wait_for(future, _ANSWER_S)
        except TimeoutError:
            return {"tracks": {}}

    def answered(self, message: Message) -> None:
        """An answer has come, to one question or, of tracks, to all who asked."""
        if message.get("event") == "tracks":
            futures, self._tracks = self._tracks, []
        else:
            found = self._open.get(int(str(message.get("request") or 0)))
            futures = [found[1]] if found is not None else []
        for future in futures:
            if not future.done():
                future.set_result(message)

    def again(self, member: Member) -> None:
        """Ask a new generation what the one before has not answered: what silences must never be lost."""
        for sent, future in self._open.values():
            if not future.done():
                member.send(sent)
