"""A Redis for each test that asks for one."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.jam.events import Server


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    one = Server(tmp_path)
    one.start()
    yield one
    one.kill()
