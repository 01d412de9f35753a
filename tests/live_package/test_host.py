"""The host with generations that only speak its protocol: each is a sleeping process, so that its pid may be killed."""

import asyncio
import contextlib
import os
import socket
import subprocess
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from marmalade_sc.live.host import Host
from marmalade_sc.live.link import Message, decode, encode
from marmalade_sc.live.past import Past


@dataclass(eq=False)
class Generation:
    """One fake generation: answers what the host asks, as the real one does."""

    stage: "Hosted"
    request: int
    blocks: list[str] = field(default_factory=list)
    restores: bool = False
    hold: bool = False
    process: "subprocess.Popen[bytes]" = field(
        default_factory=lambda: subprocess.Popen(["sleep", "600"], stdin=subprocess.DEVNULL)
    )

    @property
    def code(self) -> str:
        return self.blocks[-1] if self.blocks else ""

    async def live(self) -> None:
        reader, writer = await asyncio.open_unix_connection(os.fspath(self.stage.path))
        self.writer = writer
        gone = asyncio.create_task(self._watch())
        writer.write(encode({"event": "hello", "pid": self.process.pid, "request": self.request}))
        try:
            if self.request:
                await self._evaluate()
            while line := await reader.readline():
                await self._hear(decode(line))
        except ConnectionError:
            pass
        finally:
            gone.cancel()
            writer.close()
            self.process.kill()

    async def _watch(self) -> None:
        while self.process.poll() is None:
            await asyncio.sleep(0.005)
        self.writer.close()

    async def _evaluate(self) -> None:
        if "loop" in self.blocks:
            await asyncio.sleep(600)
        ok = not self.code.startswith("fail")
        more: Message = {"value": self.code.upper(), "orders": []} if ok else {"error": {"message": self.code}}
        self.writer.write(encode({"event": "evaluated", "request": self.request, "ok": ok, **more}))

    async def _hear(self, message: Message) -> None:
        do = message["do"]
        self.stage.heard.append((self.request, str(do), message))
        if do == "take":
            self.stage.current = self
            if self.stage.slow:
                await asyncio.sleep(self.stage.slow)
            self.writer.write(encode({"event": "playing", "landings": [{"what": self.code, "cycle": "1"}]}))
        elif do == "fork" and not self.stage.deaf:
            self.stage.born(int(str(message["request"])), message["blocks"], bool(message["restores"]))
        elif do == "yield":
            self.writer.write(encode({"event": "position", "position": {"from": self.request}}))
            await self.writer.drain()
            self.writer.close()
        elif do == "command" and not self.stage.mute:
            self.writer.write(encode({"event": "commanded", "request": message["request"], "landings": []}))


