"""A stranger's synthdef before anybody hears it: what it costs, and that it does not kill."""

from typing import Any

import pytest

from marmalade_sc.engine.trial import MOST_COST, Trial
from marmalade_sc.errors import SynthDefError
from marmalade_sc.generators.sounds import standing
from marmalade_sc.synthdefs.scgf import write
from marmalade_sc.synthdefs.strangers import admit
from tests.synthdefs.hostile import AUDIO, HOSTILE, graph, plain

pytestmark = [pytest.mark.live, pytest.mark.untimed]


def test_what_sounds_is_cheap_and_what_is_dear_is_refused() -> None:
    trial = Trial()
    row, data = standing(admit(write([plain()])))
    assert trial.check(data, str(row["wall"])) < MOST_COST / 4

    def dear(b: Any) -> Any:
        sound = b.add("WhiteNoise", AUDIO)
        for _ in range(380):
            sound = b.add("Pluck", AUDIO, sound, 1, 0.02, 0.02, 1, 0.5)
        return sound

    row, data = standing(admit(write([graph(dear, "dear")])))
    with pytest.raises(SynthDefError, match="of a core"):
        trial.check(data, str(row["wall"]))


@pytest.mark.parametrize("name", ["no outputs", "a rate that it does not have"])
def test_one_that_kills_scsynth_kills_only_the_trial(name: str) -> None:
    """None of these passes our own parser; should one ever, it ends here."""
    with pytest.raises(SynthDefError, match="does not survive"):
        Trial().check(HOSTILE[name], "evil")
