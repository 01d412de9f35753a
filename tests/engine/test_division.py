"""Dividing a score: every note in exactly one part, and nothing of the mix in a strip; tests/live compares samples."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marmalade_sc.engine.division import Division, divide
from marmalade_sc.engine.layout import MASTER_BUS, Strip, voice_node
from marmalade_sc.engine.mixer import MASTER_SYNTH, STEM_SYNTH, STRIP_SYNTH, Mixer
from marmalade_sc.engine.score import Score
from marmalade_sc.engine.strips import StripSettings
from marmalade_sc.errors import EngineError
from marmalade_sc.sdk.osc import message, read_bundle, read_message


def score(tracks: list[int], send: bool = False) -> bytes:
    """A score with so many notes in each track; the first track sends to the last when `send`."""
    file = io.BytesIO()
    made = Score(file, 48_000)
    mixer = Mixer()
    made.setup(mixer.base())
    count = 0
    for number, notes in enumerate(tracks):
        channel, built = mixer.open(f"t{number}")
        made.soon(built)
        for _ in range(notes):
            count += 1
            made.add(count << 24, [message("/s_new", "x", voice_node(count), 0, channel.source, "amp", 0.5)])
    if send:
        made.soon(mixer.set("t0", StripSettings(sends=((f"t{len(tracks) - 1}", 0.0),))))
    made.add(count + 1 << 24, [message("/c_set", 1, 0.0)])
    return file.getvalue()


def messages(data: bytes) -> list[tuple[str, list[object]]]:
    found: list[tuple[str, list[object]]] = []
    at = 0
    while at < len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        _, contents = read_bundle(data[at + 4 : at + 4 + size])
        for content in contents:
            address, arguments = read_message(content)
            found.append((address, list(arguments)))
        at += 4 + size
    return found


def notes(data: bytes) -> list[object]:
    return [arguments[1] for address, arguments in messages(data) if address == "/s_new" and arguments[0] == "x"]


def synths(data: bytes) -> list[object]:
    return [arguments[0] for address, arguments in messages(data) if address == "/s_new"]


def parts_of(found: Division) -> list[bytes]:
    return [*(share.score for share in found.shares), found.last]


@given(st.lists(st.integers(0, 6), min_size=2, max_size=40), st.integers(2, 8), st.booleans())
def test_every_note_is_in_exactly_one_part_and_no_strip_has_a_mixer(tracks: list[int], parts: int, send: bool) -> None:
    whole = score(tracks, send)
    found = divide(whole, parts, 2)
    if found is None:
        return
    divided = [note for part in parts_of(found) for note in notes(part)]
    assert sorted(divided, key=str) == sorted(notes(whole), key=str)
    assert len(found.shares) <= parts
    assert 2 + found.inputs <= MASTER_BUS
    for share in found.shares:
        assert STRIP_SYNTH not in synths(share.score)
        assert MASTER_SYNTH not in synths(share.score)
        assert synths(share.score).count(STEM_SYNTH) == len(share.slots) == share.channels // 2
    assert synths(found.last).count(STRIP_SYNTH) == synths(whole).count(STRIP_SYNTH)


def test_each_strip_is_heard_on_the_bus_of_its_own_track() -> None:
    found = divide(score([5, 3, 1]), 2, 4)
    assert found is not None
    order = [slot for share in found.shares for slot in share.slots]
    inputs = [
        dict(zip(arguments[4::2], arguments[5::2], strict=True))
        for address, arguments in messages(found.last)
        if address == "/s_new" and arguments[0] == STEM_SYNTH
    ]
    heard = {row["bus"]: row["out"] for row in inputs}
    assert heard == {4.0 + 2 * place: float(Strip(slot).bus) for place, slot in enumerate(order)}


def test_a_track_that_others_send_to_keeps_its_voices_in_the_last_pass() -> None:
    """Its bus is a sum in which the order of summands decides about the last bit."""
    found = divide(score([2, 2, 2], send=True), 3, 2)
    assert found is not None
    assert sorted(slot for share in found.shares for slot in share.slots) == [0, 1]
    assert len(notes(found.last)) == 2


@pytest.mark.parametrize(("tracks", "parts"), [([4], 2), ([4, 0], 2), ([4, 4], 1)])
def test_what_cannot_be_divided_is_not(tracks: list[int], parts: int) -> None:
    assert divide(score(tracks), parts, 2) is None


def test_shares_have_about_as_many_notes_each() -> None:
    found = divide(score([6, 5, 4, 3, 2, 2]), 2, 2)
    assert found is not None
    assert sorted(len(notes(share.score)) for share in found.shares) == [11, 11]


def test_half_a_score_is_an_error() -> None:
    with pytest.raises(EngineError):
        divide(score([3, 3])[:-3], 2, 2)
