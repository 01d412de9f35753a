"""What a player has asked for outlives it, and values that change often push nothing else out."""

from pathlib import Path

import pytest

from marmalade_sc.player.peers.rollbook import Rollbook


def test_values_are_kept_once_each_and_plays_beside_them(tmp_path: Path) -> None:
    book = Rollbook(tmp_path)
    book.keep(b"play")
    for number in range(600):
        book.keep_value("mix-acid", b"%d" % number)
    book.keep_value("asset-vox", b"vox")
    assert Rollbook(tmp_path).records() == [b"play", b"599", b"vox"]


@pytest.mark.parametrize(
    "text", ["", "[]", '{"friends": {}, "records": [1]}', '{"friends": {}, "records": [], "values": 1}']
)
def test_a_file_that_is_damaged_is_begun_anew(tmp_path: Path, text: str) -> None:
    (tmp_path / "peers.json").write_text(text)
    book = Rollbook(tmp_path)
    assert book.records() == []
    book.keep(b"play")
    assert Rollbook(tmp_path).records() == [b"play"]
