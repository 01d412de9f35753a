"""Which test stands for which threat and fault; and the small ones that have no other place.

The numbers are those of the project's list of threats (T1 to T26), of faults (F1 to F17) and of what the original
Marmalade leaves open (O1 to O12). A name that leads nowhere fails here.
"""

import ast
import re
from dataclasses import replace
from pathlib import Path

import pytest

from marmalade_sc.errors import PeerError
from marmalade_sc.identity.signing import sign
from marmalade_sc.peers.records import Request, open_signed, signed
from marmalade_sc.peers.requests import Asker, Desk
from marmalade_sc.peers.wire import TEXT, encode, parts_of
from marmalade_sc.player.rollbook import Rollbook
from marmalade_sc.settings.table import SETTINGS
from tests.peers import makers
from tests.peers.makers import JAM, NOW

pytestmark = pytest.mark.faults
ROOT = Path(__file__).resolve().parents[2]
ALICE, BOB = makers.player(1), makers.player(2)

WHERE = {
    "T1 forged play": ["peers/test_requests.py::test_no_mutated_request_passes"],
    "T2 replay": [
        "peers/test_requests.py::test_a_request_is_heard_once",
        "peers/test_requests.py::test_a_request_of_another_life_is_not_heard",
        "live/test_generators.py::test_of_a_thousand_requests_one_runs_it",
        "live/test_peers.py::test_a_peers_process_that_is_killed_costs_no_note_and_starts_nothing_twice",
    ],
    "T3 another jam": [
        "peers/test_requests.py::test_a_request_for_another_jam_is_refused",
        "peers/test_station.py::test_of_another_jam_nothing_is_heard",
    ],
    "T4 two keys with one ID": [
        "peers/test_judgement.py::test_two_keys_with_one_name_are_two_players",
        "player/test_peers.py::test_trust_is_of_a_whole_key_and_a_name_alone_is_trusted_with_nothing",
    ],
    "T5 rotation": [
        "peers/test_ledger.py::test_a_rotation_needs_both_keys_and_happens_once",
        "player/test_peers.py::test_who_has_a_new_key_is_trusted_as_before_and_the_old_one_asked_about",
    ],
    "T6 address rolled back": ["peers/test_ledger.py::test_an_old_record_does_not_roll_an_address_back"],
    "T7 swapped code": [
        "peers/test_server.py::test_t7_an_archive_that_is_not_what_was_signed_is_never_kept",
        "player/test_peers.py::test_t7_what_its_author_has_not_signed_is_not_deployed",
    ],
    "T8 evil archives": ["generators/test_archive.py::test_an_evil_archive_is_refused_with_a_sentence_that_says_why"],
    "T9 sandbox escape": ["generators/sandbox/test_attacks.py::test_no_attack_succeeds_in_this_players_sandbox"],
    "T10 exhaustion": ["generators/sandbox/test_attacks.py::test_a_busy_loop_gets_its_share_of_a_core_and_no_more"],
    "T11 loudness": ["live/test_generators.py::test_nasty_synthdefs_are_held"],
    "T12 slow requests": ["peers/test_server.py::test_t12_half_requests_are_closed_and_others_served"],
    "T13 too large": [
        "peers/test_server.py::test_t13_what_is_too_long_is_refused_and_the_connection_ends",
        "peers/test_server.py::test_what_a_stranger_answers_is_read_with_a_bound",
    ],
    "T14 addresses of strangers": ["peers/test_reach.py::test_t14_no_request_goes_where_only_a_stranger_would_send_it"],
    "T15 signature flood": ["peers/test_server.py::test_t15_a_flood_of_bad_signatures_is_refused_before_it_costs"],
    "T16 many made-up players": [
        "peers/test_judgement.py::test_t16_many_players_together_fill_bounded_room",
        "peers/test_ledger.py::test_a_maker_has_bounded_room_and_others_keep_theirs",
        "peers/test_threats.py::test_t16_four_hundred_made_up_players_do_not_part_two_honest_ones",
    ],
    "T17 false deaths": ["peers/test_network.py::test_t17_who_answers_cannot_be_talked_away"],
    "T18 versions": ["peers/test_judgement.py::test_t18_versions_cannot_be_mixed_rolled_back_or_swapped"],
    "T19 lying clocks": [
        "clock/test_offsets.py::test_t19_one_liar_of_four_moves_the_clock_by_less_than_three_milliseconds"
    ],
    "T20 clocks from the future": [
        "peers/test_ledger.py::test_a_clock_from_the_future_cannot_lock_a_register",
        "peers/test_registers.py::test_who_may_not_write_changes_nothing_and_blocks_nobody",
    ],
    "T21 injection": [
        "peers/test_requests.py::test_an_ambiguous_join_of_names_is_not_the_same_request",
        "peers/test_threats.py::test_t21_a_text_holds_nothing_that_a_terminal_would_obey",
    ],
    "T23 secrets": ["identity/test_keys.py::test_what_others_can_read_or_is_no_key_is_refused"],
    "T24 switches": ["peers/test_threats.py::test_t24_nothing_switches_a_check_off"],
    "T25 privacy": [
        "peers/test_station.py::test_a_datagram_shows_nothing_of_who_says_what_to_whom",
        "live/test_peers.py::test_what_anybody_may_read_is_what_players_have_published",
    ],
    "T26 supply chain": ["peers/test_threats.py::test_t26_every_requirement_has_its_hash"],
    "F1 killed in a transfer": [
        "peers/test_server.py::test_f1_killed_at_any_moment_of_a_transfer_nothing_half_is_seen_and_little_comes_twice"
    ],
    "F2 killed player": [
        "live/test_peers.py::test_a_peers_process_that_is_killed_costs_no_note_and_starts_nothing_twice",
        "live/test_generators.py::test_a_player_that_is_killed_leaves_no_process_and_starts_none_twice",
    ],
    "F3 killed servers": ["live/test_running.py::test_every_process_may_be_killed_and_comes_back_with_what_needs_it"],
    "F4 partition": ["peers/test_network.py::test_f4_a_network_that_was_cut_for_a_minute_is_whole_in_five_seconds"],
    "F5 one-way": ["peers/test_network.py::test_f5_who_is_reached_through_others_only_is_not_given_up"],
    "F6 loss": ["peers/test_network.py::test_f6_a_play_reaches_everybody_through_loss_and_duplicates"],
    "F7 latency": ["peers/test_network.py::test_f7_slow_links_make_nobody_gone"],
    "F8 wall clock": [
        "peers/test_network.py::test_f8_a_wall_clock_that_jumps_costs_nothing",
        "peers/test_server.py::test_a_clock_that_is_an_hour_off_is_corrected_on_the_way",
        "live/test_clock_step.py::test_an_hour_forward_and_an_hour_back_cost_no_more_than_one_handover",
    ],
    "F9 paused": ["peers/test_network.py::test_f9_who_was_stopped_is_back_within_seconds"],
    "F10 a thousand plays": [
        "peers/test_network.py::test_f10_a_thousand_of_one_play_start_it_once",
        "live/test_generators.py::test_of_a_thousand_requests_one_runs_it",
    ],
    "F11 garbage": ["peers/test_station.py::test_f11_a_flood_of_garbage_is_dropped_and_the_others_are_heard"],
    "F12 rot": ["player/test_peers.py::test_f12_what_rots_on_disk_is_found_and_got_anew"],
    "F13 full disk": [
        "live/test_full_disk.py::test_a_state_server_that_cannot_write_costs_the_state_s_safety_and_no_note",
        "peers/test_threats.py::test_f13_without_a_disk_friends_are_met_and_nothing_is_promised",
    ],
    "F15 churn": ["peers/test_network.py::test_f15_players_come_and_go_for_ten_minutes"],
    "F16 storms": ["peers/test_network.py::test_f16_in_hundreds_of_stormy_sessions_every_play_starts_exactly_once"],
    "F17 versions": ["peers/test_threats.py::test_f17_another_version_of_the_protocol_is_refused_cleanly"],
    "O1 shell, O2 paths": ["peers/test_requests.py::test_an_ambiguous_join_of_names_is_not_the_same_request"],
    "O3 scope of the signature": ["peers/test_requests.py::test_a_request_to_one_player_is_nothing_to_another"],
    "O4 code from anywhere": ["peers/test_reach.py::test_t14_no_request_goes_where_only_a_stranger_would_send_it"],
    "O5 effects before checks": ["peers/test_requests.py::test_a_request_is_heard_once"],
    "O6 two starts": ["generators/test_archive.py::test_of_many_that_unpack_at_once_one_does"],
    "O7 unbounded reads": ["peers/test_server.py::test_errors_are_json_with_codes_and_tell_nothing_of_us"],
    "O8 stale archives": ["peers/test_judgement.py::test_t18_versions_cannot_be_mixed_rolled_back_or_swapped"],
    "O9 a switch for any signature": ["peers/test_threats.py::test_t24_nothing_switches_a_check_off"],
    "O11 errors verbatim": ["peers/test_server.py::test_errors_are_json_with_codes_and_tell_nothing_of_us"],
    "O12 plays whatever is asked": ["live/test_peers.py::test_who_is_not_trusted_waits_for_the_users_word"],
}


