"""Connects scsynth to the sound card's ports: `python -m marmalade_sc.engine.jackports SERVER CLIENT`.

scsynth connects nothing by itself, and its own variables know only a client called `system`, which PipeWire has not. So
the physical ports are asked for, as the JACK API has them, in a process of its own: behind `pw-jack` the library is
PipeWire's, and a JACK server that hangs must not hang the engine.
"""

import ctypes
import errno
import sys
from collections.abc import Sequence
from typing import Final

from marmalade_sc.errors import SoundError

__all__ = ["connect", "main"]

_NO_START_SERVER: Final = 0x01
_SERVER_NAME: Final = 0x04
_INPUT: Final = 0x1
_OUTPUT: Final = 0x2
_PHYSICAL: Final = 0x4
_PLAYBACK: Final = 1
_AUDIO: Final = b"32 bit float mono audio"


class _Range(ctypes.Structure):
    """jack_latency_range_t."""

    _fields_ = (("least", ctypes.c_uint32), ("most", ctypes.c_uint32))


def connect(server: str, client: str) -> tuple[list[tuple[str, str]], int | None]:
    """Connect the outputs of `client` to the physical playback ports and its inputs to the capture ports, in order.

    Returns:
        The pairs that are connected now, empty where there is no physical port; and how many frames later what
        `client` computes leaves the sound card, None where nobody knows.

    Raises:
        SoundError: libjack is not there, or the server is not.
    """
    try:
        jack = ctypes.CDLL("libjack.so.0")
    except OSError as error:
        raise SoundError(f"libjack cannot be loaded: {error}") from error
    jack.jack_client_open.restype = ctypes.c_void_p
    jack.jack_get_ports.restype = ctypes.POINTER(ctypes.c_char_p)
    jack.jack_get_ports.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_ulong]
    jack.jack_connect.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_char_p]
    jack.jack_client_close.argtypes = [ctypes.c_void_p]
    jack.jack_free.argtypes = [ctypes.c_void_p]
    jack.jack_port_by_name.restype = ctypes.c_void_p
    jack.jack_port_by_name.argtypes = [ctypes.c_void_p, ctypes.c_char_p]
    jack.jack_port_get_latency_range.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.POINTER(_Range)]
    status = ctypes.c_int(0)
    options = _NO_START_SERVER | (_SERVER_NAME if server else 0)
    handle = jack.jack_client_open(
        b"marmalade-connect", options, ctypes.byref(status), *([server.encode()] if server else [])
    )
    if not handle:
        raise SoundError(f"The JACK server {server or 'default'} does not answer (status {status.value:#x})")

    def ports(pattern: str | None, flags: int) -> list[bytes]:
        found = jack.jack_get_ports(handle, pattern.encode() if pattern else None, _AUDIO, flags)
        names: list[bytes] = []
        while found and found[len(names)]:
            names.append(found[len(names)])
        if found:
            jack.jack_free(found)
        return names

    try:
        own = f"^{client}:"
        pairs = [
            *zip(ports(own, _OUTPUT), ports(None, _INPUT | _PHYSICAL), strict=False),
            *zip(ports(None, _OUTPUT | _PHYSICAL), ports(own, _INPUT), strict=False),
        ]
        done = []
        for source, target in pairs:
            if jack.jack_connect(handle, source, target) in (0, errno.EEXIST):
                done.append((source.decode(), target.decode()))
        jack.jack_recompute_total_latencies(ctypes.c_void_p(handle))
        found = _Range()
        for name in ports(own, _OUTPUT)[:1]:
            port = jack.jack_port_by_name(handle, name)
            if port:
                jack.jack_port_get_latency_range(port, _PLAYBACK, ctypes.byref(found))
        return done, found.most or None
    finally:
        jack.jack_client_close(handle)


def main(arguments: Sequence[str]) -> int:
    """Connect, print each pair and the latency behind them; the exit status."""
    try:
        pairs, frames = connect(*arguments)
        for source, target in pairs:
            print(f"{source} -> {target}")
        if frames is not None:
            print(f"latency {frames}")
    except SoundError as error:
        print(error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
