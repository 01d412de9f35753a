"""Whole players that meet: what one shares is heard at the other, once, and only where it is trusted."""

import contextlib
import http.client
import json
import math
import os
import signal
from collections.abc import Iterator, Mapping
from fractions import Fraction
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy
import pytest
import soundfile

from marmalade_sc.cli.main import run
from marmalade_sc.clock.timeline import Timeline
from marmalade_sc.clock.timetag import UNITS_PER_SECOND
from marmalade_sc.identity.keys import identity_at
from marmalade_sc.player.base.processes import ProcessId
from marmalade_sc.player.control.protocol import request
from marmalade_sc.player.supervision import running
from marmalade_sc.settings.places import Places
from tests.live.players import OPTIONS, LivePlayer, hearing, playing
from tests.live.test_generators import STEADY, add
from tests.peers.houses import free_port
from tests.player.deadline import eventually

pytestmark = [pytest.mark.live, pytest.mark.faults]
_LONG_S = 40.0


@contextlib.contextmanager
def listening(root: Path, more: Mapping[str, str] = MappingProxyType({})) -> Iterator[LivePlayer]:
    options = {**OPTIONS, "peers.listen": "127.0.0.1", "peers.port": str(free_port()), **more}
    with playing(root, options) as player:
        yield player


def ask(player: LivePlayer, do: str, /, **fields: Any) -> dict[str, Any]:
    answer = request(player.places.control_socket, do, **fields)
    assert not answer.get("error"), answer["error"]
    return answer


def others(player: LivePlayer) -> list[dict[str, Any]]:
    return [each for each in ask(player, "players")["players"] if each["state"] == "here" and not each["is_own"]]


def instance(player: LivePlayer, name: str) -> dict[str, Any]:
    rows = [each for each in ask(player, "instances")["instances"] if each["instance"] == name]
    assert len(rows) <= 1, "it was started twice"
    return rows[0] if rows else {}


def wait_until_heard(player: LivePlayer) -> None:
    """Until the player has proof of where the others are: requests go nowhere else."""
    eventually(lambda: (found := others(player)) and all("offset_ms" in each for each in found), _LONG_S)


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[LivePlayer, LivePlayer]]:
    """Two players that have met through an invite: the second trusts the first."""
    folder = tmp_path_factory.mktemp("zwei é")
    with listening(folder / "one") as one:
        invite = ask(one, "invite")["value"]
        assert run(["--dir", str(folder / "two"), "join", invite]) == 0
        with listening(folder / "two") as two:
            wait_until_heard(one)
            wait_until_heard(two)
            yield one, two


def test_what_is_shared_is_fetched_and_heard_at_the_other(two: tuple[LivePlayer, LivePlayer]) -> None:
    one, other = two
    wait_until_heard(one)
    add(one, "shared", STEADY)
    answer = ask(one, "share", generator="shared", instance="s1", track="shared")
    assert answer["here"] in ("started", "coming")
    assert [each["status"] for each in answer["players"]] in (["started"], ["coming"], ["waiting"])
    eventually(lambda: instance(other, "s1").get("state") == "playing", _LONG_S)
    other.wait_for_notes("shared", 5, _LONG_S)
    ask(one, "share_control", name="s1", controls={"density": 0.9})
    eventually(lambda: instance(other, "s1")["controls"]["density"] == 0.9, _LONG_S)
    ask(one, "share_stop", name="s1")
    eventually(lambda: instance(other, "s1")["state"] == "ended", _LONG_S)
    again = ask(one, "share", generator="shared", instance="s1", track="shared")
    assert again["here"] == "over", "what was stopped stays so"
    assert instance(other, "s1")["state"] == "ended"


