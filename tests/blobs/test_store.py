"""What comes out of the store is what its name says, or nothing."""

import hashlib
from pathlib import Path
from threading import Thread

import pytest

from marmalade_sc.blobs.store import Blobs
from marmalade_sc.errors import BlobError


def test_the_same_data_have_one_name_and_one_file(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path)
    name = blobs.put(b"kick")
    assert name == hashlib.sha256(b"kick").hexdigest() == blobs.put(b"kick")
    assert blobs.get(name) == b"kick" and name in blobs and list(blobs) == [name]
    assert "0" * 64 not in blobs and "../x" not in blobs
    blobs.remove(name)
    blobs.remove(name)
    assert list(blobs) == []


def test_damaged_data_are_never_given(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path)
    name = blobs.put(b"kick")
    (tmp_path / name[:2] / name).write_bytes(b"kisk")
    assert blobs.put(b"kick") == name  # whoever has it mends it
    assert blobs.get(name) == b"kick"
    (tmp_path / name[:2] / name).write_bytes(b"kisk")
    with pytest.raises(BlobError, match="damaged"):
        blobs.get(name)
    with pytest.raises(BlobError, match="not in the store"):
        blobs.get(name)


def test_size_is_bounded_and_names_are_names(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path, largest=10, capacity=15)
    with pytest.raises(BlobError, match="too much"):
        blobs.put(b"x" * 11)
    blobs.put(b"x" * 10)
    with pytest.raises(BlobError, match="full"):
        blobs.put(b"y" * 10)
    for name in ("", "../../etc/passwd", "A" * 64, "0" * 63):
        with pytest.raises(BlobError):
            blobs.get(name)


def test_writers_at_once_leave_one_whole_file(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path)
    threads = [Thread(target=blobs.put, args=(b"z" * 100_000,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (name,) = blobs
    assert len(blobs.get(name)) == 100_000 and not list(tmp_path.rglob("*.part"))


def test_a_file_is_kept_by_moving_it_in_under_the_name_of_its_bytes(tmp_path: Path) -> None:
    """A render of an hour does not fit into memory."""
    blobs = Blobs(tmp_path / "store", largest=10, capacity=12)
    file = tmp_path / "sound"
    for _ in range(2):
        file.write_bytes(b"kick")
        assert blobs.take(file) == hashlib.sha256(b"kick").hexdigest()
        assert not file.exists()
    assert blobs.get(blobs.put(b"kick")) == b"kick"
    for data, words in ((b"x" * 11, "too much"), (b"y" * 10, "full")):
        file.write_bytes(data)
        with pytest.raises(BlobError, match=words):
            blobs.take(file)
        assert file.exists()
    with pytest.raises(BlobError, match="cannot be read"):
        blobs.take(tmp_path / "nowhere")