@pytest.mark.parametrize("threat", WHERE)
def test_each_threat_has_its_tests(threat: str) -> None:
    for place in WHERE[threat]:
        path, _, name = place.partition("::")
        tree = ast.parse((ROOT / "tests" / path).read_text(encoding="utf-8"))
        names = {each.name for each in tree.body if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)}
        assert name in names, place


def test_t16_four_hundred_made_up_players_do_not_part_two_honest_ones() -> None:
    """Half of all members are an attacker's, and answer nothing: the honest keep each other, and plays arrive."""
    from marmalade_sc.testing.network import Network

    network = Network(16, 6)
    network.start()
    assert network.run_until(network.is_whole, 60) < float("inf")
    node = network.players[0].node
    assert node is not None
    for number in range(400):
        eve = makers.player(1000 + number)
        record = replace(makers.presence(eve, address="http://10.9.9.9:2468"), made=NOW, expires=NOW + 86_400_000)
        node.take(signed(eve, record).data)
    path = network.players[5].play("i1")
    assert network.run_until(lambda: network.reach(path) == 1, 60) < 30
    network.run(60)
    honest = {each.number for each in network.players}
    assert all(honest - {each.number} <= each.present() for each in network.players)


@pytest.mark.parametrize("text", ["\x1b[2J", "\x1b]52;c;eA==\x07", "a\nb", "a\rb", "\u202egnp.exe", "\0", "\x9b31m"])
def test_t21_a_text_holds_nothing_that_a_terminal_would_obey(text: str) -> None:
    with pytest.raises(PeerError):
        TEXT.decode(text.encode())


