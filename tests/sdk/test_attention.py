"""Of hundreds of streams those are followed that matter now."""

from hypothesis import given
from hypothesis import strategies as st

from marmalade_sc.sdk.attention import Attention


def crowd(count: int, attention: Attention) -> list[str]:
    keys = [f"tags:a:b:{number:03}:Chord" for number in range(count)]
    attention.ids.update({key: f"{1000 + number}-0" for number, key in enumerate(keys)})
    return keys


def test_a_newcomer_is_followed_however_many_there_were_before() -> None:
    attention = Attention(60)
    crowd(300, attention)
    assert attention.unknown(["tags:z:z:z:Chord"]) == ["tags:z:z:z:Chord"]
    attention.ids["tags:z:z:z:Chord"] = "9000-0"
    attention.choose(["state:players"])
    assert "tags:z:z:z:Chord" in attention.followed and len(attention.followed) == 60


def test_what_must_be_followed_is_even_where_it_is_empty() -> None:
    attention = Attention(60)
    crowd(300, attention)
    attention.ids["state:controls:me"] = "0-0"
    attention.choose(["state:controls:me", "not read yet"])
    assert attention.followed[0] == "state:controls:me" and "not read yet" not in attention.followed


@given(st.integers(0, 400), st.integers(1, 80))
def test_each_stream_is_looked_at_in_the_end(count: int, most: int) -> None:
    attention = Attention(most)
    keys = crowd(count, attention)
    attention.choose([])
    seen = set(attention.followed)
    for _ in range(1 + count // 20):
        seen.update(attention.in_turn())
    assert seen == set(keys) and len(attention.followed) == min(count, most)


def test_an_entry_that_was_read_is_not_news() -> None:
    attention = Attention(3)
    attention.ids["k"] = "1000-2"
    assert not attention.is_new("k", "1000-2") and not attention.is_new("k", "999-9")
    assert attention.is_new("k", "1000-10") and attention.is_new("new", "1-0")