def test_who_is_not_trusted_waits_for_the_users_word(two: tuple[LivePlayer, LivePlayer]) -> None:
    """C1: the first has said nothing of the second: nothing is fetched, nothing runs."""
    one, other = two
    add(other, "theirs", STEADY)
    own = str(identity_at(other.places.key).player)
    ask(one, "trust", player=own, level="ask")
    wait_until_heard(other)
    answer = ask(other, "share", generator="theirs", instance="t1", track="theirs")
    assert [each["status"] for each in answer["players"]] == ["pending"]
    waiting = eventually(lambda: ask(one, "pending")["pending"])
    assert [(each["requester"], each["generator"]) for each in waiting] == [(own, f"{own}:theirs")]
    assert not instance(one, "t1")
    assert not list(one.places.generators.glob(f"{own}:*"))
    ask(other, "share_control", name="t1", controls={"density": 0.75})
    ask(one, "trust", player=own, level="sandbox")
    eventually(lambda: instance(one, "t1").get("state") == "playing", _LONG_S)
    eventually(lambda: instance(one, "t1")["controls"]["density"] == 0.75, _LONG_S)
    assert ask(one, "pending")["pending"] == []


def test_who_waits_is_let_in_and_sent_away_at_the_prompt(two: tuple[LivePlayer, LivePlayer]) -> None:
    """`jam.trust()` shows what waits, with a name lets it play, and with "block" ends what it plays."""
    one, other = two
    own = str(identity_at(other.places.key).player)
    ask(one, "trust", player=own, level="ask")
    ask(one, "nickname", player=own, nickname="zoe")
    add(other, "knocking", STEADY)
    wait_until_heard(other)
    ask(other, "share", generator="knocking", instance="q1", track="knocking")
    shown = eventually(lambda: "knocking" in (said := one.evaluate("jam.trust()")["value"]) and said)
    assert f"zoe ({own}) asks to play {own}:knocking" in shown
    assert one.ask("evaluate", code='jam.trust("nobody")')["error"]
    assert one.ask("evaluate", code='jam.trust("zoe", "loudly")')["error"]
    whole = f"zoe ({own}, SHA256:{identity_at(other.places.key).public.fingerprint})"
    assert one.evaluate('jam.trust("zoe")')["value"] == f"{whole} is trusted: sandbox"
    eventually(lambda: instance(one, "q1").get("state") == "playing", _LONG_S)
    assert one.evaluate("jam.trust()")["value"] == "Nothing waits for your word."
    one.evaluate('jam.trust("zoe", "block")')
    eventually(lambda: instance(one, "q1")["state"] == "ended", _LONG_S)
    assert "blocked" in instance(one, "q1")["why"]
    ask(other, "share_stop", name="q1")
    one.evaluate('jam.trust("zoe")')
    ask(one, "nickname", player=own, nickname="")


LEADER = """#!/usr/bin/env python3
import itertools

from marmalade_sc.sdk.jam import Jam

jam, count = Jam(), itertools.count()


@jam.every(bars=1)
def lead():
    jam.schedule.set(f"x{next(count)} 4 -> x0\\nx0 2 -> x0")


jam.run()
"""
ASKS = 'name = "leader"\n\n[needs]\nprograms = ["python3"]\nwrites = ["schedule:main"]\n'


def test_who_is_trusted_less_may_write_less_at_once(two: tuple[LivePlayer, LivePlayer]) -> None:
    """`full` grants what manifests ask for, also to what runs; with `sandbox` it is taken back, and `block` ends it."""
    one, other = two
    own = str(identity_at(other.places.key).player)
    ask(one, "trust", player=own, level="full")
    add(other, "leader", LEADER, generator_dot_toml=ASKS.encode())
    wait_until_heard(other)
    ask(other, "share", generator="leader", instance="w1", track="leader")
    eventually(lambda: ask(one, "schedule")["value"].startswith(("  x", "▶ x")), _LONG_S)
    ask(one, "trust", player=own, level="sandbox")
    eventually(lambda: "schedule:main" in ask(one, "denials", name="w1")["value"], _LONG_S)
    assert instance(one, "w1")["state"] == "playing"
    assert run(["--dir", str(one.places.root), "generator", "trust", own, "block"]) == 0
    eventually(lambda: instance(one, "w1")["state"] == "ended", _LONG_S)
    assert "blocked" in instance(one, "w1")["why"]
    ask(other, "share_stop", name="w1")
    ask(one, "trust", player=own, level="sandbox")


