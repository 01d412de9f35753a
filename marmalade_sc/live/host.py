"""The live host: keeps one generation playing, has blocks evaluated one after the other, and tells what happened.

It holds neither patterns nor the user's names; those live in the generations. It is the stable end: clients talk to
it, and a generation that dies or hangs is replaced by one that evaluates again what had worked.
"""

import asyncio
import contextlib
import os
import socket
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from marmalade_sc.live.blocks import watched
from marmalade_sc.live.commands import as_code
from marmalade_sc.live.link import LONGEST_LINE, Message, decode, serve
from marmalade_sc.live.members import Job, Member, facts_of, kill, plain_error
from marmalade_sc.live.past import Past
from marmalade_sc.live.questions import Questions

__all__ = ["Host"]

_YIELD_S: Final = 1.0
_HANG_S: Final = 2.0
_OVERSLEPT_S: Final = 0.5
_RESTORE_S: Final = 20.0
_BORN_S: Final = 5.0
"""A fork takes 3 ms; one that has not said hello by now has died on the way, and another is asked for."""
_MOST_TRIES: Final = 3
_LONG_S: Final = 5.0
"""After so long one is told that a block is still being evaluated."""

Tell = Callable[[Message], None]


@dataclass(slots=True)
class Host:
    """See the module.

    Attributes:
        path: its socket; generations and clients connect to it.
        spawn: forks a first generation and returns its pid.
        tell: called with each event: output, complaints, tracks, timeline, landings.
        record: called with (code, source, facts) of each block and command that worked; what it gives, when there is
            time. `facts`: what is needed to do it again there (`at`, `cycle`, `landings`, and of a command `command`).
        marked: called now and then with the code that says what all that was recorded has come to.
        watches: what generations are to tell beside the rest, as somebody wants it: `steps`.
        names: what the user's code has bound; `scenes`: those that there are.
        places: where pieces that play began; see `live.placing`.
    """

    path: Path
    spawn: Callable[[], int]
    tell: Tell
    record: Callable[[str, str, Message], Callable[[], object]] = lambda code, source, facts: lambda: None
    marked: Callable[[str], None] = lambda code: None
    watches: Message = field(default_factory=dict)
    names: list[object] = field(default_factory=list)
    scenes: list[object] = field(default_factory=list)
    places: object = None
    _current: Member | None = None
    _candidate: Member | None = None
    _jobs: deque[Job] = field(default_factory=deque)
    _job: Job | None = None
    _past: Past = field(default_factory=Past)
    _requests: int = 0
    _questions: Questions = field(default_factory=Questions)
    _handing: "asyncio.Task[None] | None" = None
    _yielding: "asyncio.Future[object] | None" = None
    _pids: set[int] = field(default_factory=set)
    _stopping: bool = False
    playing: asyncio.Event = field(default_factory=asyncio.Event)

    # For clients

    async def evaluate(self, code: str, source: str = "") -> Message:
        """Evaluate a block after those that wait; the answer has `ok` and `value` or `error`, and `landings`."""
        job = self._new_job([(code, source or f"block {self._requests + 1}")])
        self._jobs.append(job)
        self._next_job()
        return await job.answer

    def _new_job(self, blocks: list[tuple[str, str]], restores: bool = False) -> Job:
        self._requests += 1
        return Job(self._requests, blocks, asyncio.get_running_loop().create_future(), restores)

    def interrupt(self) -> bool:
        """Kill the evaluation that runs. False when none does, or when it has just worked and takes over."""
        candidate, job = self._candidate, self._job
        if job is None or self._handing is not None:
            return False
        self._candidate = None
        if candidate is not None:
            kill(candidate.pid)
        self._finish_job({"ok": False, "error": plain_error("The evaluation was interrupted; nothing has changed")})
        return True

    async def command(self, message: Mapping[str, object]) -> Message:
        """Carry out a command (hush, tempo, mute ...) beside any evaluation that runs."""
        answer = await self._asked({**message, "do": "command"})
        if "error" not in answer:
            code = as_code(message)
            self._past.command(message, code)
            self._keep_scenes(answer)
            self.record(code, "key", {**facts_of(answer), "command": {**message}})()
        return {name: value for name, value in answer.items() if name in ("error", "landings")}

    def watch(self, message: Mapping[str, object]) -> None:
        """Have generations tell `steps` from now on, or not, in files as they look now; see `blocks.watched`."""
        self.watches = watched(self.watches, message)
        if self._current is not None:
            self._current.send({**self.watches, "do": "watch"})

    async def set_code(self) -> Message:
        """What plays, as code: {"code": text}."""
        return await self._asked({"do": "set"})

    async def share(self, track: str, name: str) -> Message:
        """A track's pattern as a program: {"program": text, "words": [...]}, or {"error": ...}."""
        return await self._asked({"do": "share", "track": track, "called": name})

    async def _asked(self, message: Message) -> Message:
        """Ask the generation that plays, or the one that follows it."""
        self._requests += 1
        return await self._questions.ask(message, self._requests, self._current)

    async def tracks(self) -> Message:
        """What each track does: {"tracks": {name: {"plays", "mix"}}}."""
        return await self._questions.tracks(self._current)

    # Life

    async def run(self, listener: socket.socket, past: Past) -> None:
        """Serve until cancelled.

        Args:
            listener: the bound and listening socket at `path`; made before the first generation is forked.
            past: what is to be done again first, from before a crash.
        """
        self._past = Past(strips=past.strips)
        server = await asyncio.start_unix_server(self._serve, sock=listener, limit=LONGEST_LINE)
        watch = asyncio.create_task(self._watch())
        try:
            self._pids.add(self.spawn())
            await self._restored(past.blocks)
            await serve(server)
        finally:
            self._stopping = True
            watch.cancel()
            for pid in self._pids:
                kill(pid)

    async def _watch(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            begun = loop.time()
            await asyncio.sleep(0.1)
            self._reap()
            if loop.time() - begun > _OVERSLEPT_S:  # we ourselves did not run: what was said meanwhile is read first
                continue
            self._mind_long(loop.time())
            self._mind_unborn(loop.time())
            current = self._current
            if current is not None and current.hangs_since(loop.time()) > _HANG_S:
                self.tell({"event": "complaint", "text": "A pattern hangs; the version before it comes back"})
                self._past.drop()
                kill(current.pid)
                self._let_go(current)
                await self._revive()

    def _mind_long(self, now: float) -> None:
        """Say once of a block that it takes long; most people do not know that theirs never ends."""
        job = self._job
        if job is None or job.is_told or job.restores:
            return
        if not job.since:
            job.since = now
        elif now - job.since > _LONG_S:
            job.is_told = True
            name = job.blocks[0][1]
            text = f"{name} is still being evaluated after {_LONG_S:g} s. The music goes on; Ctrl-C interrupts it."
            self.tell({"event": "complaint", "text": text})

    def _mind_unborn(self, now: float) -> None:
        """A child that died before it said hello is missed by nobody else."""
        job = self._job
        if job is None or self._candidate is not None or self._handing is not None or self._current is None:
            return
        if job.request == self._current.request or now - job.sent < _BORN_S:
            return
        if job.tries >= _MOST_TRIES:
            self._finish_job({"ok": False, "error": plain_error("The machine cannot evaluate now; try again")})
            return
        self._wait_again(job)
        self._next_job()

    def _wait_again(self, job: Job) -> None:
        """The job that runs waits again. With another number: a child that was born all the same is refused."""
        self._requests += 1
        job.request = self._requests
        self._job = None
        self._jobs.appendleft(job)

    def _let_go(self, member: Member) -> None:
        """What becomes of the job that runs when the generation that played has ended, or is ended."""
        job = self._job
        if job is None or self._candidate is not None or self._handing is not None:
            return
        if job.request == member.request:  # it had taken over: again it would only end again
            words = "The block was evaluated, but what it plays ended the process that plays; nothing has changed"
            self._finish_job({"ok": False, "error": plain_error(words)})
            return
        self._wait_again(job)

    def _reap(self) -> None:
        while True:
            try:
                pid, _ = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if not pid:
                return
            self._pids.discard(pid)

    async def _revive(self) -> None:
        """A fresh generation that evaluates again what had worked."""
        if self._stopping:
            return
        self._current = None
        self.playing.clear()
        history, self._past = self._past.blocks, Past(strips=self._past.strips)
        self._pids.add(self.spawn())
        with contextlib.suppress(TimeoutError):
            await self._restored(history)

    async def _restored(self, history: list[tuple[str, str]]) -> None:
        """Return when the generation that was just spawned plays and has done again what had worked.

        All of it at once, before what anybody asked since: a hundred blocks one by one would take five seconds. Where
        that does not work (a block that hangs was interrupted), one by one.
        """
        job = self._new_job(history, restores=True)
        if history:
            self._jobs.appendleft(job)
        await asyncio.wait_for(self.playing.wait(), _RESTORE_S)
        self._next_job()
        if not history or (await job.answer).get("ok"):
            return
        for block in history:
            single = self._new_job([block], restores=True)
            self._jobs.append(single)
            self._next_job()
            await single.answer

    # Generations

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        member: Member | None = None
        try:
            while line := await reader.readline():
                message = decode(line)
                if message.get("event") == "hello":
                    member = self._welcome(message, writer)
                elif member is not None:
                    member.seen = asyncio.get_running_loop().time()
                    self._heard(member, message)
        except (OSError, ValueError, asyncio.LimitOverrunError, asyncio.CancelledError):
            pass  # it went, or we end
        finally:
            writer.close()
            if member is not None:
                await self._left(member)

    def _welcome(self, message: Message, writer: asyncio.StreamWriter) -> Member:
        now = asyncio.get_running_loop().time()
        member = Member(int(str(message["pid"])), int(str(message["request"])), writer, now)
        self._pids.add(member.pid)
        if not member.request:
            self._current = member
            member.send({**self.watches, "do": "take", "position": None})
            for strip in self._past.strips:  # before what is done again: undo takes back the user's own first
                member.send({**strip, "do": "command", "request": 0})
            self._questions.again(member)
            self._next_job()
        elif self._job is not None and self._job.request == member.request:
            self._candidate = member
        else:
            kill(member.pid)  # an evaluation that was interrupted before it said hello
        return member

    def _heard(self, member: Member, message: Message) -> None:
        event = message.get("event")
        if event == "evaluated":
            self._evaluated(member, message)
        elif event == "position":
            if self._yielding is not None and not self._yielding.done():
                self._yielding.set_result(message["position"])
        elif event == "playing":
            self.playing.set()
            self.places = message.get("places") or self.places  # a fresh generation plays nothing yet
            if self._job is not None and member.request == self._job.request:
                self._worked(self._job, message)
        elif event in ("commanded", "set_asked", "tracks"):
            self.places = message.get("places") or self.places
            self._questions.answered(message)
        elif event == "names":
            names = message.get("names")
            self.names = names if isinstance(names, list) else []
        elif event in ("output", "complaint", "timeline", "reloaded", "steps", "set"):
            if event == "set" and member is self._current and self._past.shorten(str(message["code"])):
                self.marked(str(message["code"]))
            self.tell(message)

    def _keep_scenes(self, message: Message) -> None:
        scenes = message.get("scenes")
        self.scenes = scenes if isinstance(scenes, list) else self.scenes

    async def _left(self, member: Member) -> None:
        if member is self._candidate:
            self._candidate = None
            self._finish_job({"ok": False, "error": plain_error("The evaluation ended its process")})
        if member is self._current and not self._stopping:
            self._current = None
            if self._yielding is not None:
                if not self._yielding.done():
                    self._yielding.set_result(None)
                return
            self._let_go(member)
            self.tell({"event": "complaint", "text": "The live host's process died; its music comes back"})
            await self._revive()

    # Evaluations

    def _next_job(self) -> None:
        if self._job is not None or not self._jobs or self._current is None:
            return
        self._job = job = self._jobs.popleft()
        job.sent = asyncio.get_running_loop().time()
        job.tries += 1
        self._current.send(
            {
                "do": "fork",
                "request": job.request,
                "blocks": job.blocks,
                "restores": job.restores,
            }
        )

    def _evaluated(self, member: Member, message: Message) -> None:
        job = self._job
        if job is None or message.get("request") != job.request:
            kill(member.pid)
            return
        if not message["ok"]:
            self._candidate = None
            self._finish_job({"ok": False, "error": message["error"]})
            return
        self._handing = asyncio.create_task(self._hand_over(member, message))

    async def _hand_over(self, member: Member, message: Message) -> None:
        current = self._current
        position: object = None
        if current is not None:
            self._yielding = asyncio.get_running_loop().create_future()
            current.send({"do": "yield", "request": member.request})
            try:
                position = await asyncio.wait_for(self._yielding, _YIELD_S)
            except TimeoutError:
                kill(current.pid)
            finally:
                self._yielding = None
        self._current, self._candidate, self._handing = member, None, None
        self._value = message
        member.send({**self.watches, "do": "take", "position": position, "places": self.places})
        self._questions.again(member)

    _value: Message = field(default_factory=dict)

    def _worked(self, job: Job, playing: Message) -> None:
        self._past.add(*job.blocks)
        self._keep_scenes(playing)
        landings = playing.get("landings", [])
        value, orders = self._value.get("value", ""), self._value.get("orders", [])
        answer: Message = {"ok": True, "value": value, "orders": orders, "landings": landings}
        self.tell({"event": "landed", "landings": landings})
        # What was answered must be done again though we are killed a moment later; the rest of that work can wait.
        kept = self.record(*job.blocks[0], facts_of(playing)) if not job.restores else bool
        self._finish_job(answer)
        asyncio.get_running_loop().call_soon(kept)

    def _finish_job(self, answer: Message) -> None:
        job, self._job = self._job, None
        if job is not None and not job.answer.done():
            job.answer.set_result(answer)
        self._next_job()
