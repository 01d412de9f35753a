"""Keys as OpenSSH has them, names made of fingerprints."""

import base64
import hashlib
import os
import shutil
import subprocess
from pathlib import Path
from threading import Thread

import pytest

from marmalade_sc.errors import IdentityError
from marmalade_sc.identity.keys import Identity, PublicKey, identity_at, keep_private, make_identity, read_identity
from marmalade_sc.ids import PlayerId


def test_a_key_is_made_at_first_need_and_read_again(tmp_path: Path) -> None:
    path = tmp_path / "new" / "player.key"
    made = identity_at(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert identity_at(path).public == made.public
    assert PublicKey.parse(path.with_name("player.key.pub").read_text()) == made.public
    with pytest.raises(FileExistsError):
        make_identity(path)
    assert not list(path.parent.glob("*.part"))


def test_two_that_come_at_once_get_one_key(tmp_path: Path) -> None:
    found: list[Identity] = []
    threads = [Thread(target=lambda: found.append(identity_at(tmp_path / "key"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({each.public.raw for each in found}) == 1 and len(found) == 8


def test_names_are_the_fingerprints_first_characters() -> None:
    identity = Identity.draw()
    digest = base64.b64encode(hashlib.sha256(identity.public.blob).digest()).decode()
    assert digest.startswith(identity.public.fingerprint)
    assert str(identity.player) == digest[:8].replace("/", "_")
    assert str(identity.public.long_player) == (digest[:8] + "-" + digest[8:16]).replace("/", "_")
    assert "+" not in str(identity.public.long_player)
    assert identity.public.is_named(identity.player) and identity.public.is_named(identity.public.long_player)
    assert not identity.public.is_named(PlayerId.parse("aaaaaaaa"))


def test_ssh_keygen_agrees(tmp_path: Path) -> None:
    keygen = shutil.which("ssh-keygen")
    if keygen is None:  # the formats are checked above; this is a second opinion
        return
    made = identity_at(tmp_path / "key")
    said = subprocess.run([keygen, "-lf", str(tmp_path / "key")], capture_output=True, text=True, check=True).stdout
    assert f"SHA256:{made.public.fingerprint}" in said
    subprocess.run([keygen, "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / "theirs")], check=True)
    theirs = (tmp_path / "theirs.pub").read_text()
    assert read_identity(tmp_path / "theirs").public == PublicKey.parse(theirs)


def test_what_others_can_read_or_is_no_key_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "key"
    identity_at(path)
    os.chmod(path, 0o644)  # noqa: PTH101
    with pytest.raises(IdentityError, match="not yours alone"):
        read_identity(path)
    path.write_text("nonsense")
    path.chmod(0o600)
    with pytest.raises(IdentityError, match="cannot be used"):
        read_identity(path)
    with pytest.raises(IdentityError, match="cannot be read"):
        read_identity(tmp_path / "none")


@pytest.mark.parametrize(
    "text", ["", "ssh-rsa AAAA", "ssh-ed25519", "ssh-ed25519 !!!!", "ssh-ed25519 AAAA", "ssh-ed25519 " + "A" * 2000]
)
def test_only_ed25519_keys_are_players(text: str) -> None:
    with pytest.raises(IdentityError):
        PublicKey.parse(text)


def test_a_file_where_the_keys_folder_should_be_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(IdentityError, match="a file is where its folder should be"):
        keep_private(tmp_path / "file" / "player.key", b"")
