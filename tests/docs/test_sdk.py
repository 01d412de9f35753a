"""The SDK's page names what there is, and its first example plays."""

import re
from pathlib import Path

from marmalade_sc.sdk.jam import Jam
from marmalade_sc.sdk.offline import Part, Scene, perform
from marmalade_sc.sdk.schedule import Schedule
from tests.docs.fences import DOCS, ROOT, fences

PAGE = DOCS / "sdk.md"


def test_the_first_example_plays(tmp_path: Path) -> None:
    folder = tmp_path / "first"
    folder.mkdir()
    entry = folder / "play"
    entry.write_text(fences(PAGE, "py")[0].text)
    entry.chmod(0o755)
    found = perform([Part(folder)], Scene(ROOT / "tests" / "generators" / "orchestra.json", 2))
    assert len(found.notes) == 12 and not found.complaints


def test_the_schedule_of_the_page_can_be_read() -> None:
    (text,) = (each.text for each in fences(PAGE, "py") if "jam.schedule.set(" in each.text)
    assert set(Schedule.parse(text.split('"""')[1]).nodes) == {"intro", "verse", "bridge", "drop"}


def test_every_word_of_the_page_is_there_and_every_word_is_on_the_page() -> None:
    named = set(re.findall(r"jam\.([a-z_]+)", PAGE.read_text(encoding="utf-8")))
    named -= {"kick", "snare", "json"}
    public = {name for name in vars(Jam) if not name.startswith("_")}
    own = {"tags", "state", "schedule", "controls", "ending"}
    assert named <= public | own
    assert public - {"path", "track", "seed", "view", "bpm", "write", "step", "succeed", "complain"} <= named
