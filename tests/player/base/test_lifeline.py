"""What ties a process to its supervisor."""

import os

import pytest

from marmalade_sc.player.base.lifeline import LIFELINE, is_cut


def test_a_lifeline_is_cut_when_nobody_holds_its_other_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """What played for others was forgotten where a killed supervisor was still its parent for some milliseconds."""
    monkeypatch.delenv(LIFELINE, raising=False)
    assert not is_cut(), "without a supervisor there is none to lose"
    ours, theirs = os.pipe()
    monkeypatch.setenv(LIFELINE, str(ours))
    assert not is_cut()
    os.close(theirs)
    assert is_cut()
    os.close(ours)
