"""Where the player's things are."""

import os
from pathlib import Path

import pytest

from marmalade_sc.errors import IdError, PlayerError
from marmalade_sc.settings.places import SOCKET_BYTES, Places, bundled, default_root, make_private


def test_the_xdg_data_folder_is_the_default() -> None:
    assert default_root({"HOME": "/home/a"}) == Path("/home/a/.local/share/marmalade")
    assert default_root({"HOME": "/home/a", "XDG_DATA_HOME": "/data"}) == Path("/data/marmalade")
    assert default_root({"HOME": "/home/a", "XDG_DATA_HOME": "relative"}) == Path("/home/a/.local/share/marmalade")
    assert default_root({"HOME": "/home/a", "MARMALADE_DIR": "/mine"}) == Path("/mine")


def test_sockets_are_in_the_runtime_folder_of_the_user(tmp_path: Path) -> None:
    places = Places.find(tmp_path / "a", {"XDG_RUNTIME_DIR": str(tmp_path)})
    assert places.runtime.parent == tmp_path or len(str(tmp_path)) > 40
    assert places.runtime.name.startswith("marmalade-")


def test_two_directories_have_two_runtime_folders_and_one_has_one(tmp_path: Path) -> None:
    one, two = Places.find(tmp_path / "a", {}), Places.find(tmp_path / "b", {})
    assert one.runtime != two.runtime
    (tmp_path / "link").symlink_to(tmp_path / "a")
    assert Places.find(tmp_path / "link", {}).runtime == one.runtime


@pytest.mark.parametrize("depth", [0, 1, 3, 30])
def test_paths_of_sockets_fit_however_long_the_folders_are(tmp_path: Path, depth: int) -> None:
    """A long home folder must not keep a player from starting."""
    deep = tmp_path.joinpath(*["ein-langer-ordner-größe"] * depth)
    deep.mkdir(parents=True, exist_ok=True)
    for env in ({"XDG_RUNTIME_DIR": str(deep)}, {"TMPDIR": str(deep)}, {}):
        places = Places.find(deep / "player", env)
        own = (places.control_socket, places.state_socket, places.events_socket, places.jobs_socket)
        for path in (*own, places.socket("g-" + "x" * 20)):
            assert len(os.fsencode(path)) <= SOCKET_BYTES


def test_a_socket_whose_path_is_too_long_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PlayerError, match="107 bytes"):
        Places.find(tmp_path, {}).socket("x" * 100)


def test_a_runtime_folder_that_does_not_exist_is_not_used(tmp_path: Path) -> None:
    assert Places.find(tmp_path, {"XDG_RUNTIME_DIR": str(tmp_path / "gone")}).runtime.parent != tmp_path / "gone"


def test_jams_have_checked_names(tmp_path: Path) -> None:
    places = Places.find(tmp_path, {})
    assert places.jam("home").redis == places.root / "jams" / "home" / "redis"
    with pytest.raises(IdError):
        places.jam("../x")


def test_a_private_folder_is_made_and_closed_to_others(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "run"
    make_private(folder)
    assert folder.stat().st_mode & 0o777 == 0o700
    folder.chmod(0o755)
    make_private(folder)
    assert folder.stat().st_mode & 0o777 == 0o700


def test_a_link_or_a_file_in_the_place_of_the_private_folder_is_refused(tmp_path: Path) -> None:
    """In a shared tmp folder somebody else could otherwise read our sockets."""
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    (tmp_path / "file").touch()
    for name in ("link", "file"):
        with pytest.raises(PlayerError):
            make_private(tmp_path / name)


def test_a_folder_of_somebody_else_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    owner = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: owner + 1)
    with pytest.raises(PlayerError, match="belongs to user"):
        make_private(tmp_path)


def test_bundled_content_is_that_of_the_checkout() -> None:
    assert bundled("generators") == Path(__file__).parents[2] / "generators"
