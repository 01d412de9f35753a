"""A player that was written from docs/protocol.md alone plays with ours: every answer of the page, at a real player."""

import json
import secrets
from collections.abc import Iterator
from fractions import Fraction

import pytest

from marmalade_sc.player.control.protocol import request
from tests.live.players import LivePlayer
from tests.live.test_generators import STEADY, add
from tests.live.test_peers import ask, instance, listening
from tests.peers.foreign import Foreigner, Invite, Station, canonical_tar, now_ms, number, raw_key
from tests.peers.houses import free_port
from tests.player.deadline import eventually

pytestmark = [pytest.mark.live, pytest.mark.faults]
_LONG_S = 40.0
PROGRAM = b"""#!/usr/bin/env python3
from marmalade_sc.sdk.jam import Jam
from marmalade_sc.sdk.language import s

jam = Jam()
jam.pulse >> s("bd*4")
jam.run()
"""
MANIFEST = b'name = "pulse"\nversion = "1"\n\n[needs]\nprograms = ["python3"]\n'
TAR = canonical_tar({"generator.toml": (MANIFEST, False), "play": (PROGRAM, True)})


@pytest.fixture(scope="module")
def player(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LivePlayer]:
    with listening(tmp_path_factory.mktemp("ours")) as found:
        add(found, "steady", STEADY)
        ask(found, "share", generator="steady", instance="own1", track="steady")
        yield found


@pytest.fixture
def invite(player: LivePlayer) -> Invite:
    return Invite(str(ask(player, "invite")["value"]))


def foreigner(invite: Invite) -> Foreigner:
    """Somebody new, who has said who it is."""
    found = Foreigner(invite, secrets.token_bytes(32))
    assert found.ask("presence", found.player()) == (200, "heard")
    return found


def offered(who: Foreigner) -> tuple[str, bytes, bytes]:
    """A generator that the player offers itself: name, author, hash."""
    row = who.get("/generators")[0]
    return str(row["id"]), raw_key(str(row["author"])), bytes.fromhex(str(row["sha256"]))


def test_it_lists_players_and_generators_and_reads_an_archive(invite: Invite) -> None:
    who = foreigner(invite)
    assert [raw_key(each["key"]) for each in who.get("/players")] == [who.key, invite.key]
    name, _, sha256 = offered(who)
    status, head, data = who.http("GET", f"/generator/{name}?sha256={sha256.hex()}")
    assert (status, head["etag"]) == (200, f'"{sha256.hex()}"')
    assert who.http("GET", f"/generator/{name}", headers={"Range": "bytes=512-"})[::2] == (206, data[512:])


def test_it_plays_when_it_is_trusted_and_ends_what_it_has_begun_and_nobody_else_does(
    player: LivePlayer, invite: Invite
) -> None:
    who, stranger, friend = foreigner(invite), foreigner(invite), foreigner(invite)
    name, author, sha256 = offered(who)
    ticket = who.play(name, author, sha256, "alien1", "d1")
    assert who.ask("play", ticket) == (200, "pending")
    assert not instance(player, "alien1")
    ask(player, "trust", player=who.id, level="sandbox")
    ask(player, "trust", player=friend.id, level="sandbox")
    eventually(lambda: instance(player, "alien1").get("state") == "playing", _LONG_S)
    assert instance(player, "alien1")["track"] == f"d1-{who.id}".replace("+", "-")
    player.wait_for_notes(str(instance(player, "alien1")["track"]), 3, _LONG_S)
    assert who.ask("play", ticket)[1] in ("started", "again")
    assert who.ask("control", who.control(name, "alien1", {"density": 0.5})) == (200, "done")
    assert instance(player, "alien1")["controls"]["density"] == 0.5
    assert stranger.ask("stop", stranger.stop(name, "alien1")) == (200, "pending")
    assert friend.ask("stop", friend.stop(name, "alien1")) == (200, "unknown")
    assert friend.ask("control", friend.control(name, "alien1", {"density": 0.1})) == (200, "unknown")
    assert instance(player, "alien1")["state"] == "playing"
    assert instance(player, "alien1")["controls"]["density"] == 0.5
    assert who.ask("stop", who.stop(name, "alien1")) == (200, "done")
    eventually(lambda: instance(player, "alien1")["state"] == "ended", _LONG_S)
    assert who.ask("play", ticket) == (200, "over")
    assert who.ask("leave", who.player("left")) == (200, "heard")
    assert {each["id"]: each["state"] for each in who.get("/players")}[who.id] == "left"


def test_its_own_generator_is_fetched_where_it_has_answered_and_runs_in_the_sandbox(
    player: LivePlayer, invite: Invite
) -> None:
    """Nothing before its author is trusted; then by its hash, from an address that a clock probe has proven."""
    station = Station(invite, secrets.token_bytes(32), free_port(), TAR)
    with station.running():
        station.push()
        eventually(lambda: station.me.id in [each["id"] for each in station.me.get("/players")], _LONG_S)
        ticket = station.me.play(station.name, station.me.key, station.sha256, "alien2")
        assert station.me.ask("play", ticket) == (200, "pending")
        assert station.fetched == 0 and not list(player.places.generators.glob(f"{station.me.id}*"))
        ask(player, "trust", player=station.me.id, level="sandbox")
        eventually(lambda: instance(player, "alien2").get("state") == "playing", _LONG_S)
        player.wait_for_notes("foreign", 3, _LONG_S)
        assert station.fetched == 1
        ask(player, "trust", player=station.me.id, level="block")
        eventually(lambda: instance(player, "alien2")["state"] == "ended", _LONG_S)
        assert station.me.ask("play", ticket) == (403, "blocked")


