"""A terminal in which the real shell runs: a pty with an emulator behind it. What is on the screen, and keys for it."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pyte

__all__ = ["KEYS", "Terminal", "bytes_of"]

KEYS: Mapping[str, str] = {
    **{f"f{number}": f"\x1bO{'PQRS'[number - 1]}" for number in range(1, 5)},
    **{
        f"f{number}": f"\x1b[{code}~"
        for number, code in zip(range(5, 13), (15, 17, 18, 19, 20, 21, 23, 24), strict=True)
    },
    **{f"c-{chr(letter + 96)}": chr(letter) for letter in range(1, 27)},
    "c-@": "\0",
    "c-_": "\x1f",
    "c-]": "\x1d",
    "enter": "\r",
    "tab": "\t",
    "s-tab": "\x1b[Z",
    "escape": "\x1b",
    "backspace": "\x7f",
    "delete": "\x1b[3~",
    "up": "\x1b[A",
    "down": "\x1b[B",
    "right": "\x1b[C",
    "left": "\x1b[D",
    "home": "\x1b[H",
    "end": "\x1b[F",
    "pageup": "\x1b[5~",
    "pagedown": "\x1b[6~",
}
_SHAPE = re.compile(rb"\x1b\[(\d) q")
_TAKES_TERMINAL = (
    "import fcntl, os, signal, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); "
    "signal.signal(signal.SIGINT, signal.SIG_DFL); os.execv(sys.argv[1], sys.argv[1:])"
)
"""What a shell hands on: Ctrl-C works, also where whoever runs the tests has it switched off (`... &`)."""


def bytes_of(chord: Sequence[str]) -> str:
    """What a terminal sends for keys pressed one after the other, named as prompt_toolkit does."""
    return "".join(KEYS.get(key, key) for key in chord)


class _Screen(pyte.HistoryScreen):
    """Answers what the shell asks of its terminal."""

    answer: Callable[[str], None]

    def write_process_input(self, data: str) -> None:
        self.answer(data)


class Terminal:
    """See the module. Close it; the process is ended by its pid.

    Args:
        command: what runs in it.
        answers: whether it says where its cursor is when it is asked.

    Attributes:
        cursor_shape: the latest that was asked for (0 the terminal's own, 1 and 2 a block, 3 and 4 a line below, 5 and
            6 a bar), which the emulator does not know; None before.
    """

    def __init__(
        self,
        command: Sequence[str],
        columns: int = 100,
        rows: int = 30,
        env: Mapping[str, str] | None = None,
        answers: bool = True,
    ) -> None:
        self._main, end = pty.openpty()
        self.screen = _Screen(columns, rows, history=4000, ratio=0.5)
        self.screen.answer = self._answer if answers else lambda data: None
        self._stream = pyte.ByteStream(self.screen)
        self._size(columns, rows)
        environment = {**os.environ, "TERM": "xterm-256color", **(env or {})}
        if not (env or {}).get("NO_COLOR"):
            environment.pop("NO_COLOR", None)
        self.process = subprocess.Popen(
            [sys.executable, "-c", _TAKES_TERMINAL, *command],
            stdin=end,
            stdout=end,
            stderr=end,
            start_new_session=True,
            env=environment,
        )
        os.close(end)
        self.received = 0
        self.cursor_shape: int | None = None
        self._before = b""

    # Keys

    def write(self, text: str) -> None:
        """Type `text`, as it is."""
        data = text.encode("utf-8")
        while data:
            self.pump(0.0)
            if select.select([], [self._main], [], 5.0)[1]:
                data = data[os.write(self._main, data[:512]) :]

    def press(self, *keys: str) -> None:
        """Press keys one after the other, named as prompt_toolkit does."""
        self.write(bytes_of(keys))

    def paste(self, text: str) -> None:
        """Paste, as a terminal does for a program that has asked to be told."""
        self.write(f"\x1b[200~{text}\x1b[201~")

    def resize(self, columns: int, rows: int) -> None:
        """Another size."""
        self.screen.resize(rows, columns)
        self._size(columns, rows)

    def hang_up(self) -> None:
        """The window is closed: the kernel tells those who run in it."""
        os.close(self._main)
        self._main = -1

    # The screen

    def pump(self, seconds: float) -> bool:
        """Take what comes within `seconds`, or at once what is there; whether anything came."""
        if self._main < 0 or not select.select([self._main], [], [], seconds)[0]:
            return False
        try:
            data = os.read(self._main, 1 << 16)
        except OSError:
            return False
        self.received += len(data)
        self._stream.feed(data)
        for shape in _SHAPE.finditer(self._before + data):
            self.cursor_shape = int(shape[1])
        self._before = data[-8:]
        return bool(data)

    def read(self, seconds: float) -> bytes:
        """As `pump`, for measuring: what came, without an emulator; the question for the cursor is answered."""
        if not select.select([self._main], [], [], seconds)[0]:
            return b""
        data = os.read(self._main, 1 << 16)
        self.received += len(data)
        if b"\x1b[6n" in data:
            os.write(self._main, b"\x1b[1;1R")
        return data

    @property
    def lines(self) -> list[str]:
        """The screen's lines, without spaces at their ends."""
        return [line.rstrip() for line in self.screen.display]

    @property
    def text(self) -> str:
        """The screen."""
        return "\n".join(self.lines).rstrip("\n")

    @property
    def scrolled(self) -> str:
        """What has scrolled out above, and the screen."""
        top: Any = self.screen.history.top
        columns = self.screen.columns
        above = ["".join(line[column].data for column in range(columns)).rstrip() for line in top]
        return "\n".join(above) + "\n" + self.text

    def wait_for(self, found: str | Callable[[], object], within_s: float = 20.0, all_of_it: bool = False) -> None:
        """Return when a text is on the screen, or a condition holds.

        Raises:
            AssertionError: it has not come in time; with the screen.
        """
        deadline = time.monotonic() + within_s
        while time.monotonic() < deadline:
            self.pump(0.02)
            shown = found in (self.scrolled if all_of_it else self.text) if isinstance(found, str) else found()
            if shown:
                return
        wanted = found if isinstance(found, str) else "the condition"
        raise AssertionError(f"{wanted!r} did not come within {within_s:g} s. The screen:\n{self.text}")

    def wait_until_quiet(self, seconds: float = 0.3, within_s: float = 10.0) -> None:
        """Return when nothing but the bar has changed for so long."""
        deadline = time.monotonic() + within_s
        seen, since = self._still(), time.monotonic()
        while time.monotonic() - since < seconds and time.monotonic() < deadline:
            self.pump(0.02)
            if self._still() != seen:
                seen, since = self._still(), time.monotonic()

    def _still(self) -> list[str]:
        return [line for line in self.lines if " bpm " not in line]

    # The end

    def wait_for_end(self, within_s: float = 20.0) -> int:
        """The exit status of what ran."""
        deadline = time.monotonic() + within_s
        while self.process.poll() is None and time.monotonic() < deadline:
            self.pump(0.02)
        while self.pump(0.05):
            pass
        status = self.process.poll()
        assert status is not None, f"it did not end within {within_s:g} s. The screen:\n{self.text}"
        return status

    def close(self) -> None:
        """End what still runs. Idempotent."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait(10)
        if self._main >= 0:
            os.close(self._main)
            self._main = -1

    def _answer(self, data: str) -> None:
        if self._main >= 0:
            os.write(self._main, data.encode())

    def _size(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self._main, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
