"""Text from elsewhere made safe for a terminal: nothing received may move the cursor, change colours or ring."""

import re
from typing import Final

__all__ = ["clean"]

_SEQUENCES: Final = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # CSI ... final
    r"|\x1b[\]PX^_].*?(?:\x07|\x1b\\|$)"  # OSC, DCS, SOS, PM, APC ... terminator
    r"|\x1b[ -/]*[0-~]"  # two-character and charset sequences
    r"|[\x9b\x9d\x90\x98\x9e\x9f][^\x07\x1b]*",  # their one-byte forms
    re.DOTALL,
)
_CONTROLS: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def clean(text: str, longest: int = 20_000) -> str:
    """`text` without escape sequences, control characters and marks that reverse writing; cut at `longest`.

    Line ends and tabs stay.
    """
    safe = _CONTROLS.sub("", _SEQUENCES.sub("", text.replace("\r\n", "\n")))
    return safe if len(safe) <= longest else safe[:longest] + " ..."
