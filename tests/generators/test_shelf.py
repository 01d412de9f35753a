"""Archives in a folder: found, checked, signed or not, and run only where somebody is trusted."""

from pathlib import Path

import pytest

from marmalade_sc.blobs.store import Blobs
from marmalade_sc.errors import ArchiveError, GeneratorError, IdentityError
from marmalade_sc.generators.archive import File, Tree, pack
from marmalade_sc.generators.shelf import Shelf
from marmalade_sc.generators.trust import Trust, Trusted
from marmalade_sc.identity.keys import Identity

OWN, OTHER = Identity.draw(), Identity.draw()


def tree(name: str = "drums", text: str = "one") -> Tree:
    return Tree.of(
        {
            "generator.toml": File(f'name = "{name}"\nversion = "1"\n'.encode()),
            "play": File(f"#!/bin/sh\necho {text}\n".encode(), True),
        }
    )


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path / "generators", Blobs(tmp_path / "blobs"), Trust(tmp_path / "players", OWN.public))


def test_what_one_packs_oneself_is_signed_and_may_run(shelf: Shelf) -> None:
    made = shelf.add(tree(), OWN)
    assert made.path.name == f"{OWN.player}:drums.tgz" and made.is_signed and made.why_not == ""
    found, files = shelf.open("drums")
    assert found == made and files.entry_point == "play"
    assert shelf.find(f"{OWN.player}:drums") == made and shelf.all() == [made]


def test_the_newest_has_the_name_and_older_ones_their_hash(shelf: Shelf) -> None:
    old, new = shelf.add(tree(), OWN), shelf.add(tree(text="two"), OWN)
    assert shelf.find("drums").sha256 == new.sha256 != old.sha256
    assert [row[:2] for row in shelf.versions(old.id)] == [(old.sha256, "1"), (new.sha256, "1")]
    assert shelf.version(old.sha256).files == tree().files
    shelf.add(tree(), OWN)
    assert len(shelf.versions(old.id)) == 2


def test_strangers_wait_for_a_word_of_the_user(shelf: Shelf, tmp_path: Path) -> None:
    theirs = Shelf(shelf.root, shelf.blobs, Trust(tmp_path / "elsewhere", OTHER.public))
    theirs.add(tree("bass"), OTHER)
    assert "not trusted yet" in shelf.find("bass").why_not
    with pytest.raises(GeneratorError, match="does not run"):
        shelf.open("bass")
    shelf.trust.keep(OTHER.player, Trusted(OTHER.public, "sandbox"))
    assert shelf.open("bass")[0].why_not == ""
    shelf.trust.keep(OTHER.player, Trusted(OTHER.public, "block"))
    assert "blocked" in shelf.find("bass").why_not
    shelf.trust.keep(OTHER.player, Trusted(OTHER.public, "ask"))
    shelf.accept("bass")
    assert shelf.open("bass")[0].why_not == ""
    theirs.add(tree("bass", "another"), OTHER)
    assert "not trusted yet" in shelf.find("bass").why_not, "only that version was accepted"


def test_an_archive_dropped_by_hand_is_found_and_not_taken_for_its_authors(shelf: Shelf) -> None:
    shelf.root.mkdir()
    path = shelf.root / f"{OWN.player}:drums.tgz"
    path.write_bytes(pack(tree()))
    assert "not signed" in shelf.find("drums").why_not, "anybody can write our name on a file"
    assert shelf.accept("drums").why_not == ""
    path.write_bytes(pack(tree(text="changed")))
    assert "not signed" in shelf.find("drums").why_not
    path.write_bytes(b"nonsense")
    assert "gzip" in shelf.find("drums").why_not
    (shelf.root / "nonsense.tgz").write_bytes(b"")
    (shelf.root / "readme.txt").write_bytes(b"")
    assert len(shelf.all()) == 1


def test_signatures_of_others_or_of_other_versions_are_refused(shelf: Shelf, tmp_path: Path) -> None:
    made = shelf.add(tree(), OWN)
    signature = made.path.with_suffix(".sig")
    made.path.write_bytes(pack(tree(text="changed")))
    assert "signature" in shelf.find("drums").problem
    theirs = Shelf(tmp_path / "theirs", shelf.blobs, Trust(tmp_path / "elsewhere", OTHER.public))
    other = theirs.add(tree(text="changed"), OTHER)
    signature.write_bytes(other.path.with_suffix(".sig").read_bytes())
    assert "signed by" in shelf.find("drums").problem
    signature.write_text("{}")
    assert "damaged" in shelf.find("drums").problem


def test_a_name_alone_means_ones_own_and_is_never_guessed(shelf: Shelf, tmp_path: Path) -> None:
    theirs = Shelf(shelf.root, shelf.blobs, Trust(tmp_path / "elsewhere", OTHER.public))
    theirs.add(tree(), OTHER)
    assert shelf.find("drums").id.player == OTHER.player
    shelf.add(tree(), OWN)
    assert shelf.find("drums").id.player == OWN.player
    third = Identity.draw()
    theirs.add(tree("bass"), OTHER)
    theirs.add(tree("bass"), third)
    with pytest.raises(GeneratorError, match="more than one"):
        shelf.find("bass")
    with pytest.raises(GeneratorError, match="no generator") as caught:
        shelf.find("drms")
    assert "drums" in caught.value.hint


def test_what_cannot_run_is_not_packed(shelf: Shelf) -> None:
    with pytest.raises(ArchiveError, match="no executable"):
        shelf.add(Tree.of({"generator.toml": File(b'name = "x"')}), OWN)
    with pytest.raises(ArchiveError, match="There is no generator.toml"):
        shelf.add(Tree.of({"play": File(b"#!/bin/sh\n", True)}), OWN)


def test_two_keys_with_one_name_are_not_mixed_up(tmp_path: Path) -> None:
    trust = Trust(tmp_path, OWN.public)
    trust.keep(OTHER.player, Trusted(OTHER.public, "sandbox", frozenset({"schedule:main"})))
    assert trust.of(OTHER.player).grants == {"schedule:main"}
    with pytest.raises(IdentityError):
        trust.keep(OTHER.player, Trusted(OWN.public, "sandbox"))
    (tmp_path / f"{OTHER.player}.toml").write_text(f'key = "{OWN.public}"\ntrust = "full"\n')
    with pytest.raises(IdentityError):
        trust.of(OTHER.player)
    (tmp_path / f"{OTHER.player}.toml").write_text('trust = "sure"\n')
    with pytest.raises(GeneratorError):
        trust.of(OTHER.player)
