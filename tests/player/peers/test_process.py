"""Keys, trust and archives of other players on disk."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from marmalade_sc.blobs.store import Blobs
from marmalade_sc.errors import PeerError, UnknownNameError
from marmalade_sc.generators.archive import File, Tree
from marmalade_sc.generators.shelf import Shelf
from marmalade_sc.generators.trust import Trust, Trusted
from marmalade_sc.identity.keys import Identity, identity_at, read_identity
from marmalade_sc.jam.jams import Jams
from marmalade_sc.peers.records import GeneratorRecord, Rotation, open_record
from marmalade_sc.player.peers.rollbook import Rollbook
from marmalade_sc.player.peers.rotation import rotate
from marmalade_sc.player.shared.deliveries import Deliveries
from marmalade_sc.player.trust.acquaintances import Acquaintances
from marmalade_sc.settings.places import Places
from tests.peers import makers

pytestmark = pytest.mark.faults
ALICE, BOB, EVE = makers.player(1), makers.player(2), makers.player(3)
TREE = Tree.of({"generator.toml": File(b'name = "drums"\nversion = "1"\n'), "play": File(b"#!/bin/sh\n", True)})


def shelf_of(folder: Path, own: Identity) -> Shelf:
    folder.mkdir(parents=True, exist_ok=True)
    return Shelf(folder / "generators", Blobs(folder / "blobs"), Trust(folder / "players", own.public))


def shared(folder: Path, author: Identity = ALICE) -> tuple[Deliveries, GeneratorRecord]:
    """An author's generator, and what it says of it."""
    shelf = shelf_of(folder, author)
    shelf.add(TREE, author)
    deliveries = Deliveries(shelf)
    found, version, sha256, signature, size, is_own = deliveries.described("drums")
    assert is_own
    head = makers.generator(author, sha256=bytes.fromhex(sha256))
    fields = {
        name: getattr(head, name) for name in ("version", "jam", "jam_id", "maker", "sequence", "made", "expires")
    }
    return deliveries, GeneratorRecord(
        **fields, generator=str(found), name=version, sha256=bytes.fromhex(sha256), size=size, shelf=signature
    )


def received(folder: Path, trusts: str = "sandbox") -> tuple[Shelf, Deliveries]:
    """The shelf of somebody who trusts the author, the archive's bytes in its store."""
    shelf = shelf_of(folder, BOB)
    Acquaintances(shelf.trust).set(ALICE.public, trusts)
    shelf.blobs.put(TREE.canonical)
    return shelf, Deliveries(shelf)


def test_what_comes_is_deployed_as_its_author_packed_it(tmp_path: Path) -> None:
    _, record = shared(tmp_path / "alice")
    shelf, deliveries = received(tmp_path / "bob")
    assert deliveries.has(record)
    deliveries.deploy(record)
    found, tree = shelf.open(record.generator)
    assert (found.is_signed, tree.sha256) == (True, TREE.sha256)
    deliveries.deploy(record)


def test_f12_what_rots_on_disk_is_found_and_got_anew(tmp_path: Path) -> None:
    _, record = shared(tmp_path / "alice")
    shelf, deliveries = received(tmp_path / "bob")
    path = shelf.blobs.path(TREE.sha256)
    data = bytearray(path.read_bytes())
    data[100] ^= 1
    path.write_bytes(data)
    assert not deliveries.has(record)
    assert TREE.sha256 not in shelf.blobs, "it is not offered to others either"
    shelf.blobs.put(TREE.canonical)
    assert deliveries.has(record)


@pytest.mark.parametrize("kind", ["signature", "author", "hash", "name"])
def test_t7_what_its_author_has_not_signed_is_not_deployed(tmp_path: Path, kind: str) -> None:
    _, record = shared(tmp_path / "alice")
    shelf, deliveries = received(tmp_path / "bob")
    changed = {
        "signature": {"shelf": bytes(64)},
        "author": {"maker": EVE.public.raw},
        "hash": {"sha256": bytes(32)},
        "name": {"generator": f"{ALICE.player}:other"},
    }[kind]
    fields = {name: getattr(record, name) for name in makers.head(ALICE)} | {
        name: getattr(record, name) for name in ("generator", "name", "sha256", "size", "shelf")
    }
    with pytest.raises(PeerError):
        deliveries.deploy(GeneratorRecord(**(fields | changed)))
    assert all(each.why_not for each in shelf.all())


def test_who_has_ground_a_key_to_another_s_name_is_shown_longer_and_both_prints_are_told(tmp_path: Path) -> None:
    """T4: on screen, in files of trust, and where a command names one of them."""
    known, double = (each.public for each in makers.twins())
    friends = Acquaintances(Trust(tmp_path / "one", BOB.public))
    friends.set(known, "sandbox")
    assert double.player == known.player and double != known
    assert friends.level(double) == "ask"
    assert (friends.name(known), friends.name(double)) == (known.player, double.long_player)
    assert friends.clash(known) == ""
    told = friends.clash(double)
    assert known.fingerprint in told and double.fingerprint in told and str(double.long_player) in told
    assert friends.clash(double) == "", "once"
    assert friends.set(double, "block") == double.long_player
    assert friends.level(known) == "sandbox", "in a file of its own"
    both = [known, double]
    assert friends.meant(str(known.player), both) == known
    assert friends.meant(str(double.long_player), both) == friends.meant(double.fingerprint, both) == double
    ours = Acquaintances(Trust(tmp_path / "two", known))
    assert ours.name(double) == double.long_player and known.fingerprint in ours.clash(double), "nor is it us"
    strangers = Acquaintances(Trust(tmp_path / "three", BOB.public))
    assert strangers.clash(known) == "" and strangers.name(known) == known.player
    told = strangers.clash(double)
    assert known.fingerprint in told and double.fingerprint in told
    assert strangers.name(double) == double.long_player, "nobody has said anything of either"


