"""A process that is started by its command ends with a status, and with one sentence where it cannot do its work."""

import pytest

from marmalade_sc.errors import PlayerError
from marmalade_sc.player.base.program import run_program


def test_its_status_is_what_main_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["program", "--dir", "/somewhere"])
    heard: list[list[str]] = []

    def main(arguments: list[str]) -> int:
        heard.append(arguments)
        return 3

    with pytest.raises(SystemExit) as ended:
        run_program(main)
    assert ended.value.code == 3 and heard == [["--dir", "/somewhere"]]


def test_what_it_cannot_do_is_a_sentence() -> None:
    def main(arguments: list[str]) -> int:
        raise PlayerError("No server answers")

    with pytest.raises(SystemExit) as ended:
        run_program(main)
    assert ended.value.code == "No server answers"
