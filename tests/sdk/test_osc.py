"""OSC bytes: what is written is read again, templates write the same bytes, and rubbish is refused in one way."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pythonosc.osc_bundle import OscBundle
from pythonosc.osc_message import OscMessage

from marmalade_sc.errors import FrameError
from marmalade_sc.sdk.osc import (
    NoteTemplate,
    bundle,
    message,
    note_message,
    read_bundle,
    read_message,
    read_string,
    string,
)

TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=40)
FLOAT = st.floats(width=32, allow_nan=False)
ARGUMENT = st.one_of(st.integers(-(2**31), 2**31 - 1), FLOAT, TEXT, st.binary(max_size=40), st.lists(FLOAT, max_size=5))


@given(TEXT)
def test_a_string_of_any_language_is_padded_to_four_and_read_again(text: str) -> None:
    """supriya's encoder knows ASCII only: a sample called `für.wav` must load all the same."""
    data = string(text)
    assert len(data) % 4 == 0
    assert data[-1] == 0
    assert read_string(data + b"rest", 0) == (text, len(data))


@given(TEXT.map(lambda text: f"/{text}"), st.lists(ARGUMENT, max_size=6))
def test_a_message_is_read_as_it_was_written(address: str, arguments: list[int | float | str | bytes]) -> None:
    assert read_message(message(address, *arguments)) == (address, arguments)


def test_another_implementation_reads_the_same() -> None:
    theirs = OscMessage(message("/s_new", "bd", 7, 0.5, b"xyz", [1.0, 2.0]))
    assert theirs.address == "/s_new"
    assert theirs.params == ["bd", 7, 0.5, b"xyz", [1.0, 2.0]]
    whole = OscBundle(bundle(5 << 32, [message("/a"), message("/b", 1)]))
    assert [content.address for content in whole] == ["/a", "/b"]


@pytest.mark.parametrize("argument", [1 << 31, -(1 << 31) - 1, object()])
def test_what_osc_cannot_carry_is_refused(argument: object) -> None:
    with pytest.raises(FrameError):
        message("/x", argument)  # type: ignore[arg-type]


@given(st.integers(0, (1 << 64) - 1), st.lists(st.lists(ARGUMENT, max_size=3), max_size=5))
def test_a_bundle_is_read_as_it_was_written(timetag: int, rows: list[list[int | float | str | bytes]]) -> None:
    messages = [message("/m", *row) for row in rows]
    assert read_bundle(bundle(timetag, messages)) == (timetag, messages)


def test_a_bundle_in_a_bundle_is_refused_for_scsynth_ignores_it_without_a_word() -> None:
    inner = bundle(1, [message("/a")])
    with pytest.raises(FrameError, match="something else than messages"):
        read_bundle(bundle(1, [inner]))


@given(st.binary(max_size=200))
def test_random_bytes_raise_nothing_but_frame_errors(data: bytes) -> None:
    for read in (read_bundle, read_message, lambda bytes_: read_string(bytes_, 0)):
        try:
            read(data)
        except FrameError:
            continue


@given(st.data())
def test_damaged_messages_raise_nothing_but_frame_errors(data: st.DataObject) -> None:
    arguments = data.draw(st.lists(ARGUMENT, max_size=4))
    whole = bytearray(bundle(9, [message("/s_new", *arguments), message("/x", b"blob")]))
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(whole[: data.draw(st.integers(0, len(whole)))])
    try:
        for content in read_bundle(cut)[1]:
            read_message(content)
    except FrameError:
        pass


VALUES = st.lists(FLOAT, min_size=1, max_size=20)


@given(st.from_regex(r"[a-z]{1,20}\.[0-9a-f]{12}", fullmatch=True), VALUES, st.integers(0, 2**31 - 1))
def test_a_template_writes_what_the_encoder_writes(wire: str, values: list[float], node: int) -> None:
    template = NoteTemplate(wire, len(values))
    plain = message("/s_new", wire, node, 0, 0, 0, values)
    assert template.message(node, values) == plain
    assert template.bundle(77, node, values) == bundle(77, [plain])
    ready = struct.pack(f">{len(values) - 1}f", *values[:-1])
    seed = 12345
    assert note_message(template.prefix_bytes, node, ready, seed) == message(
        "/s_new", wire, node, 0, 0, 0, [*values[:-1], float(seed)]
    )


def test_a_template_refuses_a_wrong_number_of_values() -> None:
    with pytest.raises(struct.error):
        NoteTemplate("bd", 3).message(1, [1.0])
