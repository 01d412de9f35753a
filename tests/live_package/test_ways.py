"""No strip plays into itself through others, whatever blocks ask for."""

import pytest

from marmalade_sc.errors import UsageError
from marmalade_sc.live.operations import SetMix
from marmalade_sc.live.ways import Ways


def test_a_circle_of_any_length_is_refused_and_named() -> None:
    ways = Ways()
    ways.add(SetMix("d1", {"group": "d2"}))
    ways.add(SetMix("d2", {"sends": {"d3": 0.5, "d4": 0.5}}))
    with pytest.raises(UsageError, match="of d4"):
        ways.add(SetMix("d4", {"group": "d1"}))
    ways.add(SetMix("d4", {"group": "d3"}))


def test_what_a_block_asked_for_is_forgotten_when_it_fails_later() -> None:
    ways = Ways()
    ways.begin()
    ways.add(SetMix("d1", {"group": "d2"}))
    ways.begin()
    ways.add(SetMix("d2", {"group": "d1"}))
    ways.settle()
    ways.begin()
    with pytest.raises(UsageError):
        ways.add(SetMix("d1", {"group": "d2"}))


def test_what_is_taken_back_is_no_way_any_more() -> None:
    ways = Ways()
    ways.add(SetMix("d1", {"group": "d2"}))
    ways.add(SetMix("d1", {"group": ""}))
    ways.add(SetMix("d2", {"group": "d1"}))
