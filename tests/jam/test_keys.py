"""Keys: built from checked names only, each kind in its own space."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marmalade_sc.errors import IdError
from marmalade_sc.jam import keys

NAMES = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_-]{0,20}", fullmatch=True)


@given(NAMES, NAMES, NAMES)
def test_a_key_says_its_parts(generator: str, instance: str, tag: str) -> None:
    assert keys.events("local", generator, instance) == f"events:local:{generator}:{instance}"
    assert keys.tag("local", generator, instance, tag) == f"tags:local:{generator}:{instance}:{tag}"
    assert keys.levels(tag) == f"state:levels:{tag}"
    assert keys.timeline() == "state:timeline:main"


@pytest.mark.parametrize("name", ["", "a:b", "*", "a b", "é", "-a", "a" * 65, "../x", "a\n"])
def test_what_could_be_another_key_or_a_pattern_is_refused(name: str) -> None:
    """Redis' ACLs read keys as globs: a track called `*` must not exist."""
    for build in (
        keys.levels,
        keys.timeline,
        lambda each: keys.events("local", each, "main"),
        lambda each: keys.events("local", "live", each),
        lambda each: keys.tag("local", "live", "main", each),
    ):
        with pytest.raises(IdError):
            build(name)
