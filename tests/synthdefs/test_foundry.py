"""Files are built when they are saved; what fails, loops or eats memory leaves the old sound in place."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from marmalade_sc.errors import SynthDefError
from marmalade_sc.synthdefs import scgf
from marmalade_sc.synthdefs.build import Limits, build_in_child
from marmalade_sc.synthdefs.cache import Cache, framework_version, source_key
from marmalade_sc.synthdefs.catalogue import Catalogue
from marmalade_sc.synthdefs.foundry import Built, Event, Failed, Foundry, Removed

TONE = """
from supriya.ugens import SinOsc
from marmalade_sc.synthdefs import synthdef

@synthdef(aliases=("beep",))
def tone():
    return SinOsc.ar(frequency={pitch})
"""


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    folder = tmp_path / "mine"
    folder.mkdir()
    return folder


@pytest.fixture
def bundled(tmp_path: Path) -> Path:
    folder = tmp_path / "bundled"
    folder.mkdir()
    (folder / "tone.py").write_text(TONE.format(pitch=100))
    return folder


@pytest.fixture
def foundry(tmp_path: Path, mine: Path, bundled: Path) -> Iterator[Foundry]:
    made = Foundry([mine, bundled], tmp_path / "cache")
    yield made
    made.close()


def events_of(foundry: Foundry, save: Callable[[], object], seconds: float = 5.0) -> list[Event]:
    """What the foundry says of a save made while it watches."""
    thread = threading.Timer(0.01, save)
    thread.start()
    try:
        return foundry.poll(seconds)
    finally:
        thread.join()


def test_a_scan_builds_and_a_second_one_finds_the_cache(
    foundry: Foundry, tmp_path: Path, mine: Path, bundled: Path
) -> None:
    catalogue = foundry.scan()
    assert catalogue.get("beep").name == "tone"
    graphs = scgf.read(foundry.cache.data(catalogue.get("tone")))
    assert [graph.name for graph in graphs] == [catalogue.get("tone").wall, catalogue.get("tone").exact]
    assert Catalogue.load(foundry.catalogue_path) == catalogue
    other = Foundry([mine, bundled], tmp_path / "cache", limits=Limits(seconds=0.0), is_polling=True)
    assert other.scan() == catalogue and other.failures == {}, "no time to build: it came from the cache"
    other.close()


@pytest.mark.parametrize("is_polling", [False, True])
def test_each_way_of_saving_is_one_event(tmp_path: Path, mine: Path, bundled: Path, is_polling: bool) -> None:
    foundry = Foundry([mine, bundled], tmp_path / "cache", is_polling=is_polling)
    foundry.scan()
    file, aside = mine / "tone.py", mine / "tone.tmp"

    def write() -> None:
        file.write_text(TONE.format(pitch=200))

    def rename_over() -> None:
        aside.write_text(TONE.format(pitch=300))
        aside.replace(file)

    def rename_away_and_write() -> None:
        file.replace(mine / "tone.py~")
        file.write_text(TONE.format(pitch=400))

    def truncate_then_write() -> None:
        with file.open("w") as opened:
            opened.flush()
            os.fsync(opened.fileno())
            opened.write(TONE.format(pitch=500))

    hashes = set()
    for save in (write, rename_over, rename_away_and_write, truncate_then_write):
        events = events_of(foundry, save)
        assert [type(event) for event in events] == [Built], save
        assert isinstance(events[0], Built) and events[0].definition.file == str(file)
        assert events[0].data_path.is_file()
        hashes.add(events[0].definition.hash)
    assert len(hashes) == 4
    assert foundry.poll(0.3) == [], "nothing more comes of them"
    foundry.close()


def test_saving_the_same_text_is_no_event(foundry: Foundry, mine: Path) -> None:
    (mine / "tone.py").write_text(TONE.format(pitch=200))
    foundry.scan()
    assert events_of(foundry, lambda: (mine / "tone.py").write_text(TONE.format(pitch=200)), 0.3) == []


def test_a_file_that_fails_leaves_the_old_version_in_place(foundry: Foundry, mine: Path) -> None:
    """The error is shown, and the sound goes on."""
    (mine / "tone.py").write_text(TONE.format(pitch=200))
    old = foundry.scan().get("tone")
    events = events_of(foundry, lambda: (mine / "tone.py").write_text("import nothing_of_that_name\n"))
    assert [type(event) for event in events] == [Failed]
    assert isinstance(events[0], Failed) and events[0].error.where is not None
    assert events[0].error.where.line == 1 and events[0].error.where.source == str(mine / "tone.py")
    assert foundry.catalogue.get("tone") == old and list(foundry.failures) == [mine / "tone.py"]
    events = events_of(foundry, lambda: (mine / "tone.py").write_text(TONE.format(pitch=200)))
    assert isinstance(events[0], Built) and events[0].definition == old, "mending it is told, too"
    assert foundry.failures == {}


def test_removing_a_file_uncovers_the_bundled_one_and_then_nothing(foundry: Foundry, mine: Path, bundled: Path) -> None:
    (mine / "tone.py").write_text(TONE.format(pitch=200))
    foundry.scan()
    events = events_of(foundry, (mine / "tone.py").unlink)
    assert isinstance(events[0], Built) and events[0].definition.file == str(bundled / "tone.py")
    events = events_of(foundry, (bundled / "tone.py").unlink)
    assert events == [Removed("tone", bundled / "tone.py")]
    assert "tone" not in foundry.catalogue


def test_a_file_that_goes_while_it_is_read_is_removed_not_broken(
    foundry: Foundry, mine: Path, bundled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A save is still being looked into when the file is deleted: the look finds it, the reading does not."""
    file = mine / "tone.py"
    file.write_text(TONE.format(pitch=200))
    foundry.scan()
    read_bytes = Path.read_bytes

    def gone_first(path: Path) -> bytes:
        if path == file:
            path.unlink(missing_ok=True)
        return read_bytes(path)

    monkeypatch.setattr(Path, "read_bytes", gone_first)
    events = events_of(foundry, lambda: file.write_text(TONE.format(pitch=300)))
    assert [type(event) for event in events] == [Built]
    assert isinstance(events[0], Built) and events[0].definition.file == str(bundled / "tone.py")


