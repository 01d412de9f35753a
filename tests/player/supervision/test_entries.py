"""One supervised process as the supervisor sees it."""

import subprocess
from pathlib import Path

from marmalade_sc.player.base.logs import RotatedLog
from marmalade_sc.player.base.processes import ProcessId
from marmalade_sc.player.supervision.children import ProcessSpec
from marmalade_sc.player.supervision.entries import Entry


def test_one_that_leads_no_group_yet_is_killed_all_the_same(tmp_path: Path) -> None:
    """Between its fork and its setsid, on a busy machine tens of ms: it would have lived on, and a stop hung."""
    child = subprocess.Popen(["sleep", "60"])
    entry = Entry(ProcessSpec("red", ("sleep", "60")), RotatedLog(tmp_path / "red.log"))
    entry.process = ProcessId.of(child.pid)
    entry.signal(9, group=True)
    assert child.wait(20) == -9
