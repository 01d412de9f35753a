"""Joins scsynth's ports to the sound card's, in a process of its own: JACK's library may hang, or end its caller."""

import os
import re
import subprocess
import sys
from typing import Final

from marmalade_sc.engine.sound import Sound
from marmalade_sc.errors import EngineError

__all__ = ["connect_ports"]

_CONNECT_S: Final = 10.0


def connect_ports(sound: Sound) -> int | None:
    """Join the ports; the latency of what is played in frames, None where JACK does not say. Blocks, up to 10 s.

    Raises:
        EngineError: scsynth is connected to no port; with what was said last.
    """
    server, _, client = sound.device("scsynth").partition(":")
    script = [sys.executable, "-P", "-m", "marmalade_sc.engine.jackports", server, client]
    try:
        done = subprocess.run(
            [*sound.command_prefix, *script],
            env={**os.environ, **dict(sound.env)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=_CONNECT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise EngineError(_words(str(error))) from error
    said = done.stdout.decode(errors="replace").strip()
    if done.returncode or "->" not in said:
        raise EngineError(_words(said))
    found = re.fullmatch(r"latency (\d+)", said.splitlines()[-1])
    return int(found[1]) if found else None


def _words(said: str) -> str:
    return f"scsynth is not connected to any sound card's port; connect it by hand. {said[-300:]}"
