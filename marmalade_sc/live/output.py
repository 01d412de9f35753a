"""What code prints, on its way to the host."""

import contextlib
import io
from contextlib import AbstractContextManager
from typing import Final

from marmalade_sc.live.link import Link

__all__ = ["RESTORED", "Output", "unsaid"]

RESTORED: Final = "restore"
"""The source of code that brings back what played."""


def unsaid(is_again: bool) -> AbstractContextManager[object]:
    """Within it nothing is printed, where code is only done again: what it says was said when it was typed."""
    return contextlib.redirect_stdout(io.StringIO()) if is_again else contextlib.nullcontext()


class Output:
    """What code prints, sent to the host in whole writes. Stands in for sys.stdout."""

    encoding = "utf-8"

    def __init__(self, link: Link) -> None:
        self._link = link
        self._sent = 0

    def write(self, text: str) -> int:
        """Send text; at most 1 MiB per generation, for a loop that prints must not fill the host."""
        if self._sent < 1 << 20:
            self._sent += len(text)
            self._link.write({"event": "output", "text": text[: 1 << 16]})
        return len(text)

    def flush(self) -> None:
        """Nothing waits here."""

    def isatty(self) -> bool:
        """No terminal."""
        return False
