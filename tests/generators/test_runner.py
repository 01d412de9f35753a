"""The runner without a player around it: accepted once, refused with reasons, started again, ended for certain."""

import asyncio
import itertools
import os
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path

import pytest

from marmalade_sc.blobs.store import Blobs
from marmalade_sc.clock.timeline import Timeline
from marmalade_sc.clock.timetag import UNITS_PER_SECOND
from marmalade_sc.errors import GeneratorError, MarmaladeError
from marmalade_sc.generators.archive import File, Tree
from marmalade_sc.generators.runner import Runner
from marmalade_sc.generators.running import Surroundings
from marmalade_sc.generators.sandbox.probe import Layer
from marmalade_sc.generators.shelf import Shelf
from marmalade_sc.generators.sounds import Sounds
from marmalade_sc.generators.trust import Trust
from marmalade_sc.identity.keys import Identity
from marmalade_sc.sdk.instruments import Instrument

OWN = Identity.draw()
WAIT = "#!/bin/sh\nexec sleep 600\n"


class Recorder:
    """A player that only takes notes."""

    def __init__(self) -> None:
        self.logged: list[tuple[str, Mapping[str, object]]] = []
        self.orders: list[Mapping[str, object]] = []
        self.remembered: Sequence[Mapping[str, object]] = ()
        self.said: list[str] = []
        self.denials: list[tuple[str, str, str]] = []

    def now(self) -> int:
        return round(time.monotonic() * UNITS_PER_SECOND)

    def timeline(self) -> Timeline | None:
        return None

    def instruments(self) -> tuple[Mapping[str, Instrument], Sequence[Mapping[str, object]]]:
        return {}, []

    def log(self, key: str, record: Mapping[str, object], kept: int, at: int | None = None) -> None:
        self.logged.append((key, dict(record)))

    def is_open(self, track: str) -> bool:
        return track == "d1"

    def denied(self, path: str, who: str, what: str) -> None:
        self.denials.append((path, who, what))

    def order(self, record: Mapping[str, object]) -> None:
        self.orders.append(record)

    def forget(self, key: str) -> None:
        pass

    def try_out(self, sounds: Sounds) -> None:
        pass

    def login(self, path: str, grants: Sequence[str]) -> tuple[bytes, ...]:
        return (b"PING",)

    def revoke(self, path: str) -> None:
        pass

    def remember(self, rows: Sequence[Mapping[str, object]]) -> None:
        self.remembered = rows

    def say(self, text: str) -> None:
        self.said.append(text)


class Stage:
    def __init__(self, root: Path, layers: Sequence[Layer] = ()) -> None:
        self.root = root
        self.player = Recorder()
        self.shelf = Shelf(root / "generators", Blobs(root / "blobs"), Trust(root / "players", OWN.public))
        self.runner = self.begin(layers)

    def begin(self, layers: Sequence[Layer] = (), most: int = 64, refused: frozenset[str] = frozenset()) -> Runner:
        (self.root / "run").mkdir(exist_ok=True)
        uid = 654_000 if os.geteuid() == 0 else None
        return Runner(
            self.shelf,
            self.player,
            Surroundings(
                self.root / "jam",
                self.root / "run" / "gates",
                None,
                self.root / "state.sock",
                self.root / "events.sock",
                layers,
                0,
                uid,
                most=most,
                refused=refused,
            ),
        )

    def add(self, name: str, program: str = WAIT) -> None:
        tree = {"generator.toml": File(f'name = "{name}"\n'.encode()), "play": File(program.encode(), True)}
        self.shelf.add(Tree.of(tree), OWN)


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    found = Stage(tmp_path)
    yield found
    await found.runner.close()


async def until(runner: Runner, state: str, count: int = 1) -> list[dict[str, object]]:
    """The rows, once `count` of them have this state."""
    deadline = time.monotonic() + 20
    while True:
        rows = [row for row in runner.rows() if row["state"] == state]
        if len(rows) >= count:
            return rows
        assert time.monotonic() < deadline, runner.rows()
        await asyncio.sleep(0.01)


async def test_of_a_thousand_requests_at_once_one_is_accepted(stage: Stage) -> None:
    stage.add("drums")
    answers = await asyncio.gather(*(stage.runner.play("drums", instance="one") for _ in range(1000)))
    assert sum(bool(each["started"]) for each in answers) == 1
    await until(stage.runner, "playing")
    assert len(stage.runner.running) == 1


async def test_what_was_accepted_stays_so_for_another_process(stage: Stage) -> None:
    """After kill -9 the folder is all that is left, and it is enough."""
    stage.add("drums")
    assert (await stage.runner.play("drums", instance="one"))["started"]
    other = stage.begin()
    try:
        assert not (await other.play("drums", instance="one"))["started"]
        assert (await other.play("drums", instance="two"))["started"]
    finally:
        await other.close()


