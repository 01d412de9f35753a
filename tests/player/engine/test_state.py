"""Records of the engine's state: plain numbers, right percentiles, silence at a floor."""

import json
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from marmalade_sc.engine.sampleclock import SampleMap
from marmalade_sc.engine.watch import Observation
from marmalade_sc.player.engine.state import clock_state, lead_percentiles, level_records


@given(st.lists(st.integers(-5, 100), min_size=1, max_size=300))
def test_leads_are_what_a_sorted_list_says(leads: list[int]) -> None:
    found = lead_percentiles(dict(Counter(leads)))
    ordered = sorted(leads)
    assert found["min"] == ordered[0]
    for name, share in (("p50", 0.5), ("p99", 0.01), ("p99.9", 0.001)):
        assert found[name] == ordered[int(share * len(ordered))]


def test_without_notes_there_are_no_leads() -> None:
    assert lead_percentiles({}) == {}


def test_levels_are_in_decibels_and_silence_has_a_floor() -> None:
    rows = level_records(Observation(None, {"d1": (1.0, 0.5), "master": (0.0, 1e-9)}, 1, 0), 100)
    assert rows == [
        ("state:levels:d1", {"left": 0.0, "right": -6.0}, 100),
        ("state:levels:master", {"left": -120.0, "right": -120.0}, 100),
    ]


def test_a_map_is_written_without_losing_a_unit() -> None:
    row = clock_state(SampleMap(3, 1 << 62, (1 << 62) + 1, 48_000, -7), origin=(1 << 62) + 3)
    again = json.loads(json.dumps(row))
    assert int(again["origin"]) == (1 << 62) + 3
    assert int(again["map"]["since"]) == 1 << 62