def test_what_is_shared_as_d1_is_not_in_anybodys_own_d1(two: tuple[LivePlayer, LivePlayer]) -> None:
    """It stands among the tracks, is muted by its name, and ended at all from the prompt of who has shared it."""
    one, other = two
    wait_until_heard(one)
    strip = f"d1-{identity_at(one.places.key).player}"
    one.evaluate('d1 >> s("bd*4")')
    other.evaluate('d1 >> s("hh*8")')
    assert "shared d1" in one.evaluate("jam.share(d1)")["value"]
    tracks = eventually(lambda: strip in (found := ask(other, "tracks")["tracks"]) and found, _LONG_S)
    assert tracks[strip] == {"plays": True, "mix": {}} and tracks["d1"]["plays"]
    assert strip not in ask(other, "names")["tracks"], "code has no name for it, so none is offered"
    other.wait_for_notes(strip, 3, _LONG_S)
    eventually(lambda: other.peak_db(strip) > -60 and other.peak_db("d1") > -60, _LONG_S)
    other.evaluate(f'mute("{strip}")')
    eventually(lambda: other.peak_db(strip) < -90 and other.peak_db("d1") > -60, _LONG_S)
    one.evaluate('jam.mix("d1", gain=-12)')
    eventually(lambda: ask(other, "tracks")["tracks"][strip]["mix"].get("gain_db") == -12, _LONG_S)
    assert "gain_db" not in ask(other, "tracks")["tracks"]["d1"]["mix"]
    assert "ends everywhere" in one.evaluate('jam.unshare("d1")')["value"]
    eventually(lambda: not ask(other, "tracks")["tracks"][strip]["plays"], _LONG_S)
    for each in two:
        each.evaluate("d1.stop()")


def test_a_peers_process_that_is_killed_costs_no_note_and_starts_nothing_twice(
    two: tuple[LivePlayer, LivePlayer],
) -> None:
    """F2: it comes back, hears again of all that was ever asked, and starts none of it a second time."""
    one, other = two
    add(one, "steady", STEADY)
    ask(one, "share", generator="steady", instance="k1", track="steady")
    eventually(lambda: instance(other, "k1").get("state") == "playing", _LONG_S)
    before = instance(other, "k1")["starts"]
    pid = other.pid("peers")
    os.kill(pid, signal.SIGKILL)
    other.wait_for_notes("steady", 10, _LONG_S)
    eventually(lambda: other.pid("peers") != pid, _LONG_S)
    eventually(lambda: others(other), _LONG_S)
    ask(one, "share", generator="steady", instance="k1", track="steady")
    ask(one, "share", generator="steady", instance="k2", track="steady2")
    eventually(lambda: instance(other, "k2").get("state") == "playing", _LONG_S)
    assert instance(other, "k1")["starts"] == before
    ask(one, "share_stop", name="k1")
    ask(one, "share_stop", name="k2")


def test_a_peers_process_that_stood_still_is_back_and_starts_once_what_it_missed(
    two: tuple[LivePlayer, LivePlayer],
) -> None:
    """F9 as it happens to a laptop: the process is stopped, the others miss it, it goes on. Its own notes do, too."""
    one, other = two
    wait_until_heard(one)
    add(one, "steady", STEADY)
    key = str(identity_at(other.places.key).player)
    pid = other.pid("peers")
    other.evaluate('d6 >> s("bd*4")')
    os.kill(pid, signal.SIGSTOP)
    try:
        eventually(lambda: key not in [each["id"] for each in others(one)], _LONG_S)
        ask(one, "share", generator="steady", instance="p1", track="steady")
        other.wait_for_notes("d6", 4, _LONG_S)
    finally:
        os.kill(pid, signal.SIGCONT)
    eventually(lambda: key in [each["id"] for each in others(one)] and others(other), _LONG_S)
    eventually(lambda: instance(other, "p1").get("state") == "playing", _LONG_S)
    assert (instance(other, "p1")["starts"], other.pid("peers")) == (1, pid)
    ask(one, "share_stop", name="p1")
    other.evaluate("d6.stop()")


