"""Who lets the bars count."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from marmalade_sc.clock.timeline import Timeline
from marmalade_sc.player.control.protocol import Message
from marmalade_sc.player.hub.counting import Counting

OWN = {"id": "ann", "is_own": True}
OTHER = {"id": "bob", "state": "here"}


@given(
    st.sampled_from([None, Timeline.steady(120), Timeline.steady(120).counted()]),
    st.sampled_from([frozenset(), frozenset({"rain"})]),
    st.sampled_from([None, [], [OWN], [OWN, OTHER], ["?"]]),
)
def test_bars_count_as_soon_as_somebody_else_is_there(
    timeline: Timeline | None, hosted: frozenset[str], players: object
) -> None:
    asked: list[Message] = []

    async def ask(message: Message) -> Message:
        asked.append(message)
        await asyncio.sleep(0)
        return {}

    async def run() -> None:
        counting = Counting(ask)
        for _ in range(2):  # until it is done, once
            counting.look(timeline.to_json() if timeline is not None else None, hosted, players)
        await asyncio.sleep(0)

    asyncio.run(run())
    counted_on = bool(hosted) or players == [OWN, OTHER]
    expected = counted_on and timeline is not None and not timeline.counts
    assert asked == ([{"do": "count"}] if expected else [])
