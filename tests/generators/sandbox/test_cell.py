"""How a sandbox has ended, in words that follow "ended" and "has ended:"."""

import pytest

from marmalade_sc.generators.sandbox.cell import Ending


@pytest.mark.parametrize(
    ("ending", "said"),
    [
        (Ending(0), "its program came to its end"),
        (Ending(3), "it ended with status 3"),
        (Ending(137), "it was ended by SIGKILL"),
        (Ending(-15), "it was ended by SIGTERM"),
        (Ending(125), "its sandbox could not be built"),
        (Ending(137, "it used too much memory"), "it used too much memory"),
    ],
)
def test_an_ending_is_told_in_words(ending: Ending, said: str) -> None:
    assert str(ending) == said