def test_t24_nothing_switches_a_check_off() -> None:
    """No variable of the environment, no setting, no debug mode reaches the code that checks."""
    found = []
    for package in ("peers", "identity"):
        for path in (ROOT / "marmalade_sc" / package).rglob("*.py"):
            text = path.read_text(encoding="utf-8")
            found += [f"{path.name}: {each}" for each in re.findall(r"os\.environ|getenv|\bDEBUG\b|insecure", text)]
    assert found == []
    known = {"listen", "port", "announce", "trust", "known", "near", "policy", "phrase_bars"}
    assert {key.removeprefix("peers.") for key in SETTINGS if key.startswith("peers.")} == known


def test_t26_every_requirement_has_its_hash() -> None:
    for name in ("requirements.txt", "requirements-dev.txt"):
        text = (ROOT / name).read_text(encoding="utf-8").replace("\\\n", " ")
        lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
        assert lines
        assert [line for line in lines if "--hash=sha256:" not in line] == []


def test_f13_without_a_disk_friends_are_met_and_nothing_is_promised(tmp_path: Path) -> None:
    """What cannot be written down is not acknowledged; who is there is known all the same."""
    (tmp_path / "file").write_text("no folder")
    book = Rollbook(tmp_path / "file" / "jam")
    book.met(ALICE.public.raw, "https://192.0.2.1:2468")
    assert ALICE.public.raw in book.friends()
    with pytest.raises(OSError):
        book.keep(b"record")


def test_f17_another_version_of_the_protocol_is_refused_cleanly() -> None:
    data = Asker(ALICE, JAM, "", lambda: NOW).make("play", BOB.public, signed(ALICE, makers.play(ALICE)))
    request = replace(open_signed(data, (Request,), 4096).message, version=2)
    newer = encode(request) + sign(ALICE, request.PURPOSE, *parts_of(request))
    with pytest.raises(PeerError) as found:
        Desk(BOB.public, JAM, lambda: NOW).check(newer)
    assert (found.value.reason, found.value.status) == ("version", 400)
