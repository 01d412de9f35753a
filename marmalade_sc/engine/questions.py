"""Sockets to scsynth: one that asks and waits for the answer, and what the kernel knows of its port."""

import contextlib
import logging
import socket
import threading
import time
from pathlib import Path

from marmalade_sc.errors import FrameError
from marmalade_sc.sdk.osc import read_message

__all__ = ["Questions", "asked", "connected", "unread_bytes"]

_log = logging.getLogger(__name__)


class Questions:
    """A socket for questions to scsynth, one at a time, from any thread."""

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected
        self._asking = threading.Lock()

    def tell(self, command: bytes) -> None:
        """Send without waiting for an answer. Raises OSError."""
        self._socket.send(command)

    def ask(
        self, question: bytes, answer: str, timeout_s: float, starts: tuple[int, ...] = ()
    ) -> list[int | float | str] | None:
        """The arguments of the first answer with address `answer` that begin with `starts`; None when none comes."""
        deadline = time.monotonic() + timeout_s
        if not self._asking.acquire(timeout=timeout_s):
            return None
        try:
            self._socket.send(question)
            while (left := deadline - time.monotonic()) > 0:
                self._socket.settimeout(left)
                try:
                    address, arguments = read_message(self._socket.recv(1 << 16))
                except FrameError as error:
                    _log.warning("scsynth said something unreadable: %s", error)
                    continue
                values = [value for value in arguments if isinstance(value, int | float | str)]
                if address == answer and tuple(values[: len(starts)]) == starts:
                    return values
                if address == "/fail":
                    _log.warning("scsynth refused: %s", " ".join(map(str, values)))
        except OSError:  # closed by another thread, or nobody listens any more
            return None
        finally:
            self._asking.release()
        return None

    def close(self) -> None:
        """Close the socket; a question that waits gets no answer."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


def asked(
    questions: Questions | None, question: bytes, answer: str, timeout_s: float, starts: tuple[int, ...] = ()
) -> list[int | float | str] | None:
    """`Questions.ask`, or None where there is no server to ask."""
    return questions.ask(question, answer, timeout_s, starts) if questions is not None else None


def unread_bytes(port: int) -> int:
    """What a UDP port of this machine has received and not read, as the kernel counts it; 0 when it is not known."""
    wanted = f":{port:04X} "
    try:
        for line in Path("/proc/net/udp").read_text().splitlines():
            if wanted in line[:24]:
                return int(line.split()[4].partition(":")[2], 16)
    except (OSError, ValueError, IndexError):
        pass
    return 0


def connected(port: int) -> socket.socket:
    """A UDP socket to a port of this machine, with room for 4 MiB each way."""
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
        made.setsockopt(socket.SOL_SOCKET, option, 4 << 20)
    made.connect(("127.0.0.1", port))
    return made