def test_who_is_blocked_is_not_heard(two: tuple[LivePlayer, LivePlayer]) -> None:
    one, other = two
    add(other, "blocked", STEADY)
    trust(one, other)
    wait_until_heard(other)
    ask(other, "share", generator="blocked", instance="b0", track="blocked")
    eventually(lambda: instance(one, "b0").get("state") == "playing", _LONG_S)
    ask(one, "trust", player=str(identity_at(other.places.key).player), level="block")
    eventually(lambda: instance(one, "b0")["state"] == "ended", _LONG_S)  # what it plays already ends, too
    wait_until_heard(other)
    answer = ask(other, "share", generator="blocked", instance="b1", track="blocked")
    assert [each["status"] for each in answer["players"]] == ["blocked"]
    assert ask(one, "pending")["pending"] == []
    assert not instance(one, "b1")


def bars_apart_s(one: LivePlayer, other: LivePlayer) -> float:
    """How far apart the bars of two players of this machine begin: both count from the same monotonic clock."""
    starts = []
    for each in (one, other):
        status = ask(each, "status")
        timeline = Timeline.from_json(status["timeline"])
        cycle = math.floor(timeline.segments[-1].cycle) + 1
        starts.append((timeline.timetag(Fraction(cycle)) - status["origin"]) / UNITS_PER_SECOND)
    bar_s = float(timeline.cycle_s(Fraction(cycle)))
    off = (starts[1] - starts[0]) % bar_s
    return min(off, bar_s - off)


def period_s(player: LivePlayer) -> Fraction:
    return Timeline.from_json(ask(player, "status")["timeline"]).segments[-1].period_s


def test_who_joins_falls_in_with_the_bars_and_a_tempo_that_is_set_is_everybodys(
    two: tuple[LivePlayer, LivePlayer],
) -> None:
    """The second trusts the first, so it follows; within a few milliseconds on one busy machine."""
    one, other = two
    eventually(lambda: bars_apart_s(one, other) < 0.005, _LONG_S)
    ask(one, "tempo", bpm=150)
    eventually(lambda: period_s(other) == Fraction(2, 5), _LONG_S)
    eventually(lambda: bars_apart_s(one, other) < 0.005, _LONG_S)
    ask(one, "tempo", bpm=240)
    eventually(lambda: period_s(other) == Fraction(1, 4), _LONG_S)


def test_the_bars_of_a_player_that_was_killed_go_on(two: tuple[LivePlayer, LivePlayer]) -> None:
    """F2: its first note is on the others' grid before any clock was asked, and its tempo is not its setting's."""
    one, other = two
    ask(one, "tempo", bpm=150)
    eventually(lambda: period_s(other) == period_s(one) == Fraction(2, 5), _LONG_S)
    eventually(lambda: bars_apart_s(one, other) < 0.005, _LONG_S)
    status = running.status(one.places)
    assert status is not None
    os.kill(status.supervisor.pid, signal.SIGKILL)
    eventually(lambda: running.status(one.places) is None, _LONG_S)
    one.start()
    assert period_s(one) == Fraction(2, 5)
    assert bars_apart_s(one, other) < 0.005
    wait_until_heard(one)
    assert period_s(other) == Fraction(2, 5), "nobody follows a setting"
    ask(one, "tempo", bpm=240)
    eventually(lambda: period_s(other) == Fraction(1, 4), _LONG_S)


