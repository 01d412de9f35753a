"""Signatures are for one purpose and one row of fields."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marmalade_sc.errors import IdentityError
from marmalade_sc.identity.keys import Identity
from marmalade_sc.identity.signing import SIGNATURE_BYTES, canonical, sign, verify

FIELDS = st.lists(st.one_of(st.text(max_size=12), st.binary(max_size=12)), max_size=4)


def test_a_signature_is_its_keys_for_its_purpose_and_fields() -> None:
    identity, other = Identity.draw(), Identity.draw()
    signature = sign(identity, "play", "a", b"b")
    assert len(signature) == SIGNATURE_BYTES
    verify(identity.public, signature, "play", "a", b"b")
    for key, purpose, fields in (
        (other.public, "play", ("a", "b")),
        (identity.public, "stop", ("a", "b")),
        (identity.public, "play", ("ab", "")),
        (identity.public, "play", ("a", "b", "")),
    ):
        with pytest.raises(IdentityError):
            verify(key, signature, purpose, *fields)
    with pytest.raises(IdentityError):
        verify(identity.public, signature[:-1], "play", "a", "b")


@given(st.tuples(st.text(max_size=8), FIELDS), st.tuples(st.text(max_size=8), FIELDS))
def test_two_rows_of_fields_are_never_one_text(one: tuple[str, list[str]], other: tuple[str, list[str]]) -> None:
    def plain(row: tuple[str, list[str]]) -> list[bytes]:
        return [each.encode() if isinstance(each, str) else each for each in (row[0], *row[1])]

    assert (canonical(one[0], *one[1]) == canonical(other[0], *other[1])) == (plain(one) == plain(other))
