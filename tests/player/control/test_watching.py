"""Who watches: what is made for views is asked for while somebody wants it, again and again, and no longer."""

import asyncio
import base64
import struct
from typing import Any, cast

from marmalade_sc.errors import JamError
from marmalade_sc.jam.streams import StateLog
from marmalade_sc.player.control.connection import Connection
from marmalade_sc.player.control.protocol import Message
from marmalade_sc.player.control.watching import Watching


class Streams:
    """The newest record of each stream, and whether it can be reached."""

    def __init__(self) -> None:
        self.rows: dict[str, tuple[str, dict[str, object]]] = {}
        self.away = False

    def newest(self, key: str) -> tuple[str, dict[str, object]] | None:
        if self.away:
            raise JamError("away")
        return self.rows.get(key)


class Watched:
    """A watching with everything around it written down."""

    def __init__(self) -> None:
        self.streams = Streams()
        self.orders: list[Message] = []
        self.told: list[Message] = []
        self.pushed: list[tuple[str, Message]] = []
        self.watching = Watching(
            cast(StateLog, self.streams),
            self.order,
            self.told.append,
            lambda kind, event: self.pushed.append((kind, event)),
        )

    async def order(self, message: Message) -> None:
        self.orders.append(message)

    async def until(self, true: Any) -> None:
        async def look() -> None:
            while not true():
                await asyncio.sleep(0.005)

        await asyncio.wait_for(look(), 10)


async def test_nothing_is_asked_for_while_nobody_wants_it() -> None:
    one = Watched()
    task = asyncio.create_task(one.watching.run())
    one.watching.want(frozenset({"status", "news"}))
    await asyncio.sleep(0.02)
    assert (one.orders, one.told, one.pushed) == ([], [], [])
    task.cancel()


async def test_steps_are_asked_of_the_live_host_and_of_the_next_one() -> None:
    one = Watched()
    one.watching.want(frozenset({"steps"}))
    one.watching.want(frozenset({"steps", "output"}))
    one.watching.joined_live()
    one.watching.want(frozenset())
    one.watching.joined_live()
    assert [message["steps"] for message in one.told] == [True, True, False]


async def test_levels_and_scope_are_passed_on_once_each_and_ended() -> None:
    one = Watched()
    task = asyncio.create_task(one.watching.run())
    one.streams.rows["levels"] = ("1-0", {"levels": {"old": [0, 0]}})
    one.watching.want(frozenset({"levels", "scope"}))
    await one.until(lambda: one.orders)
    await asyncio.sleep(0.1)
    one.streams.away = True
    await asyncio.sleep(0.1)
    one.streams.away = False
    samples = base64.b64encode(struct.pack(">4f", 0.1, 0.2, 0.3, 0.4)).decode()
    one.streams.rows["levels"] = ("2-0", {"levels": {"d1": [-3.0, -4.0]}})
    one.streams.rows["scope"] = ("1-0", {})  # what lay there before is the past
    await asyncio.sleep(0.15)
    one.streams.rows["scope"] = ("2-0", {"rate": 48000, "samples": samples})
    await one.until(lambda: {kind for kind, _ in one.pushed} == {"levels", "scope"})
    one.watching.want(frozenset())
    await one.until(lambda: one.orders[-1] == {"order": "watch", "levels": False, "scope": False})
    assert one.orders[0] == {"order": "watch", "levels": True, "scope": True}
    assert one.pushed == [
        ("levels", {"event": "levels", "levels": {"d1": [-3.0, -4.0]}}),
        ("scope", {"event": "scope", "rate": 48000, "left": [0.1, 0.3], "right": [0.2, 0.4]}),
    ]
    task.cancel()


async def test_who_reads_slowly_loses_the_oldest_events() -> None:
    client = Connection(cast(asyncio.StreamWriter, None), frozenset({"steps"}))
    for number in range(1000):
        client.push("steps", str(number).encode())
        client.push("levels", b"not wanted")
    assert len(client.waiting) == 256
    assert client.waiting[-1] == b"999"
