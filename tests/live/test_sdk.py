"""Generators that are written with the SDK, and those without, in their sandboxes in a real player."""

import struct
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import pytest

from marmalade_sc.generators.archive import read_folder
from marmalade_sc.identity.keys import identity_at
from marmalade_sc.jam.streams import StateLog
from marmalade_sc.player.generators.shelves import shelf_of
from marmalade_sc.sdk.client import Client
from marmalade_sc.sdk.frames import Bundles, Frame
from marmalade_sc.sdk.offline import Part, Scene, perform
from marmalade_sc.sdk.osc import read_bundle
from marmalade_sc.settings.load import load
from tests.live.players import LivePlayer
from tests.player.deadline import eventually

pytestmark = pytest.mark.live

FOLDER = Path(__file__).parent.parent.parent / "generators"
CATALOGUE = Path(__file__).parent.parent / "generators" / "orchestra.json"


@pytest.fixture
def stage(player: LivePlayer) -> Iterator[LivePlayer]:
    """The shared player; no instance outlives a test."""
    yield player
    player.ask("stop")
    eventually(lambda: not [row for row in player.ask("instances")["instances"] if row["state"] != "ended"])


def run(player: LivePlayer, name: str, **fields: object) -> str:
    shelf = shelf_of(player.places, load(player.places.config))
    shelf.add(read_folder(FOLDER / name), identity_at(player.places.key))
    answer = player.ask("run", generator=name, **fields)
    assert not answer.get("error"), answer["error"]
    return str(answer["instance"])


def latest(player: LivePlayer, key: str) -> dict[str, object]:
    state = StateLog(str(player.places.state_socket))
    try:
        return state.latest(key)
    finally:
        state.close()


def plays(player: LivePlayer, path: str) -> bool:
    client = Client(str(player.places.events_socket))
    try:
        found = client.call("XLEN", f"events:{path}")
        return isinstance(found, int) and found > 3
    finally:
        client.close()


def test_examples_play_together_and_hear_of_each_other(stage: LivePlayer) -> None:
    """The bass and the chords are two programs in two sandboxes: what joins them is a tag."""
    before = stage.engine()
    paths = [run(stage, name) for name in ("drums", "chords", "bass", "clicks", "pulse")]
    for path in paths:
        eventually(lambda path=path: plays(stage, path), 60)  # type: ignore[misc]
    eventually(lambda: latest(stage, f"tags:{paths[1]}:Chord").get("value") in ("Am", "F", "C", "G"), 30)
    eventually(lambda: latest(stage, f"tags:{paths[0]}:Context").get("value") in ("beat", "offbeat"), 30)
    eventually(lambda: isinstance(latest(stage, f"tags:{paths[3]}:Bar").get("value"), int), 30)
    for row in stage.ask("instances")["instances"]:
        if row["path"] in paths:
            assert row["state"] == "playing" and row["denied"] == 0, stage.ask("instance", name=row["path"])
    assert stage.engine()["refused"] == before.get("refused", 0)


def frames(player: LivePlayer, path: str) -> list[Frame]:
    """What an instance has written, as long as the stream keeps it."""
    client = Client(str(player.places.events_socket))
    rows = client.call("XRANGE", f"events:{path}", "-", "+")
    client.close()
    assert isinstance(rows, list)
    found = []
    for row in rows:
        assert isinstance(row, list) and isinstance(row[1], list)
        parts = [each for each in row[1] if isinstance(each, bytes)]
        found.append(Frame.read(dict(zip(parts[::2], parts[1::2], strict=True))))
    return found


def heard(player: LivePlayer, path: str, controls: int) -> set[tuple[int, tuple[float, ...]]]:
    """The notes of an instance: when, and all control values."""
    found = set()
    for frame in frames(player, path):
        for section in frame.sections:
            assert isinstance(section, Bundles)
            for when, messages in map(read_bundle, section.bundles()):
                for message in messages:
                    values = struct.unpack(f">{controls + 1}f", message[-4 * (controls + 1) :])
                    found.add((when, values[:-1]))
    return found


def test_what_is_heard_is_what_is_rendered(stage: LivePlayer) -> None:
    """Two programs that react to each other play live, note for note, what they play under the virtual clock."""
    run(stage, "chords")
    path = run(stage, "bass")
    timeline = stage.timeline()
    note = perform([Part(FOLDER / "bass")], Scene(CATALOGUE, 1)).notes[0][1]
    count = len(note.instrument.defaults)
    begun = min(eventually(lambda: heard(stage, path, count), 30))[0]
    first = int(timeline.cycle(begun)) + 3
    eventually(lambda: max(heard(stage, path, count))[0] > timeline.timetag(Fraction(first + 6)), 40)
    live = heard(stage, path, count)
    scene = Scene(CATALOGUE, first + 5, bpm=timeline.bpm(Fraction(first)))
    expected = {
        (timeline.timetag(note.cycle), note.instrument.pack.unpack(note.values))
        for instance, note in perform([Part(FOLDER / "chords"), Part(FOLDER / "bass")], scene).notes
        if instance.startswith("local:bass") and note.cycle >= first
    }
    low, high = timeline.timetag(Fraction(first)), timeline.timetag(Fraction(first + 5))
    assert {each for each in live if low <= each[0] < high} == expected
    assert len({values for _, values in expected}) > 4, "the chord changes within"