@pytest.mark.parametrize("half", ["", "import nothing_of_that_name\n"])
def test_a_save_that_begins_while_the_last_one_is_looked_into_is_waited_for(
    foundry: Foundry, mine: Path, monkeypatch: pytest.MonkeyPatch, half: str
) -> None:
    """What is read between the truncation and the writing is half a save, and no fault of the author's."""
    file = mine / "tone.py"
    file.write_text(TONE.format(pitch=200))
    foundry.scan()
    read_bytes = Path.read_bytes
    reads = []

    def truncated_first(path: Path) -> bytes:
        if path != file:
            return read_bytes(path)
        reads.append(path)
        if len(reads) == 1:
            path.write_text(half)
            source = read_bytes(path)
            path.write_text(TONE.format(pitch=400))
            return source
        return read_bytes(path)

    monkeypatch.setattr(Path, "read_bytes", truncated_first)
    events = events_of(foundry, lambda: file.write_text(TONE.format(pitch=300)))
    assert [type(event) for event in events] == [Built] and foundry.failures == {}


def test_names_that_cannot_be_and_text_that_is_none_are_told(foundry: Foundry, mine: Path) -> None:
    (mine / "Bad-Name.py").write_text(TONE.format(pitch=1))
    (mine / "binary.py").write_bytes(b"\xff\xfe")
    foundry.scan()
    assert sorted(str(error) for error in foundry.failures.values())[0].startswith("Bad-Name.py cannot name")
    assert "not UTF-8" in str(foundry.failures[mine / "binary.py"])
    assert "tone" in foundry.catalogue


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("while True:\n    pass\n", "took more than 0.5 s"),
        ("import os\nos._exit(0)\n", "without a result"),
        ("import os\nos.kill(os.getpid(), 9)\n", "without a result"),
        ("x = bytearray(1 << 30)\n", "memory"),
        ("raise SystemExit(1)\n", "without a result"),
        ("import os, time\nif os.fork() == 0:\n    time.sleep(60)\nos._exit(0)\n", "took more than"),
    ],
)
def test_what_a_build_does_to_itself_stays_in_its_child(source: str, words: str) -> None:
    import marmalade_sc.synthdefs.compile  # noqa: F401  # warm, as the foundry is

    began = time.monotonic()
    with pytest.raises(SynthDefError) as caught:
        build_in_child(source, Path("tone.py"), Limits(seconds=0.5, memory_bytes=256 << 20))
    assert words in str(caught.value) or words in str(caught.value.hint)
    assert time.monotonic() - began < 30


def test_a_child_gives_the_same_bytes_as_a_build_at_home() -> None:
    from marmalade_sc.synthdefs.compile import build_source

    source = TONE.format(pitch=100)
    assert build_in_child(source, Path("tone.py"), Limits()) == build_source(source, Path("tone.py"))


def test_the_key_depends_on_text_name_and_version() -> None:
    keys = {
        source_key(b"a", "n", "v"),
        source_key(b"b", "n", "v"),
        source_key(b"a", "m", "v"),
        source_key(b"a", "n", "w"),
    }
    assert len(keys) == 4 and framework_version() == framework_version()


def test_a_damaged_cache_is_built_again(foundry: Foundry, tmp_path: Path, mine: Path, bundled: Path) -> None:
    catalogue = foundry.scan()
    for path in (tmp_path / "cache").glob("*.json"):
        path.write_text("{")
    again = Foundry([mine, bundled], tmp_path / "cache", is_polling=True)
    assert again.scan() == catalogue
    again.close()


def test_pruning_keeps_what_is_used(tmp_path: Path, foundry: Foundry) -> None:
    used = foundry.scan().get("tone").hash
    cache = Cache(tmp_path / "cache")
    for number in range(1005):
        (tmp_path / "cache" / f"{number:012d}.scsyndef").write_bytes(b"")
    os.utime(tmp_path / "cache" / f"{used}.scsyndef", (0, 0))
    assert cache.prune(frozenset({used})) >= 5
    assert (tmp_path / "cache" / f"{used}.scsyndef").exists()
