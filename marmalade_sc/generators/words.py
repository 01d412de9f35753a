"""From the last lines that a program has printed to one that says what went wrong, and where. Pure."""

import re
from collections.abc import Iterable
from typing import Final

__all__ = ["what_went_wrong"]

_PYTHON: Final = re.compile(r'^\s*File "/gen/([^"]+)", line (\d+)')
_NODE: Final = re.compile(r"^(?:\s*at .*\(?|file://)?/gen/([\w./-]+):(\d+)")
_SHELL: Final = re.compile(r"^/gen/([\w./-]+): (?:line )?(\d+): (.+)")
_ERROR: Final = re.compile(r"^(?:\w+\.)*\w*(?:Error|Exception|Interrupt|Exit|Warning)\b.*")
_LONGEST: Final = 300


def what_went_wrong(lines: Iterable[str]) -> str:
    """`play, line 12: NameError: ...` where a Python, Node or shell says so, else the last line; empty without any."""
    kept = [line.rstrip() for line in lines if line.strip()]
    for line in reversed(kept):
        if found := _SHELL.match(line):
            return f"{found[1]}, line {found[2]}: {found[3]}"[:_LONGEST]
    words = next((line for line in reversed(kept) if _ERROR.match(line)), kept[-1] if kept else "")
    python = [found for line in kept if (found := _PYTHON.match(line))]
    if python:
        return f"{python[-1][1]}, line {python[-1][2]}: {words}"[:_LONGEST]
    node = next((found for line in kept if (found := _NODE.match(line))), None)
    if node is not None:
        return f"{node[1]}, line {node[2]}: {words}"[:_LONGEST]
    return words[:_LONGEST]
