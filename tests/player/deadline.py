"""Waiting for what another process does, with a bound."""

import threading
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def eventually(ask: Callable[[], T], within_s: float = 30.0) -> T:
    """The first answer that is true. Fails after `within_s` seconds with the last one."""
    end = time.monotonic() + within_s
    while True:
        if answer := ask():
            return answer
        assert time.monotonic() < end, f"not within {within_s} s; the last answer was {answer!r}"
        threading.Event().wait(0.005)