def test_two_keys_with_one_name_have_a_generator_each(tmp_path: Path) -> None:
    """T4: both have packed `drums` under the ID that is both's; here the second one's stands behind its long name."""
    first, second = makers.twins()
    shelf = shelf_of(tmp_path / "bob", BOB)
    friends, deliveries = Acquaintances(shelf.trust), Deliveries(shelf)
    found = []
    for number, author in enumerate((first, second)):
        friends.set(author.public, "sandbox")
        mine = shelf_of(tmp_path / str(number), author)
        tree = Tree.of({**TREE.files, "which": File(b"%d" % number)})
        mine.add(tree, author)
        name, version, sha256, signature, size, _ = Deliveries(mine).described("drums")
        fields = {each: getattr(makers.generator(author), each) for each in makers.head(author)}
        record = GeneratorRecord(
            **fields, generator=str(name), name=version, sha256=bytes.fromhex(sha256), size=size, shelf=signature
        )
        shelf.blobs.put(tree.canonical)
        found.append((deliveries.deploy(record, friends.name(author.public)), sha256))
    assert [str(name) for name, _ in found] == [f"{first.player}:drums", f"{second.public.long_player}:drums"]
    for (name, sha256), author in zip(found, (first, second), strict=True):
        opened, tree = shelf.open(str(name))
        assert (opened.is_signed, opened.trusted.key, tree.sha256) == (True, author.public, sha256)
    (shelf.root / f"{second.public.long_player}:drums.sig").replace(shelf.root / f"{first.player}:drums.sig")
    assert shelf.find(f"{first.player}:drums").problem, "nor is one taken for the other's"


def test_trust_is_of_a_whole_key_and_a_name_alone_is_trusted_with_nothing(tmp_path: Path) -> None:
    """T4: a file that names no key, or another one, says nothing of this key."""
    trust = Trust(tmp_path, BOB.public)
    friends = Acquaintances(trust)
    assert friends.level(ALICE.public) == "ask"
    trust.keep(ALICE.player, Trusted(None, "full"))
    assert friends.level(ALICE.public) == "ask"
    friends.set(ALICE.public, "sandbox")
    assert friends.level(ALICE.public) == "sandbox"
    (tmp_path / f"{ALICE.player}.toml").write_text("this is not TOML")
    assert friends.level(ALICE.public) == "ask", "what cannot be read is no trust"
    assert friends.level(BOB.public) == "full"


def test_players_of_friendly_jams_may_play_and_blocked_ones_may_not(tmp_path: Path) -> None:
    friends = Acquaintances(Trust(tmp_path, BOB.public), "sandbox")
    assert friends.level(ALICE.public) == "sandbox"
    friends.set(ALICE.public, "block")
    assert friends.level(ALICE.public) == "block"


def test_the_rollbook_is_there_after_a_restart_and_begun_anew_where_it_is_damaged(tmp_path: Path) -> None:
    book = Rollbook(tmp_path)
    book.met(ALICE.public.raw, "https://192.0.2.1:2468")
    book.keep(b"record")
    again = Rollbook(tmp_path)
    assert dict(again.friends()) == {ALICE.public.raw: "https://192.0.2.1:2468"}
    assert again.records() == [b"record"]
    (tmp_path / "peers.json").write_text("{")
    assert Rollbook(tmp_path).records() == []


def test_who_has_a_new_key_is_trusted_as_before_and_the_old_one_asked_about(tmp_path: Path) -> None:
    """T5: only what the old key has signed, and the new one agreed to, says so."""
    friends = Acquaintances(Trust(tmp_path, BOB.public))
    assert friends.rotated(ALICE.public, EVE.public) == "", "nobody's trust is nobody's business"
    friends.set(ALICE.public, "sandbox")
    assert EVE.public.fingerprint in friends.rotated(ALICE.public, EVE.public)
    assert (friends.level(ALICE.public), friends.level(EVE.public)) == ("ask", "sandbox")
    friends.set(EVE.public, "block")
    friends.set(ALICE.public, "full")
    assert friends.rotated(ALICE.public, EVE.public) == "", "what was said of the new one stands"
    assert friends.level(EVE.public) == "block"


def test_a_key_is_rotated_with_the_old_one_kept_and_every_jam_told(tmp_path: Path) -> None:
    places = Places(tmp_path, tmp_path / "run")
    jam = Jams(places).make("home", datetime.now(UTC))
    before = identity_at(places.key)
    old, new, kept = rotate(places, places.key)
    assert (old.public, read_identity(kept).public) == (before.public, before.public)
    assert read_identity(places.key).public == new.public != old.public
    (data,) = Rollbook(places.jam("home").root).records()
    record = open_record(data).message
    assert isinstance(record, Rotation)
    assert (record.maker, record.new, record.jam_id.hex()) == (old.public.raw, new.public.raw, jam.id)


def test_a_player_is_meant_by_name_or_fingerprint_and_nobody_by_half_of_it(tmp_path: Path) -> None:
    friends = Acquaintances(Trust(tmp_path, BOB.public))
    keys = [ALICE.public, EVE.public]
    for word in (str(ALICE.player), str(ALICE.public.long_player), f"SHA256:{ALICE.public.fingerprint}"):
        assert friends.meant(word, keys) == ALICE.public
    for word in ("", str(ALICE.player)[:7], "aaaaaaaa"):
        with pytest.raises(UnknownNameError):
            friends.meant(word, keys)
    with pytest.raises(UnknownNameError, match="More than one"):
        friends.meant(str(ALICE.player), [ALICE.public, ALICE.public])