class Hosted:
    """A host with its fake generations."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.told: list[Message] = []
        self.recorded: list[tuple[str, str]] = []
        self.settled: list[str] = []
        self.heard: list[tuple[int, str, Message]] = []
        self.generations: list[Generation] = []
        self.tasks: list[asyncio.Task[None]] = []
        self.current: Generation | None = None
        self.deaf = self.mute = False
        self.slow = 0.0
        self.host = Host(
            path,
            lambda: self.born(0, [], False),
            self.told.append,
            self.record,
        )

    def record(self, code: str, source: str, facts: object) -> Callable[[], None]:
        self.recorded.append((code, source))
        return lambda: self.settled.append(code)

    def born(self, request: int, blocks: Any, restores: bool) -> int:
        one = Generation(self, request, [code for code, _ in blocks], restores)
        self.generations.append(one)
        self.tasks.append(asyncio.create_task(one.live()))
        return one.process.pid

    def codes(self) -> list[tuple[list[str], bool]]:
        return [(one.blocks, one.restores) for one in self.generations if one.request]


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Hosted]:
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(str(tmp_path / "live.sock"))
    listener.listen(16)
    one = Hosted(tmp_path / "live.sock")
    run = asyncio.create_task(one.host.run(listener, Past()))
    await asyncio.wait_for(one.host.playing.wait(), 5)
    yield one
    run.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await run
    for task in one.tasks:
        task.cancel()
    await asyncio.gather(*one.tasks, return_exceptions=True)
    for generation in one.generations:
        generation.process.kill()
        generation.process.wait()
    listener.close()


async def within(awaitable: Any, seconds: float = 5.0) -> Any:
    return await asyncio.wait_for(awaitable, seconds)


async def until(true: Any) -> None:
    async def look() -> None:
        while not true():
            await asyncio.sleep(0.005)

    await within(look())


async def test_a_block_that_works_takes_over_and_is_recorded(stage: Hosted) -> None:
    first = stage.current
    answer = await within(stage.host.evaluate("one", "file.py"))
    assert answer["ok"]
    assert (answer["value"], answer["landings"]) == ("ONE", [{"what": "one", "cycle": "1"}])
    assert stage.current is not first
    assert stage.recorded == [("one", "file.py")], "before anybody was told that it worked"
    await until(lambda: stage.settled == ["one"])  # the answer does not wait for the log
    assert ("take", {"from": 0}) in [(do, message.get("position")) for _, do, message in stage.heard]


async def test_a_block_that_fails_changes_nothing(stage: Hosted) -> None:
    first = stage.current
    answer = await within(stage.host.evaluate("fail here"))
    assert not answer["ok"]
    assert answer["error"] == {"message": "fail here"}
    assert stage.current is first
    assert stage.recorded == []


async def test_blocks_are_evaluated_one_after_the_other_in_order(stage: Hosted) -> None:
    answers = await within(asyncio.gather(*(stage.host.evaluate(f"b{n}") for n in range(6))))
    assert [answer["value"] for answer in answers] == [f"B{n}" for n in range(6)]


async def test_interrupting_ends_the_block_that_runs_and_none_behind_it(stage: Hosted) -> None:
    stuck = asyncio.create_task(stage.host.evaluate("loop"))
    behind = asyncio.create_task(stage.host.evaluate("behind"))
    await until(lambda: any(one.code == "loop" for one in stage.generations))
    await asyncio.sleep(0.05)
    assert stage.host.interrupt()
    assert "interrupted" in str((await within(stuck))["error"])
    assert (await within(behind))["value"] == "BEHIND"
    assert not stage.host.interrupt()
    await until(lambda: next(one for one in stage.generations if one.code == "loop").process.poll() is not None)


async def test_a_block_that_takes_over_can_no_longer_be_interrupted(stage: Hosted) -> None:
    """Killing it then would leave nobody who plays."""
    stage.slow = 0.1
    task = asyncio.create_task(stage.host.evaluate("one"))
    await until(lambda: stage.host._handing is not None or stage.current and stage.current.request)
    if stage.host._handing is not None:
        assert not stage.host.interrupt()
    assert (await within(task))["ok"]


async def test_a_key_pressed_while_one_generation_follows_another_is_obeyed(stage: Hosted) -> None:
    """Hush is what must always work."""
    stage.mute = True  # the old one does not get to it any more
    pressed = asyncio.create_task(stage.host.command({"name": "hush", "track": None}))
    await until(lambda: any(do == "command" for _, do, _ in stage.heard))
    stage.mute = False
    assert (await within(stage.host.evaluate("one")))["ok"]
    assert "error" not in await within(pressed)


async def test_a_generation_that_dies_is_replaced_and_does_again_what_was_done(stage: Hosted) -> None:
    await within(stage.host.evaluate("one"))
    await within(stage.host.command({"name": "mute", "track": "d1"}))
    await within(stage.host.command({"name": "tempo", "bpm": 90}))
    await within(stage.host.evaluate("two"))
    assert stage.current
    before = len(stage.codes())
    stage.current.process.kill()
    await until(lambda: len(stage.codes()) > before and stage.host._job is None)
    assert stage.codes()[before:] == [(["one", "mute(d1)", "two"], True)]
    assert [code for code, _ in stage.recorded] == ["one", "mute(d1)", "", "two"]  # a tempo is the timeline's
    assert any("died" in str(event.get("text")) for event in stage.told)


async def test_strips_that_the_code_has_no_names_for_are_set_again_before_what_is_done_again(stage: Hosted) -> None:
    """Faders that other players moved, and what a key has muted of theirs."""
    mix = {"name": "mix", "track": "theirs", "is_hosted": True, "pan": 0.0}
    for command in (
        {**mix, "gain_db": -3.0},
        {**mix, "gain_db": -20.0},
        {"name": "mute", "track": "theirs", "is_hosted": True},
        {"name": "solo", "track": "other", "is_hosted": True},
        {"name": "unsolo", "track": "other", "is_hosted": True},
    ):
        assert "error" not in await within(stage.host.command(command))
    assert (await within(stage.host.evaluate("one")))["ok"]
    for _ in range(2):  # and not only after the first death
        assert stage.current
        stage.heard.clear()
        stage.current.process.kill()
        await until(lambda: any(do == "take" and request for request, do, _ in stage.heard) and not stage.host._job)
        fresh = [
            (do, message.get("name"), message.get("gain_db")) for request, do, message in stage.heard if not request
        ]
        assert fresh[:4] == [
            ("take", None, None),
            ("command", "mix", -20.0),
            ("command", "mute", None),
            ("fork", None, None),
        ]
    assert stage.codes()[-1] == (["one"], True), "no code that would fail"


async def test_what_cannot_be_done_again_at_once_is_done_one_by_one(stage: Hosted) -> None:
    await within(stage.host.evaluate("one"))
    stage.host._past.add(("loop", ""), ("two", ""))  # as if it had worked the first time
    assert stage.current
    stage.current.process.kill()
    for blocks in (["one", "loop", "two"], ["loop"]):  # all at once, then alone
        await until(lambda blocks=blocks: stage.host._candidate and stage.generations[-1].blocks == blocks)
        assert stage.host.interrupt()
    await until(lambda: stage.codes()[-1] == (["two"], True) and stage.host._job is None)
    assert [code for code, _ in stage.host._past.blocks] == ["one", "two"]


async def test_what_was_asked_meanwhile_comes_after_what_is_done_again(stage: Hosted) -> None:
    await within(stage.host.evaluate("one"))
    stage.deaf = True
    waiting = asyncio.create_task(stage.host.evaluate("uses one"))
    await until(lambda: any(do == "fork" and "uses one" in str(each) for _, do, each in stage.heard))
    stage.deaf = False
    assert stage.current
    stage.current.process.kill()
    assert (await within(waiting))["ok"]
    assert stage.codes()[-2:] == [(["one"], True), (["uses one"], False)]


async def test_a_block_sent_to_a_generation_that_dies_is_evaluated_by_the_next(stage: Hosted) -> None:
    stage.deaf = True
    waiting = asyncio.create_task(stage.host.evaluate("one"))
    await until(lambda: any(do == "fork" for _, do, _ in stage.heard))
    stage.deaf = False
    assert stage.current
    stage.current.process.kill()
    assert (await within(waiting))["value"] == "ONE"


async def test_a_block_that_comes_while_nobody_plays_waits_for_its_turn(stage: Hosted) -> None:
    assert stage.current
    stage.current.process.kill()
    assert (await within(stage.host.evaluate("one")))["value"] == "ONE"


async def test_an_evaluation_that_ends_its_process_is_told(stage: Hosted) -> None:
    stuck = asyncio.create_task(stage.host.evaluate("loop"))
    await until(lambda: stage.host._candidate is not None)
    next(one for one in stage.generations if one.code == "loop").process.kill()
    assert "ended its process" in str((await within(stuck))["error"])
    assert (await within(stage.host.evaluate("next")))["ok"]


async def test_a_generation_that_hangs_is_replaced_without_the_block_that_made_it(stage: Hosted) -> None:
    for code in ("one", "bad"):
        await within(stage.host.evaluate(code))
    before = len(stage.codes())
    await until(lambda: len(stage.codes()) > before)  # fakes send no signs of life
    assert stage.codes()[before] == (["one"], True)
    assert any("hangs" in str(event.get("text")) for event in stage.told)


async def test_of_a_long_session_only_the_latest_blocks_are_done_again_and_what_was_before_as_code(
    stage: Hosted, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An hour of a block each second took a minute to be done again, and all was silent."""
    monkeypatch.setattr("marmalade_sc.live.past.BLOCKS", 3)
    marked: list[str] = []
    stage.host.marked = marked.append
    for number in range(8):
        await within(stage.host.evaluate(f"b{number}"))
        assert stage.current
        stage.current.writer.write(encode({"event": "set", "code": f"all to b{number}"}))
        await until(lambda number=number: {"event": "set", "code": f"all to b{number}"} in stage.told)
    assert marked == ["all to b2", "all to b5"]
    before = len(stage.codes())
    stage.current.process.kill()
    await until(lambda: len(stage.codes()) > before and stage.host._job is None)
    assert stage.codes()[before:] == [(["all to b2", "b3", "b4", "b5", "b6", "b7"], True)]


