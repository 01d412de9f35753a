"""Where a recording goes."""

from pathlib import Path

import pytest

from marmalade_sc.errors import UsageError
from marmalade_sc.player.hub.takes import take_path


def test_a_take_never_goes_over_another(tmp_path: Path) -> None:
    """The second `jam.record("first.flac")` of an evening took the first away without a word."""
    assert take_path(tmp_path, "a.flac") == tmp_path / "a.flac"
    (tmp_path / "a.flac").touch()
    assert take_path(tmp_path, "a.flac") == tmp_path / "a-2.flac"
    (tmp_path / "a-2.flac").touch()
    assert take_path(tmp_path, "a.flac") == tmp_path / "a-3.flac"
    assert take_path(tmp_path, "a.flac", replace=True) == tmp_path / "a.flac"


def test_a_take_is_wav_or_flac(tmp_path: Path) -> None:
    """`take.mp3` was a wav that only its name called otherwise."""
    assert take_path(tmp_path, "a") == tmp_path / "a.wav"
    assert take_path(tmp_path, str(tmp_path / "b" / "A.WAV")) == tmp_path / "b" / "A.WAV"
    with pytest.raises(UsageError, match="neither wav nor flac") as raised:
        take_path(tmp_path, "a.mp3")
    assert '"a.wav"' in raised.value.hint