async def test_another_process_goes_on_with_what_ran(stage: Stage) -> None:
    stage.add("drums")
    stage.add("once")
    await stage.runner.play("drums", instance="one", controls={"x": 2.0})
    await stage.runner.play("once", instance="two", restart="never")
    await until(stage.runner, "playing", 2)
    rows = [each["play"] for each in stage.player.remembered]
    await stage.runner.close()
    other = stage.begin()
    try:
        await other.resume([row for row in rows if isinstance(row, dict)] + [{"nonsense": 1}])
        (found,) = await until(other, "playing")
        assert found["instance"] == "one" and found["controls"] == {"x": 2.0}
    finally:
        await other.close()


async def test_what_is_told_to_end_while_it_begins_ends(stage: Stage) -> None:
    """At whatever moment of its beginning: each is told a little later than the one before."""
    stage.add("long", "#!/bin/sh\nsleep 600\n")
    for number in range(12):
        await stage.runner.play("long", instance=str(number))
        await asyncio.sleep(number * 0.006)
        await stage.runner.stop(str(number))
    async with asyncio.timeout(60):
        while stage.runner.running:
            await asyncio.sleep(0.02)


async def test_without_a_layer_nothing_runs_and_its_remedy_is_told(tmp_path: Path) -> None:
    stage = Stage(tmp_path, [Layer("Landlock", False, "version 0, 6 is needed", "use Linux 6.12")])
    stage.add("drums")
    with pytest.raises(GeneratorError, match="cannot run on this machine") as caught:
        await stage.runner.play("drums")
    assert "Landlock" in caught.value.hint and "use Linux 6.12" in caught.value.hint
    await stage.runner.close()
    with pytest.raises(GeneratorError):
        await stage.runner.play("drums")


async def test_what_may_not_run_leaves_no_trace(stage: Stage) -> None:
    for fields in ({"instance": "../x"}, {"instance": "*"}, {"track": "master"}, {"bars": -1.0}, {"restart": "always"}):
        stage.add("drums")
        with pytest.raises(MarmaladeError):
            await stage.runner.play("drums", **fields)  # type: ignore[arg-type]
    with pytest.raises(GeneratorError, match="no generator"):
        await stage.runner.play("bass")
    with pytest.raises(GeneratorError, match="no instance"):
        await stage.runner.stop("bass")
    assert not (stage.root / "jam").exists() and not stage.player.logged


async def test_it_ends_with_the_jam_and_leaves_no_process(stage: Stage) -> None:
    stage.add("stubborn", "#!/bin/sh\ntrap '' TERM\nsleep 600 & sleep 600 &\nwhile :; do sleep 1; done\n")
    await stage.runner.play("stubborn", instance="one", track="g1")
    (row,) = await until(stage.runner, "playing")
    await stage.runner.close()
    assert not stage.runner.running and not Path(f"/proc/{row['pid']}").exists()
    stops = [record for key, record in stage.player.logged if key == "log:stops"]
    assert [each["why"] for each in stops] == ["the jam has ended"]
    keys = [key for key, _ in itertools.groupby(key for key, _ in stage.player.logged)]
    assert keys[0] == "log:plays" and f"state:ending:{OWN.player}:stubborn:one" in keys
    assert [each["order"] for each in stage.player.orders][0] == "welcome"
    assert stage.player.orders[-1] == {"order": "dismiss", "key": f"events:{OWN.player}:stubborn:one"}


async def test_a_running_instance_takes_controls_and_nothing_else(stage: Stage) -> None:
    stage.add("drums")
    await stage.runner.play("drums", instance="one")
    await until(stage.runner, "playing")
    await stage.runner.control("drums", {"density": 0.25})
    assert stage.player.logged[-1] == (f"state:controls:{OWN.player}:drums:one", {"density": 0.25})
    with pytest.raises(MarmaladeError):
        await stage.runner.control("drums", {"density": float("nan")})
    assert stage.runner.rows()[0]["controls"] == {"density": 0.25}


async def test_settings_bound_how_many_run_and_whose(stage: Stage) -> None:
    stage.add("drums")
    few, none = stage.begin(most=1), stage.begin(refused=frozenset({"sandbox"}))
    try:
        with pytest.raises(GeneratorError, match="trust sandbox"):
            await none.play("drums")
        await few.play("drums", instance="one")
        with pytest.raises(GeneratorError, match="1 instances run already") as caught:
            await few.play("drums", instance="two")
        assert "generators.instances" in caught.value.hint
    finally:
        await few.close()
        await none.close()


async def test_a_control_that_is_a_pattern_is_a_number_again_when_it_is_set(stage: Stage) -> None:
    stage.add("drums")
    await stage.runner.play("drums", instance="one", controls={"density": "<0.25 0.75>"})
    await until(stage.runner, "playing")
    (row,) = stage.runner.rows()
    assert row["controls"] == {"density": 0.25} and row["patterns"] == {"density": "<0.25 0.75>"}
    await stage.runner.control("drums", {"density": 0.5})
    (row,) = stage.runner.rows()
    assert row["controls"] == {"density": 0.5} and row["patterns"] == {}
    with pytest.raises(MarmaladeError):
        await stage.runner.control("drums", {"density": "<0.25"})
