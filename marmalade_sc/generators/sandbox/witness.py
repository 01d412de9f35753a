"""Hears of the system calls that a sandbox's filter refuses, answers each with no, and tells what it was.

seccomp's filter hands such a call to whoever holds its listener (Linux 5.0 and later); the boot shim sends that here
and keeps nothing of it. The call is never carried out: where nobody answers any more, the kernel says ENOSYS. A thread
of its own does it, for the kernel lets one wait on a call whose caller was killed meanwhile.
"""

import contextlib
import errno
import fcntl
import os
import platform
import select
import socket
import struct
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final

from marmalade_sc.clock.clocks import wait
from marmalade_sc.generators.sandbox.boot import calls_of

__all__ = ["SOCKET", "Witness"]

SOCKET: Final = "witness.sock"
_BOOT_S: Final = 20.0
_BURST: Final = 20
_PAUSE_S: Final = 0.1
"""Behind each burst: a flood of refused calls costs its sandbox its time, and us 0.1 % of a core."""
_POLL_MS: Final = 500
_RECEIVE: Final = 0xC0502100
_SEND: Final = 0xC0182101
_NOTICE: Final = struct.Struct("<QIIi60x")
_ANSWER: Final = struct.Struct("<QqiI")


class Witness:
    """See the module. `close` when its sandbox has ended.

    Args:
        folder: that the sandbox sees; has its socket until the shim has come.
        refused: called from its thread with the name of each call that was refused.
    """

    def __init__(self, folder: Path, refused: Callable[[str], None]) -> None:
        self._path = folder / SOCKET
        self._refused = refused
        self._calls = calls_of(platform.machine())
        self._is_closed = False
        self._path.unlink(missing_ok=True)
        self._listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
        self._listening.bind(os.fspath(self._path))
        self._path.chmod(0o666)
        self._listening.listen(1)
        self._listening.settimeout(_BOOT_S)
        threading.Thread(target=self._run, name="witness", daemon=True).start()

    def close(self) -> None:
        """Listen no more. Idempotent."""
        self._is_closed = True
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._path.unlink(missing_ok=True)

    def _run(self) -> None:
        notices = -1
        try:
            notices = self._listener()
            if notices >= 0:
                self._hear(notices)
        except OSError:
            pass  # it ended
        finally:
            if notices >= 0:
                os.close(notices)

    def _listener(self) -> int:
        """The filter's listener, which the shim sends; nobody else may come after it."""
        with self._listening, self._listening.accept()[0] as shim:
            self._path.unlink(missing_ok=True)
            shim.settimeout(_BOOT_S)
            _, sent, _, _ = shim.recvmsg(1, socket.CMSG_SPACE(4))
            return int(struct.unpack("i", sent[0][2][:4])[0]) if sent else -1

    def _hear(self, notices: int) -> None:
        poll = select.poll()
        poll.register(notices, select.POLLIN)
        count = 0
        while not self._is_closed:
            ready = poll.poll(_POLL_MS)
            if not ready:
                count = 0
                continue
            if not ready[0][1] & select.POLLIN:
                return  # all its processes have ended
            if (number := self._refuse(notices)) is not None:
                self._refused(self._calls.get(number, (f"call {number}", errno.EPERM))[0])
            count += 1
            if count % _BURST == 0:
                wait(_PAUSE_S)

    def _refuse(self, notices: int) -> int | None:
        """Answer one call with no; its number, or None where its caller is gone."""
        notice = bytearray(_NOTICE.size)
        try:
            fcntl.ioctl(notices, _RECEIVE, notice)
            identity, _, _, number = _NOTICE.unpack(notice)
            no = self._calls.get(number, ("", errno.EPERM))[1]
            fcntl.ioctl(notices, _SEND, bytearray(_ANSWER.pack(identity, 0, -no, 0)))
            return int(number)
        except OSError as error:
            if error.errno in (errno.ENOENT, errno.EINTR):
                return None
            raise
