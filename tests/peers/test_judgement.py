"""Who may start, stop and control what: C1, and the threats to trust."""

from dataclasses import replace

import pytest

from marmalade_sc.errors import UsageError
from marmalade_sc.identity.keys import PublicKey
from marmalade_sc.peers.invites import Invite, read_invite, written_invite
from marmalade_sc.peers.judgement import Pending, judge_play, manifest_of, may_touch
from marmalade_sc.peers.ledger import Ledger
from marmalade_sc.peers.records import signed
from tests.peers import makers
from tests.peers.makers import JAM, NOW

pytestmark = pytest.mark.faults
ALICE, BOB, EVE = makers.player(1), makers.player(2), makers.player(3)


def ledger() -> Ledger:
    return Ledger(JAM, lambda: NOW)


def word(requester: str, author: str, held: Ledger | None = None) -> str:
    """What happens to Alice's wish to play Bob's generator, by how far either is trusted."""
    levels = {ALICE.public: requester, BOB.public: author}
    ticket = makers.play(ALICE, author=BOB)
    if held is None:
        held = ledger()
        held.add(signed(BOB, makers.generator(BOB)))
    return judge_play(ticket, lambda key: levels.get(key, "ask"), held, NOW).word


@pytest.mark.parametrize(
    ("requester", "author", "expected"),
    [
        ("ask", "ask", "pending"),
        ("ask", "full", "pending"),
        ("sandbox", "ask", "pending"),
        ("block", "full", "blocked"),
        ("full", "block", "blocked"),
        ("sandbox", "sandbox", "run"),
        ("full", "full", "run"),
    ],
)
def test_both_the_requester_and_the_author_must_be_trusted(requester: str, author: str, expected: str) -> None:
    assert word(requester, author) == expected


def test_without_the_authors_own_record_nothing_is_fetched() -> None:
    """T7, T18: the requester cannot say what the author's version is."""
    assert word("sandbox", "sandbox", ledger()) == "waiting"
    forged = replace(makers.generator(EVE), generator=f"{BOB.player}:drums")
    held = ledger()
    held.add(signed(EVE, forged))
    assert word("sandbox", "sandbox", held) == "waiting"


def test_what_was_stopped_or_is_over_is_not_begun_by_latecomers() -> None:
    held = ledger()
    held.add(signed(ALICE, makers.generator(ALICE)))
    ticket = makers.play(ALICE)
    assert judge_play(ticket, lambda key: "full", held, NOW).word == "run"
    assert judge_play(replace(ticket, seconds=10.0), lambda key: "full", held, NOW + 11_000).word == "over"
    held.add(signed(ALICE, makers.stop(ALICE)))
    assert judge_play(ticket, lambda key: "full", held, NOW).word == "over"


def test_only_who_started_it_or_wrote_it_may_stop_it() -> None:
    held = ledger()
    held.add(signed(ALICE, makers.play(ALICE, author=BOB)))
    stop = replace(makers.stop(ALICE), generator=f"{BOB.player}:drums")
    assert may_touch(stop, held) is not None
    assert may_touch(replace(stop, maker=BOB.public.raw), held) is not None
    assert may_touch(replace(stop, maker=EVE.public.raw), held) is None
    assert may_touch(replace(stop, instance="other"), held) is None


def test_t18_versions_cannot_be_mixed_rolled_back_or_swapped() -> None:
    """A ticket names its version by hash, and only that version's own record makes it run: there is no "newest"."""
    held = ledger()
    old, new = bytes(32), b"\1" * 32
    held.add(signed(ALICE, makers.generator(ALICE, 1, old)))
    held.add(signed(ALICE, makers.generator(ALICE, 2, new)))
    for sha256 in (old, new):
        found = manifest_of(replace(makers.play(ALICE), sha256=sha256), held)
        assert found is not None
        assert found.sha256 == sha256, "old versions stay addressable"
    assert not held.add(signed(ALICE, replace(makers.generator(ALICE, 1, new), size=1))), "a replayed record is no news"
    found = manifest_of(replace(makers.play(ALICE), sha256=new), held)
    assert found is not None
    assert found.size == 10240
    assert manifest_of(replace(makers.play(ALICE), sha256=b"\2" * 32), held) is None


def test_pending_requests_are_few_and_go_by_themselves() -> None:
    """Who asks a thousand times fills eight places, not the screen."""
    pending = Pending()
    kept = [pending.add(makers.play(EVE, f"i{number}"), EVE.public.raw, NOW) for number in range(1000)]
    assert sum(each is not None for each in kept) == 8
    assert pending.add(makers.play(EVE, "i0"), EVE.public.raw, NOW) is None
    assert pending.add(makers.play(ALICE), ALICE.public.raw, NOW) is not None
    assert len(pending.all(NOW)) == 9
    assert [each.ticket.maker for each in pending.of(ALICE.public.raw)] == [ALICE.public.raw]
    assert pending.all(NOW + 600_001) == []


def test_t16_many_players_together_fill_bounded_room() -> None:
    pending = Pending()
    for number in range(100):
        who = makers.player(number)
        pending.add(makers.play(who), who.public.raw, NOW)
    assert len(pending.all(NOW)) == 64


@pytest.mark.parametrize("seed", [b"", bytes(range(32))])
def test_an_invite_says_what_was_written_and_is_told_from_a_part_of_it(seed: bytes) -> None:
    invite = Invite("https://192.0.2.7:2468", ALICE.public.raw, "home", JAM.id, seed)
    text = written_invite(invite)
    assert read_invite(f"  {text}\n") == invite
    assert read_invite(f"{text[:20]}\n{text[20:]}") == invite, "a terminal may have broken the line"
    for cut in range(len(text)):
        with pytest.raises(UsageError):
            read_invite(text[:cut])
    for place in range(12, len(text)):
        changed = text[:place] + ("A" if text[place] != "A" else "B") + text[place + 1 :]
        try:
            assert read_invite(changed) == invite, "only bits that say nothing may differ"
        except UsageError:
            continue


def test_two_keys_with_one_name_are_two_players() -> None:
    """T4: who grinds a key until its ID is another's is trusted with nothing of the other's."""
    levels = {ALICE.public: "full"}
    double = PublicKey(EVE.public.raw)
    ticket = replace(makers.play(EVE), generator=f"{ALICE.player}:drums", author=ALICE.public.raw)
    assert judge_play(ticket, lambda key: levels.get(key, "ask"), ledger(), NOW).asks == double.raw