def test_a_fetch_waits_for_an_address_that_is_proven(player: LivePlayer, invite: Invite) -> None:
    """Behind a healed partition news come before any probe: it is not given up, and nothing is asked of who has not
    answered."""
    other = canonical_tar({"generator.toml": (MANIFEST, False), "play": (PROGRAM + b"# not here yet\n", True)})
    station = Station(invite, secrets.token_bytes(32), free_port(), other)
    ask_of = station.me
    assert ask_of.ask("presence", ask_of.player()) == (200, "heard")
    ask(player, "trust", player=ask_of.id, level="sandbox")
    ticket = ask_of.play(station.name, ask_of.key, station.sha256, "alien3")
    station.push()
    assert ask_of.ask("play", ticket)[1] in ("coming", "waiting")
    assert not instance(player, "alien3") and station.fetched == 0
    with station.running():
        eventually(lambda: instance(player, "alien3").get("state") == "playing", _LONG_S)
        assert station.fetched == 1
    ask_of.ask("stop", ask_of.stop(station.name, "alien3"))


def test_it_talks_and_sets_the_tempo_in_the_session_that_it_has_heard_of(player: LivePlayer, invite: Invite) -> None:
    station = Station(invite, secrets.token_bytes(32), free_port(), TAR)
    with station.running():
        station.push(station.me.chat("hello from elsewhere"))
        eventually(lambda: f"{station.me.id}: hello from elsewhere" in ask(player, "chats")["value"], _LONG_S)
        ask(player, "trust", player=station.me.id, level="sandbox")
        ask(player, "tempo", bpm=200)

        def heard() -> bool:
            station.repair()  # news are pushed a few times only; who has missed them asks
            return b'"bpm": 200' in station.registers.get(b"timeline", [b""] * 9)[8]

        eventually(heard, _LONG_S)
        held = station.registers[b"timeline"]
        law = json.loads(held[8]) | {"bpm": 90.0}
        station.push(station.me.register("timeline", json.dumps(law).encode(), held[12], held[13]))
        eventually(lambda: player.timeline().segments[-1].period_s == Fraction(2, 3), _LONG_S)


def test_an_invite_for_one_opens_to_the_first_that_shows_it(player: LivePlayer, invite: Invite) -> None:
    once = Invite(str(ask(player, "invite", once=True)["value"]))
    first, second = (Foreigner(once, secrets.token_bytes(32)) for _ in range(2))
    assert first.knock() == {"jam": invite.jam, "id": invite.jam_id.hex(), "seed": ""}
    assert second.knock()["error"]["code"] == "invite"


def test_every_refusal_of_the_page(player: LivePlayer, invite: Invite) -> None:
    who = foreigner(invite)
    name, author, sha256 = offered(who)
    ticket = who.play(name, author, sha256, "alien4")
    once = who.request("play", ticket)
    broken = bytearray(who.request("play", ticket))
    broken[-1] ^= 1
    hour_ago = now_ms() - 3_600_000
    other = Foreigner(invite, secrets.token_bytes(32))
    found = {
        "nonsense": who.post("/play", b"nonsense"),
        "another version": who.ask("play", ticket, version=number(9)),
        "another method": who.post("/stop", who.request("play", ticket)),
        "another's ticket": who.ask("play", other.play(name, author, sha256, "alien5")),
        "bad signature": who.post("/play", bytes(broken)),
        "an hour ago": who.ask("play", ticket, not_before=number(hour_ago), expires=number(hour_ago + 60_000)),
        "another receiver": who.ask("play", ticket, receiver=other.key),
        "another jam": who.ask("play", ticket, jam_id=bytes(16)),
        "no such request": who.post("/dance", once),
        "once": who.post("/play", once),
        "twice": who.post("/play", once),
        "large": who.post("/play", bytes(5000)),
    }
    assert found == {
        "nonsense": (400, "malformed"),
        "another version": (400, "version"),
        "another method": (400, "malformed"),
        "another's ticket": (400, "malformed"),
        "bad signature": (401, "signature"),
        "an hour ago": (401, "clock"),
        "another receiver": (403, "audience"),
        "another jam": (404, "jam"),
        "no such request": (404, "unknown"),
        "once": (200, "pending"),
        "twice": (409, "replay"),
        "large": (413, "large"),
    }
    assert who.http("GET", "/players", headers={"Origin": "http://example.com"})[0] == 403
    assert who.http("GET", "/generator/aaaaaaaa:none")[0] == 404
    ask(player, "trust", player=who.id, level="block")
    assert who.ask("play", who.play(name, author, sha256, "alien6")) == (403, "blocked")
    assert who.flood(3000) == {200, 429}
    assert request(player.places.control_socket, "status")["jam"] == invite.jam
