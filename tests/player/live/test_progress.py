"""The tutorial's place: kept over restarts, the same after a crash."""

from pathlib import Path

from marmalade_sc.player.live.progress import TutorialFile


def test_the_lesson_is_kept_for_the_next_start(tmp_path: Path) -> None:
    path = tmp_path / "tutorial.json"
    first = TutorialFile(path, 1)
    assert first.lesson == 1
    first.lesson = 4
    assert TutorialFile(path, 2).lesson == 4


def test_moves_that_are_done_again_after_a_crash_lead_to_the_same_lesson(tmp_path: Path) -> None:
    path = tmp_path / "tutorial.json"
    TutorialFile(path, 1).lesson = 3
    second = TutorialFile(path, 2)
    second.lesson += 1
    second.lesson += 1
    again = TutorialFile(path, 2)
    assert again.lesson == 3, "where this start began"
    again.lesson += 1
    again.lesson += 1
    assert TutorialFile(path, 3).lesson == 5


def test_a_damaged_file_is_the_first_lesson(tmp_path: Path) -> None:
    path = tmp_path / "tutorial.json"
    for text in ("", "[]", '{"lesson": "x"}', '{"lesson": -3}', '{"lesson": true}'):
        path.write_text(text)
        assert TutorialFile(path, 1).lesson == 1


def test_a_folder_that_cannot_be_written_keeps_nobody_from_a_lesson(tmp_path: Path) -> None:
    progress = TutorialFile(tmp_path / "missing" / "tutorial.json", 1)
    progress.lesson = 2
    assert progress.lesson == 2
