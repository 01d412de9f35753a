"""Words are made once; they never change."""

import pytest

from marmalade_sc.assist import Words
from tests.assist.words import words as made


@pytest.fixture(scope="session")
def words() -> Words:
    return made()