async def test_events_are_passed_on(stage: Hosted) -> None:
    assert stage.current
    for event in ("output", "complaint", "timeline", "reloaded", "something else"):
        stage.current.writer.write(encode({"event": event, "text": event, "timeline": {}}))
    await until(lambda: len([each for each in stage.told if each["event"] != "landed"]) >= 4)
    assert {str(each["event"]) for each in stage.told} >= {"output", "complaint", "timeline", "reloaded"}
    assert "something else" not in {each["event"] for each in stage.told}


async def test_a_block_sent_to_a_generation_that_hangs_is_evaluated_by_the_next(stage: Hosted) -> None:
    """It had waited for ever, and every block behind it: a soak found it after ten minutes."""
    await within(stage.host.evaluate("one"))
    stage.deaf = True
    waiting = asyncio.create_task(stage.host.evaluate("two"))
    await until(lambda: any(do == "fork" and "two" in str(each) for _, do, each in stage.heard))
    stage.deaf = False
    assert (await within(waiting, 30))["value"] == "TWO"
    assert (await within(stage.host.evaluate("three"), 30))["ok"]


async def test_a_child_that_dies_before_it_says_hello_is_asked_for_again(
    stage: Hosted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("marmalade_sc.live.host._BORN_S", 0.2)
    stage.deaf = True
    waiting = asyncio.create_task(stage.host.evaluate("one"))
    await until(lambda: sum(do == "fork" for _, do, _ in stage.heard) >= 2)
    stage.deaf = False
    assert (await within(waiting, 30))["value"] == "ONE"


async def test_after_three_tries_it_is_said_that_nothing_can_be_evaluated(
    stage: Hosted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("marmalade_sc.live.host._BORN_S", 0.1)
    stage.deaf = True
    assert "cannot evaluate now" in str((await within(stage.host.evaluate("one"), 30))["error"])


async def test_a_block_whose_generation_hangs_as_it_takes_over_is_answered(stage: Hosted) -> None:
    stage.slow = 600.0
    waiting = asyncio.create_task(stage.host.evaluate("bad"))
    await until(lambda: any(do == "take" and request for request, do, _ in stage.heard))
    stage.slow = 0.0
    assert "ended the process" in str((await within(waiting, 30))["error"])
    assert (await within(stage.host.evaluate("next"), 30))["ok"]
