"""Frames: what a source writes into its stream is what the dispatcher reads; anything else is a FrameError."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marmalade_sc.errors import FrameError
from marmalade_sc.sdk.frames import (
    LARGEST_DATA,
    Bundles,
    Frame,
    Mix,
    Release,
    Section,
    Swap,
    TimelineChange,
    decode_sections,
    encode_section,
    join_bundles,
)
from marmalade_sc.sdk.osc import bundle, message

NAMES = st.from_regex(r"[a-z]{1,12}[0-9]{1,4}", fullmatch=True)
TIMES = st.integers(0, (1 << 64) - 1)
EPOCHS = st.integers(0, (1 << 32) - 1)
SETTINGS = st.dictionaries(st.text(max_size=8), st.floats(allow_nan=False, allow_infinity=False), max_size=3)
BUNDLES = st.lists(st.binary(min_size=20, max_size=60), max_size=4)
SECTIONS: st.SearchStrategy[Section] = st.one_of(
    st.builds(Bundles, NAMES, EPOCHS, TIMES, BUNDLES.map(join_bundles)),
    st.builds(Swap, NAMES, EPOCHS, TIMES),
    st.builds(Release, NAMES, EPOCHS, TIMES, st.floats(0.0078125, 10, width=32)),
    st.builds(TimelineChange, SETTINGS),
    st.builds(Mix, NAMES, TIMES, SETTINGS),
)
FRAMES = st.builds(Frame, TIMES, TIMES, TIMES, TIMES, st.lists(SECTIONS, max_size=5).map(tuple))


def wire(frame: Frame) -> dict[bytes, bytes]:
    """The fields as Redis gives them back: all bytes."""
    return {
        name.encode(): value if isinstance(value, bytes) else str(value).encode()
        for name, value in frame.fields().items()
    }


@given(FRAMES)
def test_a_frame_is_read_as_it_was_written(frame: Frame) -> None:
    assert Frame.read(wire(frame)) == frame


@given(BUNDLES)
def test_bundles_come_out_in_the_order_they_went_in(bundles: list[bytes]) -> None:
    assert list(Bundles("d1", 1, 0, join_bundles(bundles)).bundles()) == bundles


@given(st.binary(max_size=300))
def test_random_bytes_raise_nothing_but_frame_errors(data: bytes) -> None:
    """Frames come from strangers: whatever they send, the music of the others goes on."""
    try:
        for section in decode_sections(data):
            if isinstance(section, Bundles):
                list(section.bundles())
    except FrameError:
        pass


@given(st.dictionaries(st.sampled_from([b"v", b"seq", b"tl_rev", b"first", b"last", b"data"]), st.binary(max_size=60)))
def test_random_fields_raise_nothing_but_frame_errors(fields: dict[bytes, bytes]) -> None:
    with contextlib.suppress(FrameError):
        Frame.read({b"v": b"1", **fields})


@given(FRAMES, st.data())
def test_damaged_frames_raise_nothing_but_frame_errors(frame: Frame, data: st.DataObject) -> None:
    fields = wire(frame)
    body = bytearray(fields[b"data"])
    for _ in range(data.draw(st.integers(1, 4)) if body else 0):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    fields[b"data"] = bytes(body[: data.draw(st.integers(0, len(body)))])
    try:
        for section in Frame.read(fields).sections:
            if isinstance(section, Bundles):
                list(section.bundles())
    except FrameError:
        pass


@pytest.mark.parametrize(
    ("name", "value"),
    [
        (b"v", b"2"),
        (b"v", b"one"),
        (b"seq", b"-1"),
        (b"seq", b"18446744073709551616"),
        (b"first", b"1.5"),
        (b"seq", b"9" * 5000),
        (b"data", b"\x09" + bytes(19)),
        (b"data", bytes(7)),
    ],
)
def test_a_wrong_field_is_refused(name: bytes, value: bytes) -> None:
    fields = wire(Frame(1, 1, 1, 1, ()))
    with pytest.raises(FrameError):
        Frame.read({**fields, name: value})


@pytest.mark.parametrize("missing", [b"v", b"seq", b"tl_rev", b"first", b"last", b"data"])
def test_a_missing_field_is_refused(missing: bytes) -> None:
    fields = wire(Frame(1, 1, 1, 1, ()))
    del fields[missing]
    with pytest.raises(FrameError):
        Frame.read(fields)


def test_a_frame_beyond_the_limit_is_neither_written_nor_read() -> None:
    large = Bundles("d1", 1, 0, bytes(LARGEST_DATA))
    with pytest.raises(FrameError, match="split"):
        Frame(1, 1, 1, 1, (large,)).fields()
    fields = wire(Frame(1, 1, 1, 1, ()))
    with pytest.raises(FrameError, match="larger"):
        Frame.read({**fields, b"data": bytes(LARGEST_DATA + 1)})


@pytest.mark.parametrize("fade_s", [float("nan"), float("inf"), -1.0, 0.0])
def test_a_fade_that_cannot_be_is_brought_into_range(fade_s: float) -> None:
    """Division by it happens in the strip: a NaN there would silence the track for good."""
    (section,) = decode_sections(encode_section(Release("d1", 1, 5, fade_s)))
    assert isinstance(section, Release)
    assert 0.005 <= section.fade_s <= 10.0


@pytest.mark.parametrize("settings", ["[]", "1", "{", "[" * 100_000, '"\\ud800'])
def test_settings_that_are_no_object_are_refused(settings: str) -> None:
    good = encode_section(Mix("d1", 0, {}))
    head = bytearray(good[:20])
    body = settings.encode("utf-8", "surrogatepass")
    head[16:20] = len(body).to_bytes(4, "big")
    with pytest.raises(FrameError):
        list(decode_sections(bytes(head) + b"d1" + body))


def test_a_name_beyond_64_bytes_is_refused() -> None:
    with pytest.raises(FrameError, match="wrong length"):
        list(decode_sections(encode_section(Swap("d" * 65, 1, 1))))


def test_a_mix_carries_plain_json() -> None:
    settings: dict[str, Any] = {"gain_db": -3.0, "sends": {"r1": -12.0}}
    data = encode_section(Mix("d1", 9, settings))
    assert json.loads(data[22:]) == settings
    assert list(decode_sections(data)) == [Mix("d1", 9, settings)]


def test_bundles_with_wrong_lengths_are_refused_where_they_are_read() -> None:
    whole = join_bundles([bundle(5, [message("/a")])])
    for body in (whole[:-1], whole + b"\0\0", (19).to_bytes(4, "big") + bytes(19), b"\xff\xff\xff\xff" + whole):
        with pytest.raises(FrameError):
            list(Bundles("d1", 1, 0, body).bundles())