BARS = """#!/usr/bin/env python3
from marmalade_sc.sdk.jam import Jam
from marmalade_sc.sdk.language import s

jam = Jam()
jam.kick >> s("bd*4")
jam.run()
"""


def first_note_s(player: LivePlayer, track: str) -> float:
    """Monotonic seconds of the first note of a track."""
    notes = player.wait_for_notes(track, 1, _LONG_S)
    return (notes[0] - ask(player, "status")["origin"]) / UNITS_PER_SECOND


def test_what_is_to_begin_at_one_moment_does_so_at_both_on_a_bar(two: tuple[LivePlayer, LivePlayer]) -> None:
    """Two machines that count the same monotonic clock: their first notes are the same note."""
    one, other = two
    wait_until_heard(one)
    eventually(lambda: bars_apart_s(one, other) < 0.005, _LONG_S)
    add(one, "together", BARS)
    answer = ask(one, "share", generator="together", instance="m1", track="together", policy="future", ahead=2)
    assert answer["policy"] == "future"
    assert abs(first_note_s(one, "together") - first_note_s(other, "together")) < 0.02
    begin = instance(other, "m1")["begin"]
    cycle = other.timeline().cycle(begin)
    assert abs(cycle - round(cycle)) < Fraction(1, 50)
    ask(one, "share_stop", name="m1")


def test_what_is_said_is_heard_and_kept_for_a_while(two: tuple[LivePlayer, LivePlayer]) -> None:
    one, other = two
    ask(one, "chat", text="louder, please")
    eventually(lambda: "louder, please" in ask(other, "chats")["value"], _LONG_S)
    assert request(one.places.control_socket, "chat", text="\x1b[2J").get("error")


def _context(player: LivePlayer) -> object:
    return ask(player, "schedule").get("place", {}).get("context")


def test_a_schedule_that_one_sets_is_the_other_s_at_the_same_place(two: tuple[LivePlayer, LivePlayer]) -> None:
    """Set, then edited: nobody is moved by an edit."""
    one, other = two
    wait_until_heard(other)
    with hearing(other, "news") as news:
        ask(one, "set_schedule", text="intro 4 -> verse\nverse 400 -> intro")
        eventually(lambda: "verse" in ask(other, "schedule")["value"], _LONG_S)
        eventually(lambda: all(_context(each) == "verse" for each in two), _LONG_S)
    assert sum("jam's schedule is" in str(each.get("text")) for each in news) == 1, "it is told once"
    began = [
        each.timeline().timetag(Fraction(ask(each, "schedule")["place"]["since"])) - ask(each, "status")["origin"]
        for each in two
    ]
    assert abs(began[0] - began[1]) < UNITS_PER_SECOND // 10, "the verse began with the same bar"
    ask(one, "set_schedule", text="bridge 8 -> verse", edit=True)
    eventually(lambda: "bridge" in ask(other, "schedule")["value"], _LONG_S)
    assert ask(other, "schedule")["place"]["context"] == "verse"


def test_everybody_stands_still_together_and_goes_on(two: tuple[LivePlayer, LivePlayer]) -> None:
    one, other = two

    def stands(player: LivePlayer) -> bool:
        return not player.timeline().segments[-1].playing

    ask(one, "pause_all")
    eventually(lambda: stands(one) and stands(other), _LONG_S)
    ask(one, "play_all")
    eventually(lambda: not stands(one) and not stands(other), _LONG_S)
    eventually(lambda: bars_apart_s(one, other) < 0.01, _LONG_S)


