"""Jams on disk."""

import tarfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from marmalade_sc.errors import IdError, JamError, UnknownNameError
from marmalade_sc.jam.jams import Jams
from marmalade_sc.settings.places import Places

NOW = datetime(2031, 5, 4, 3, 2, 1, tzinfo=UTC)


@pytest.fixture
def jams(tmp_path: Path) -> Jams:
    return Jams(Places(tmp_path, tmp_path / "run"))


def test_a_jam_is_made_once_and_keeps_its_id(jams: Jams) -> None:
    first = jams.make("home", NOW)
    again = jams.make("home", NOW + timedelta(days=1))
    assert first == again
    assert len(first.id) == 32
    assert jams.make("other", NOW).id != first.id
    assert [jam.name for jam in jams.all()] == ["home", "other"]


def test_the_setting_is_the_current_jam_until_another_is_chosen(jams: Jams) -> None:
    jams.make("home", NOW)
    jams.make("club", NOW)
    assert jams.current == "home"
    jams.choose("club")
    assert jams.current == "club"
    assert [jam.is_current for jam in jams.all()] == [True, False]


@pytest.mark.parametrize("text", ["", "../up\n", "\udcff", "a b"])
def test_a_broken_choice_is_none(jams: Jams, text: str) -> None:
    jams._choice.write_bytes(text.encode(errors="surrogateescape"))
    assert jams.current == "home"


def test_a_jam_that_is_not_there_names_the_nearest(jams: Jams) -> None:
    jams.make("sunday", NOW)
    with pytest.raises(UnknownNameError, match="'sunday'"):
        jams.choose("sundai")


@pytest.mark.parametrize("name", ["..", "a/b", "", "-x", "a*"])
def test_names_that_are_no_names_do_nothing(jams: Jams, name: str) -> None:
    """A folder is made of it and, worse, removed."""
    for call in (lambda: jams.make(name, NOW), lambda: jams.delete(name), lambda: jams.archive(name, NOW)):
        with pytest.raises(IdError):
            call()


def test_archiving_keeps_everything_in_one_file(jams: Jams, tmp_path: Path) -> None:
    jams.make("home", NOW)
    (jams.places.jam("home").history / "take é").write_text("x")
    path = jams.archive("home", NOW)
    assert path == tmp_path / "archive" / "home-20310504T030201Z.tar.gz"
    with tarfile.open(path) as tar:
        assert "home/history/take é" in tar.getnames()
    assert jams.all() == []
    assert not list(tmp_path.rglob("*.part"))


def test_an_archive_is_never_written_over(jams: Jams) -> None:
    jams.make("home", NOW)
    jams.archive("home", NOW)
    jams.make("home", NOW)
    with pytest.raises(JamError, match="already there"):
        jams.archive("home", NOW)
    assert [jam.name for jam in jams.all()] == ["home"]


def test_deleting_the_current_jam_goes_back_to_the_setting(jams: Jams) -> None:
    jams.make("club", NOW)
    jams.choose("club")
    jams.delete("club")
    assert jams.current == "home"
    assert jams.all() == []


def test_other_folders_are_not_jams(jams: Jams) -> None:
    jams.make("home", NOW)
    (jams.places.jams / ".hidden").mkdir()
    (jams.places.jams / "file").touch()
    assert [jam.name for jam in jams.all()] == ["home"]
