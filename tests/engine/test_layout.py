"""Ids: no two things share one, whatever the slot or count."""

from hypothesis import given
from hypothesis import strategies as st

from marmalade_sc.engine import layout
from marmalade_sc.engine.layout import MOST_TRACKS, Strip, audio_buses, insert_node, source_node, voice_node

SLOTS = st.integers(0, MOST_TRACKS - 1)
COUNTS = st.integers(0, 1 << 40)
FIXED = {
    layout.ROOT_GROUP,
    layout.CLOCK_GROUP,
    layout.CLOCK_NODE,
    layout.TRACKS_GROUP,
    layout.MASTER_GROUP,
    layout.MASTER_NODE,
    layout.RECORD_GROUP,
}


@given(SLOTS, SLOTS, COUNTS, COUNTS, COUNTS)
def test_ids_of_different_kinds_never_meet(one: int, other: int, voice: int, source: int, insert: int) -> None:
    nodes = [voice_node(voice), source_node(source), insert_node(insert)]
    for slot in {one, other}:
        strip = Strip(slot)
        nodes += [strip.group, strip.inserts, strip.node]
    assert len(set(nodes)) == len(nodes)
    assert not FIXED & set(nodes)
    assert all(1000 <= node < 2**31 for node in nodes)


@given(SLOTS, SLOTS)
def test_buses_of_two_strips_never_meet_and_fit_the_server(one: int, other: int) -> None:
    a, b = Strip(one), Strip(other)
    if one != other:
        assert abs(a.bus - b.bus) >= 2
        assert abs(a.meter_bus - b.meter_bus) >= 2
    assert layout.MASTER_BUS + 2 <= a.bus <= audio_buses() - 2
    assert layout.MASTER_METER_BUS + 2 <= a.meter_bus <= 16_384 - 2
    assert layout.OUTPUTS <= layout.MASTER_BUS
