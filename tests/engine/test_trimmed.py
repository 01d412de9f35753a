"""supriya without synthdefs of its own: the engine's process has all that it uses, in less time."""

import subprocess
import sys

_SAY = """
import hashlib
from marmalade_sc.engine.synths import system_synthdefs
import marmalade_sc.engine.server
from supriya.ugens import SYSTEM_SYNTHDEFS
print(len(SYSTEM_SYNTHDEFS), hashlib.sha256(b"".join(each.compile() for each in system_synthdefs())).hexdigest())
"""
_TRIM = "from marmalade_sc.engine.trimmed import trim_supriya; trim_supriya()\n"


def _said(code: str) -> list[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()


def test_only_supriyas_own_synthdefs_are_missing() -> None:
    """A newer supriya may want more of what is left out: then the engine would not start at all."""
    (count, whole), (left, trimmed) = _said(_SAY), _said(_TRIM + _SAY)
    assert int(count) > 0
    assert left == "0"
    assert trimmed == whole


def test_a_supriya_that_is_there_is_left_alone() -> None:
    assert int(_said("import supriya\n" + _TRIM + _SAY)[0]) > 0
