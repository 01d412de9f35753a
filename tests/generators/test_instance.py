"""What was accepted can be written down and read again, and names nothing that cannot be."""

import pytest

from marmalade_sc.errors import MarmaladeError
from marmalade_sc.generators.instance import Play

PLAY = Play("abcdefgh:drums", "0" * 64, "one", "g1", {"density": 0.5}, bars=4.0)


def test_it_survives_being_written_down() -> None:
    assert Play.from_json(PLAY.to_json()) == PLAY
    assert PLAY.path == "abcdefgh:drums:one"
    assert all(map(PLAY.is_meant, ("one", "drums", "g1", "abcdefgh:drums", "abcdefgh:drums:one")))
    assert not PLAY.is_meant("d1")


@pytest.mark.parametrize(
    "changes",
    [
        {"instance": "*"},
        {"instance": "../x"},
        {"generator": "abcdefgh:../x"},
        {"generator": "x"},
        {"track": "master"},
        {"track": "a b"},
        {"bars": -1.0},
        {"seconds": float("inf")},
        {"restart": "always"},
    ],
)
def test_what_cannot_be_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(MarmaladeError):
        Play.from_json({**PLAY.to_json(), **changes})
