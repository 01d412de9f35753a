"""The plan of a player's processes."""

import dataclasses
import signal
from pathlib import Path

import pytest

from marmalade_sc.engine.sound import SOUND, Card, JackServer, Probe, Sound
from marmalade_sc.errors import SettingsError, SoundError
from marmalade_sc.player.supervision.children import ProcessSpec
from marmalade_sc.player.supervision.restarts import dependents, ordered
from marmalade_sc.player.supervision.specs import Plan
from marmalade_sc.settings.places import Places
from marmalade_sc.settings.table import SETTINGS

BARE = Probe(jackd="jackd")
USB = Card(0, "USB", "USB-Audio - Box", (0,))


class Machine:
    """A machine whose sound we change."""

    def __init__(self, probe: Probe = BARE) -> None:
        self.now = probe

    def __call__(self) -> Probe:
        return self.now


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return Places(tmp_path, tmp_path / "marmalade-0123abcd")


def by_name(specs: list[ProcessSpec]) -> dict[str, ProcessSpec]:
    return {spec.name: spec for spec in specs}


def test_everything_is_there_and_can_be_put_in_order(places: Places) -> None:
    specs = Plan(places, probe=Machine())()
    names = {"jackd", "redis-state", "redis-events", "foundry", "engine", "live", "generators", "hub"}
    assert {spec.name for spec in specs} == names
    assert set(ordered({spec.name: spec.follows for spec in specs})) == names


def test_original_players_have_no_door_before_it_is_opened(places: Places) -> None:
    """Their protocol promises little: it is a port of its own, closed by default, and on this machine when it opens."""
    assert "original" not in by_name(Plan(places, probe=Machine())())
    assert "original" in by_name(Plan(places, {"original.port": "2468"}, probe=Machine())())
    assert SETTINGS["original.host"].default == "127.0.0.1"


def test_a_killed_redis_restarts_nothing_else_and_jackd_only_the_engine(places: Places) -> None:
    """Redis killed: the music plays on."""
    needs = {spec.name: spec.needs for spec in Plan(places, probe=Machine())()}
    assert dependents("redis-state", needs) == frozenset()
    assert dependents("redis-events", needs) == frozenset()
    assert dependents("jackd", needs) == {"engine"}
    assert dependents("engine", needs) == frozenset()


def test_a_server_that_runs_already_needs_no_jackd_of_ours(places: Places) -> None:
    specs = by_name(Plan(places, probe=Machine(dataclasses.replace(BARE, jack_servers=(JackServer("default"),))))())
    assert "jackd" not in specs
    assert specs["engine"].needs == ()


def test_only_the_engine_is_told_of_the_sound_so_only_it_restarts_when_that_changes(places: Places) -> None:
    machine = Machine()
    plan = Plan(places, probe=machine)
    before = by_name(plan())
    machine.now = dataclasses.replace(BARE, cards=(USB,))
    assert plan.watch() == ("jackd", "Better sound is there: sound card USB (USB-Audio - Box).")
    after = by_name(plan())
    assert {name for name in after if after[name] != before[name]} == {"jackd", "engine"}
    told = Sound.from_env(after["engine"].env)
    assert told is not None
    assert (told.driver, told.card) == ("alsa", "USB")
    assert plan.watch() is None
    assert all(SOUND not in spec.env for name, spec in after.items() if name != "engine")


def test_planning_again_in_the_same_world_changes_nothing(places: Places) -> None:
    plan = Plan(places, probe=Machine())
    assert plan() == plan()


def test_a_wished_driver_is_owed_at_the_start_and_replaced_in_the_middle_of_a_set(places: Places) -> None:
    machine = Machine()
    plan = Plan(places, {"audio.driver": "jack"}, probe=machine)
    with pytest.raises(SoundError):
        plan()
    machine.now = dataclasses.replace(BARE, jack_servers=(JackServer("default"),))
    plan()
    machine.now = BARE
    assert "jackd" in by_name(plan())


def test_options_reach_the_children_and_win_over_the_file(places: Places) -> None:
    places.config.write_text("[tempo]\nbpm = 90\n")
    specs = by_name(Plan(places, {"tempo.bpm": "100", "audio.period": "64"}, probe=Machine())())
    for name in ("engine", "live", "hub", "foundry"):
        assert specs[name].env["MARMALADE_TEMPO_BPM"] == "100"
        assert specs[name].argv[-4:] == ("--dir", str(places.root), "--jam", "home")
        assert specs[name].dies_by == signal.SIGTERM
    assert "64" in specs["jackd"].argv


def test_a_mistake_in_the_settings_is_told_before_anything_starts(places: Places) -> None:
    with pytest.raises(SettingsError):
        Plan(places, {"tempo.bpm": "x"}, probe=Machine())()
