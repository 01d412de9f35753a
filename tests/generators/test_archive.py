"""Archives: what strangers may send, the same bytes for the same files, whole or not there."""

import hashlib
import io
import json
import subprocess
import sys
import tarfile
from pathlib import Path
from threading import Thread

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marmalade_sc.errors import ArchiveError
from marmalade_sc.generators.archive import File, Tree, pack, read_archive, read_folder, unpack

from .evil import EVIL, GOOD, entry, evil, gz, tar

NAMES = st.text("abcdefgh_-.0é", min_size=1, max_size=12).filter(lambda n: n[0] not in ".-" and n[-1] != ".")
PATHS = st.lists(NAMES, min_size=1, max_size=4).map("/".join)
FILES = st.dictionaries(PATHS, st.builds(File, st.binary(max_size=600), st.booleans()), min_size=1, max_size=8)

MEASURE = """
import json, re, sys, time
from marmalade_sc.errors import ArchiveError
from marmalade_sc.generators.archive import read_archive
packed = sys.stdin.buffer.read()
begin = time.process_time()
try:
    read_archive(packed)
    words = ""
except ArchiveError as error:
    words = str(error)
peak = int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]) // 1024
print(json.dumps({"s": time.process_time() - begin, "mib": peak, "words": words}))
"""


@pytest.mark.parametrize("name", GOOD)
def test_what_common_tools_write_is_read(name: str) -> None:
    tree = read_archive(GOOD[name])
    assert tree.entry_point == "run.sh"
    assert tree.files["run.sh"].data.startswith(b"#!")


def test_there_are_at_least_forty_evil_archives() -> None:
    assert len(EVIL) >= 40


@pytest.mark.parametrize("name", EVIL)
def test_an_evil_archive_is_refused_with_a_sentence_that_says_why(name: str) -> None:
    with pytest.raises(ArchiveError, match=EVIL[name][1]):
        read_archive(evil(name))


@pytest.mark.parametrize("name", ["a million entries", "a million headers", "100 MiB of zeros", "a file of 33 MiB"])
def test_the_largest_ones_are_refused_within_128_mib(name: str) -> None:
    """The time is looked at where it is measured: bench/generators.py."""
    answer = subprocess.run([sys.executable, "-c", MEASURE], input=evil(name), capture_output=True, check=True)
    found = json.loads(answer.stdout)
    assert found["words"] and found["mib"] <= 128


@given(FILES)
@settings(deadline=None)
def test_a_tree_comes_back_from_its_archive_and_the_same_files_are_the_same_bytes(files: dict[str, File]) -> None:
    try:
        tree = Tree.of(files)
    except ArchiveError:
        return  # a file and a folder of one name, or two that differ in case
    again = Tree.of(dict(reversed(files.items())))
    assert pack(again) == pack(tree) and again.sha256 == tree.sha256
    back = read_archive(pack(tree))
    assert dict(back.files) == dict(tree.files) and back.sha256 == tree.sha256


@given(st.binary(max_size=3000))
@settings(deadline=None)
def test_no_bytes_raise_anything_but_an_archive_error(data: bytes) -> None:
    for packed in (data, gz(data), gz(tar(entry(b"a"), data))):
        try:
            read_archive(packed)
        except ArchiveError as error:
            assert str(error)


@given(st.integers(0, 2047), st.integers(0, 255))
@settings(deadline=None)
def test_one_changed_byte_is_refused_or_read_as_python_reads_it(place: int, value: int) -> None:
    """Two readers that see different files in one archive are how checks are passed by."""
    whole = bytearray(tar(entry(b"drums/run.sh"), entry(b"drums/a.txt", b"x" * 10, mode=0o644)))
    whole[place % len(whole)] = value
    try:
        tree = read_archive(gz(bytes(whole)))
    except ArchiveError:
        return
    with tarfile.open(fileobj=io.BytesIO(bytes(whole))) as file:
        seen = {member.name.split("/", 1)[-1]: file.extractfile(member) for member in file if member.isreg()}
        assert set(seen) >= set(tree.files) or len(tree.files) == 1
        for path, content in tree.files.items():
            found = seen.get(path) or seen.get(path.split("/")[-1])
            assert found is not None and found.read() == content.data