def test_who_plays_what_is_known_to_all_and_so_is_when_it_was_meant(two: tuple[LivePlayer, LivePlayer]) -> None:
    one, other = two
    one.evaluate('d7 >> s("bd*4")')
    own = str(identity_at(one.places.key).player)
    rows = eventually(lambda: [e for e in others(other) if e["id"] == own and "d7" in e["plays"]], _LONG_S)
    assert "d7" in ask(other, "players")["value"] and rows
    one.evaluate("hush()")
    points = eventually(lambda: ask(other, "history", name="log:remote", most=100)["points"], _LONG_S)
    known = [each["fields"] for each in points if each["fields"]["meant_ms"] is not None]
    assert known and all(each["who"] == own for each in known)


def test_what_anybody_may_read_is_what_players_have_published(two: tuple[LivePlayer, LivePlayer]) -> None:
    """T25: addresses that their owners have announced, and nothing of how they are trusted."""
    one, _ = two
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", int(one.options["peers.port"]), timeout=20)) as web:
        web.request("GET", "/players")
        rows = json.loads(web.getresponse().read())
    assert len(rows) == 2
    for row in rows:
        assert set(row) == {"id", "key", "addresses", "last_seen", "state"}
        assert all(address.startswith("http://127.0.0.1:") for address in row["addresses"])


def trust(player: LivePlayer, other: LivePlayer) -> None:
    ask(player, "trust", player=str(identity_at(other.places.key).player), level="sandbox")


def test_a_shared_track_is_mixed_for_all_and_nothing_else_of_anybodys_desk(two: tuple[LivePlayer, LivePlayer]) -> None:
    one, other = two
    trust(one, other)
    wait_until_heard(one)
    add(one, "mixed", STEADY)
    ask(one, "share", generator="mixed", instance="x1", track="mixed")
    eventually(lambda: other.peak_db("mixed") > -40 and one.peak_db("mixed") > -40, _LONG_S)
    before = other.peak_db("mixed")
    ask(other, "share_mix", track="mixed", gain=-20.0)
    for each in two:
        eventually(lambda: -90 < each.peak_db("mixed") < before - 10, _LONG_S)  # noqa: B023
    assert request(other.places.control_socket, "share_mix", track="mixed", gain=-96.0).get("error")
    assert request(other.places.control_socket, "share_mix", track="d1", gain=-3.0).get("error"), "d1 is nobody else's"
    eventually(lambda: "mixed: -20.0 dB" in ask(one, "share_mix")["value"], _LONG_S)


def test_others_hands_on_the_desk_outlive_the_processes_that_play(two: tuple[LivePlayer, LivePlayer]) -> None:
    """What another player has mixed, and what one has muted of the other's, after a generation and the host died."""
    one, _ = two

    def strip() -> dict[str, Any]:
        track = ask(one, "tracks")["tracks"].get("mixed", {})
        return {name: track.get("mix", {}).get(name) for name in ("gain_db", "mute")}

    ask(one, "mute", track="mixed")
    wanted = {"gain_db": -20.0, "mute": True}
    eventually(lambda: strip() == wanted)
    older = one.kill("generation")
    eventually(lambda: ProcessId.of(older) is None)
    eventually(lambda: strip() == wanted, _LONG_S)
    older = one.kill("live")
    eventually(lambda: one.is_back("live", older), _LONG_S)
    eventually(lambda: strip() == wanted, _LONG_S)
    ask(one, "unmute", track="mixed")
    eventually(lambda: one.peak_db("mixed") > -90, _LONG_S)


def test_a_sound_that_one_names_is_heard_from_the_other(two: tuple[LivePlayer, LivePlayer]) -> None:
    one, other = two
    path = one.places.root / "vöx.flac"
    tone = numpy.sin(2 * numpy.pi * 440 * numpy.arange(11_025) / 44_100)
    soundfile.write(path, 0.5 * tone, 44_100)
    ask(one, "asset", name="vox", path=path.name)

    def plays() -> bool:
        return not other.ask("evaluate", code='d5 >> s("vox*8")').get("error")

    eventually(plays, _LONG_S)
    eventually(lambda: other.peak_db("d5") > -30, _LONG_S)
    other.evaluate("d5.stop()")
    assert request(one.places.control_socket, "asset", name="text", path=str(one.places.config)).get("error")
    missing = request(one.places.control_socket, "asset", name="none", path="none.wav")["error"]
    assert "There is no file 'none.wav'" in str(missing) and str(one.places.recordings) in str(missing)


