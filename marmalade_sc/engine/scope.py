"""The scope: what is heard, as the latest samples, while somebody watches.

It talks to scsynth through a socket of its own and never decodes what comes: neither the hot loop nor the questions on
which the sample clock rests wait for it. Not running it costs nothing.
"""

import contextlib
import socket
import struct
import time
from typing import Final

from marmalade_sc.engine.layout import RECORD_GROUP, SCOPE_BUFFER, SCOPE_BUS, SCOPE_FRAMES, SCOPE_NODE
from marmalade_sc.engine.server import Scsynth
from marmalade_sc.engine.synths import SCOPE_SYNTH
from marmalade_sc.errors import FrameError
from marmalade_sc.sdk.osc import message, read_message

__all__ = ["Scope"]

_SHOWN: Final = 1024
_BEHIND: Final = 256
"""Frames between what is read and what is written: scsynth computes periods of JACK at once."""
_ANSWER_S: Final = 0.1
_LOADED_S: Final = 2.0
_TAIL: Final = 1
_STEREO: Final = 2
_HEADER: Final = 12
_SETN: Final = b"/b_setn\0"


class Scope:
    """See the module. For one thread; each method blocks for some milliseconds, 0.1 s at worst (`start`: 2 s)."""

    def __init__(self, server: Scsynth) -> None:
        self._server = server
        self._socket: socket.socket | None = None

    @property
    def is_running(self) -> bool:
        """Whether it was started on the scsynth that runs."""
        return self._socket is not None

    def start(self) -> bool:
        """Begin to write down what is heard; False where scsynth does not answer."""
        self.forget()
        self._socket = self._server.connection()
        if self._socket is None:
            return False
        if self._ask(message("/b_alloc", SCOPE_BUFFER, SCOPE_FRAMES, _STEREO), b"/done", _LOADED_S) is None:
            self.forget()
            return False
        self._tell(message("/s_new", SCOPE_SYNTH, SCOPE_NODE, _TAIL, RECORD_GROUP, "buffer", float(SCOPE_BUFFER)))
        return True

    def stop(self) -> None:
        """End it and give the buffer back. Idempotent."""
        if self._socket is not None:
            self._tell(message("/n_free", SCOPE_NODE))
            self._ask(message("/b_free", SCOPE_BUFFER), b"/done", _LOADED_S)
        self.forget()

    def forget(self) -> None:
        """The scsynth on which it ran is gone."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def read(self) -> bytes | None:
        """The latest 1,024 frames, left and right in turn, as big-endian floats; None where there is no answer."""
        answer = self._ask(message("/c_get", SCOPE_BUS), b"/c_set", _ANSWER_S)
        if answer is None:
            return None
        try:
            place = int(float(str(read_message(answer)[1][1])))
        except (FrameError, IndexError, ValueError):
            return None
        first = (place - _BEHIND - _SHOWN) % SCOPE_FRAMES
        count = min(_SHOWN, SCOPE_FRAMES - first)
        data = self._samples(first, count)
        if data is None or count == _SHOWN:
            return data
        rest = self._samples(0, _SHOWN - count)
        return None if rest is None else data + rest

    def _samples(self, first: int, count: int) -> bytes | None:
        floats = count * _STEREO
        answer = self._ask(message("/b_getn", SCOPE_BUFFER, first * _STEREO, floats), _SETN, _ANSWER_S)
        size = 4 * floats
        # Behind the tags stand buffer, first index and count; then nothing but the floats.
        if answer is None or len(answer) < size + _HEADER:
            return None
        _, start, number = struct.unpack_from(">3i", answer, len(answer) - size - _HEADER)
        return answer[-size:] if (start, number) == (first * _STEREO, floats) else None

    def _tell(self, packet: bytes) -> None:
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.send(packet)

    def _ask(self, question: bytes, answer: bytes, timeout_s: float) -> bytes | None:
        """The first answer that begins so, undecoded."""
        if self._socket is None:
            return None
        deadline = time.monotonic() + timeout_s
        try:
            self._socket.send(question)
            while (left_s := deadline - time.monotonic()) > 0:
                self._socket.settimeout(left_s)
                data = self._socket.recv(1 << 16)
                if data.startswith(answer):
                    return data
        except OSError:
            return None
        return None
