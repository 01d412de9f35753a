"""What a manifest asks for is granted key by key, or by the author's level, and never without being asked for."""

from hypothesis import given
from hypothesis import strategies as st

from marmalade_sc.generators.grants import ALL, granted, keys_in
from marmalade_sc.generators.manifest import read_manifest
from marmalade_sc.generators.trust import LEVELS

KEYS = st.frozensets(st.sampled_from(["schedule:main", "tags:a:b:c:d", "state:x"]))


@given(KEYS, st.sampled_from(LEVELS), KEYS, KEYS)
def test_nothing_is_granted_that_was_not_asked_for(
    asked: frozenset[str], level: str, own: frozenset[str], by_level: frozenset[str]
) -> None:
    found = granted(asked, level, own, {level: by_level})
    assert found == asked & (own | by_level)
    assert granted(asked, level, own) == (asked if level == "full" else asked & own)
    assert granted(asked, level, own, {level: frozenset({ALL})}) == asked


def test_a_setting_names_keys() -> None:
    assert keys_in("schedule:main, tags:a:b:c:d") == {"schedule:main", "tags:a:b:c:d"}
    assert keys_in("") == frozenset()


def test_a_manifest_asks_for_the_schedule_in_a_word() -> None:
    found = read_manifest(b'name = "x"\n[needs]\nschedule = "write"\nwrites = ["tags:a:b:c:d"]\n')
    assert found.writes == ("tags:a:b:c:d", "schedule:main")