def test_what_both_want_is_done_and_what_one_wants_is_not(two: tuple[LivePlayer, LivePlayer]) -> None:
    one, other = two
    trust(one, other)
    wait_until_heard(one)
    before = period_s(one)
    ask(one, "vote", question="tempo", choice=200)
    eventually(lambda: "200 1 of 2" in ask(other, "votes")["value"], _LONG_S)
    assert period_s(one) == period_s(other) == before
    ask(other, "vote", question="tempo", choice=200)
    eventually(lambda: period_s(one) == period_s(other) == Fraction(3, 10), _LONG_S)


def test_what_was_decided_is_not_done_again_by_a_peers_process_that_is_restarted(
    two: tuple[LivePlayer, LivePlayer],
) -> None:
    """The votes are still counted, and somebody has set the tempo by hand since."""
    one, other = two
    ask(one, "tempo", bpm=240)
    eventually(lambda: period_s(one) == period_s(other) == Fraction(1, 4), _LONG_S)
    pid = one.kill("peers")
    eventually(lambda: one.is_back("peers", pid), _LONG_S)
    eventually(lambda: "200 2 of 2" in one.ask("votes").get("value", ""), _LONG_S)
    for question in ("encore", "again"):  # both are decided after the tempo was looked at
        ask(one, "vote", question=question, choice="yes")
        ask(other, "vote", question=question, choice="yes")
        eventually(lambda: question in decided(one), _LONG_S)  # noqa: B023
    assert period_s(one) == Fraction(1, 4)
    assert decided(one).count("tempo") == 1


def decided(player: LivePlayer) -> list[str]:
    points = ask(player, "history", name="log:votes", most=100)["points"]
    return [each["fields"]["question"] for each in points]


def test_who_comes_late_by_an_invite_for_one_finds_all_through_a_list_and_gets_what_plays(
    two: tuple[LivePlayer, LivePlayer], tmp_path: Path
) -> None:
    """Players, generators, running instances, timeline, schedule, mix and sounds; from the one that its list names."""
    one, other = two
    once = ask(one, "invite", once=True)["value"]
    assert run(["--dir", str(tmp_path / "three"), "join", once]) == 0
    assert run(["--dir", str(tmp_path / "four"), "join", once]) != 0, "it was for one"
    places = Places.find(tmp_path / "three")
    (places.jam("home").root / "peers.json").unlink()
    known = f"127.0.0.1:{other.options['peers.port']}/{str(identity_at(other.places.key).public).split()[-1]}"
    options = {"peers.known": known, "peers.trust": "sandbox"}
    with listening(tmp_path / "three", options) as three:
        eventually(lambda: len(others(three)) == 2, _LONG_S)
        eventually(lambda: instance(three, "x1").get("state") == "playing", _LONG_S)
        three.wait_for_notes("mixed", 5, _LONG_S)
        eventually(lambda: -90 < three.peak_db("mixed") < -25, _LONG_S)
        own = str(identity_at(one.places.key).player)
        eventually(lambda: f"{own}:mixed" in [each["id"] for each in ask(three, "generators")["generators"]], _LONG_S)
        eventually(lambda: period_s(three) == period_s(one), _LONG_S)
        eventually(lambda: bars_apart_s(one, three) < 0.01, _LONG_S)
        eventually(lambda: ask(three, "schedule").get("place", {}).get("context") == "verse", _LONG_S)
        eventually(lambda: not three.ask("evaluate", code='d5 >> s("vox*8")').get("error"), _LONG_S)
        assert "mixed: -20.0 dB" in ask(three, "share_mix")["value"]
