"""docs/frames.md is enough to write a source in another language."""

import struct

from marmalade_sc.sdk.frames import Bundles, Frame, Release, Swap, decode_sections, encode_section, join_bundles
from marmalade_sc.sdk.osc import NoteTemplate
from tests.docs.fences import DOCS, fences

PAGE = DOCS / "frames.md"
WIRE = "tick.0123456789ab"
SECOND = 1 << 32

SECTIONS = (
    Swap("d1", 1, SECOND),
    Bundles("d1", 1, SECOND, join_bundles([NoteTemplate(WIRE, 3).bundle(SECOND, 1, [440.0, 0.5, 7.0])])),
    Release("d1", 2, 3 * SECOND, struct.unpack(">f", struct.pack(">f", 0.02))[0]),
)


def _vector() -> bytes:
    (fence,) = fences(PAGE, "hex")
    return bytes.fromhex(fence.text)


def test_our_encoder_writes_the_documented_bytes() -> None:
    """A changed byte breaks every source that somebody wrote from the page: it needs a new version."""
    assert b"".join(encode_section(section) for section in SECTIONS) == _vector()


def test_our_decoder_reads_the_documented_bytes() -> None:
    assert tuple(decode_sections(_vector())) == SECTIONS


def test_the_documented_encoder_writes_the_documented_bytes() -> None:
    names: dict[str, object] = {}
    for fence in fences(PAGE, "python"):
        exec(fence.text, names)
    assert names["data"] == _vector()


def test_the_documented_fields_are_those_of_an_entry() -> None:
    fields = Frame(1, 0, SECOND, 2 * SECOND, SECTIONS).fields()
    page = PAGE.read_text(encoding="utf-8")
    assert [name for name in fields if f"`{name}`" not in page] == []
    assert Frame.read({name.encode(): str(value).encode() for name, value in fields.items()} | {b"data": _vector()})