def test_the_hash_is_of_the_canonical_tar() -> None:
    """A golden value: a change here makes every signature that was ever given worthless."""
    tree = Tree.of({"run.sh": File(b"#!/bin/sh\n", True), "lib/a.txt": File(b"a\n")})
    assert tree.sha256 == hashlib.sha256(tree.canonical).hexdigest()
    assert tree.sha256 == "8ff9967a07384cd056927b415fc753b31b1f1c58e85b267babc3f0629122039b"


def test_a_folder_is_packed_without_what_is_nobody_elses(tmp_path: Path) -> None:
    for name in ("run.sh", "lib/a.py", ".git/config", "lib/__pycache__/a.pyc", "run.sh~"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    (tmp_path / "run.sh").chmod(0o755)
    tree = read_folder(tmp_path)
    assert list(tree.files) == ["lib/a.py", "run.sh"] and tree.entry_point == "run.sh"
    (tmp_path / "link").symlink_to("/etc/passwd")
    with pytest.raises(ArchiveError, match="neither"):
        read_folder(tmp_path)


def test_the_entry_point_is_the_first_executable_file_by_name() -> None:
    files = {"b.sh": File(b"", True), "a.sh": File(b"", True), "a.py": File(b""), "0/x": File(b"", True)}
    assert Tree.of(files).entry_point == "a.sh"
    with pytest.raises(ArchiveError, match="executable"):
        _ = Tree.of({"a.py": File(b"")}).entry_point


def test_unpacked_files_are_for_everybodys_reading_and_nobodys_writing(tmp_path: Path) -> None:
    """Under a root player an instance is another user."""
    tree = Tree.of({"run.sh": File(b"#!/bin/sh\n", True), "lib/deep/a.txt": File(b"a\n"), "lib/b.txt": File(b"b\n")})
    unpack(tree, tmp_path / "x" / "y")
    assert (tmp_path / "x/y/lib/deep/a.txt").read_bytes() == b"a\n"
    root = tmp_path / "x" / "y"
    modes = {str(each.relative_to(root)): each.stat().st_mode & 0o777 for each in root.rglob("*")}
    assert modes == {"run.sh": 0o555, "lib": 0o755, "lib/deep": 0o755, "lib/deep/a.txt": 0o444, "lib/b.txt": 0o444}
    assert (tmp_path / "x/y").stat().st_mode & 0o777 == 0o755
    with pytest.raises(FileExistsError):
        unpack(tree, tmp_path / "x" / "y")
    assert [each.name for each in (tmp_path / "x").iterdir()] == ["y"], "nothing is left beside it"


FULL = """
import resource, sys
from pathlib import Path
from marmalade_sc.errors import ArchiveError
from marmalade_sc.generators.archive import File, Tree, unpack
tree, folder = Tree.of({"run.sh": File(b"#!/bin/sh" + bytes(2000), True), "a": File(b"a")}), Path(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))
try:
    unpack(tree, folder)
except ArchiveError as error:
    print(error.message)
print(folder.exists())
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
unpack(tree, folder)
print((folder / "run.sh").stat().st_size)
"""


def test_what_a_full_disk_did_not_take_was_not_accepted(tmp_path: Path) -> None:
    """F13: an instance whose files are there by half would never play, and who asks again is told that it does."""
    done = subprocess.run([sys.executable, "-c", FULL, str(tmp_path / "x")], capture_output=True, text=True, check=True)
    said, is_there, size = done.stdout.splitlines()
    assert "cannot be written" in said and (is_there, size) == ("False", "2009")


def test_of_many_that_unpack_at_once_one_does(tmp_path: Path) -> None:
    """The folder is the record that an instance was accepted: two must never both think so."""
    tree = Tree.of({"run.sh": File(b"#!/bin/sh\n", True)})
    outcomes: list[bool] = []

    def attempt() -> None:
        try:
            unpack(tree, tmp_path / "one")
            outcomes.append(True)
        except FileExistsError:
            outcomes.append(False)

    threads = [Thread(target=attempt) for _ in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == [False] * 31 + [True]
