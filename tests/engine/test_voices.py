"""The table of voices: a note is checked by the constant start of its message and packed for the mode that runs."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marmalade_sc.engine.layout import RANDOM_GENERATORS
from marmalade_sc.engine.voices import EXACT, WALL, VoiceTable
from marmalade_sc.errors import FrameError
from marmalade_sc.sdk.osc import NoteTemplate, message, read_message
from marmalade_sc.testing.catalogue import catalogue_row

FLOATS = st.floats(width=32, allow_nan=False)


def table(mode: str = WALL) -> VoiceTable:
    voices = VoiceTable(mode)
    voices.add([catalogue_row("bd"), catalogue_row("hh", has_exact=False), catalogue_row("verb", kind="effect")])
    return voices


def note(name: str, count: int = 5) -> bytes:
    return NoteTemplate(f"{name}.0123456789ab", count).message(1, [float(n) for n in range(count)])


@given(st.lists(FLOATS, min_size=5, max_size=5), st.integers(1 << 21, 1 << 24), st.integers(0, 2**31 - 1))
def test_a_note_reaches_scsynth_with_its_values_our_ids_and_the_internal_controls(
    values: list[float], node: int, group: int
) -> None:
    voices = table()
    written = NoteTemplate("bd.0123456789ab", 5).message(999, values)
    head, tail = voices.rewrite(written, voices.check(written), node, group, 66)
    sent = head + voices.at(7, 11) + tail
    address, arguments = read_message(sent)
    assert address == "/s_new"
    internal = [66.0, 7.0, 11.0, float(node % RANDOM_GENERATORS), values[-1]]
    assert arguments == ["bd.0123456789ab.w", node, 0, group, 0, [*values[:-1], *internal]]
    assert sent == message("/s_new", *arguments)


def test_the_mode_chooses_the_variant_where_there_is_one() -> None:
    voices = table(EXACT)
    assert voices.check(note("bd")).exact
    assert not voices.check(note("hh")).exact
    assert not table(WALL).check(note("bd")).exact


def test_effects_are_no_voices() -> None:
    voices = table()
    assert len(voices) == 2
    assert "verb.0123456789ab" not in voices
    with pytest.raises(FrameError, match="not loaded"):
        voices.check(note("verb"))


def test_a_synthdef_that_was_removed_is_refused_and_others_of_its_size_are_not() -> None:
    voices = table()
    voices.remove("bd.0123456789ab")
    voices.remove("bd.0123456789ab")
    with pytest.raises(FrameError, match="not loaded"):
        voices.check(note("bd"))
    assert voices.check(note("hh"))


def test_names_of_different_lengths_and_counts_are_told_apart() -> None:
    voices = VoiceTable(WALL)
    rows = [
        catalogue_row("a" * length, controls={f"c{n}": (0.0, 0.0, 1.0) for n in range(count)})
        for length in range(1, 12)
        for count in (1 + length % 5,)
    ]
    voices.add(rows)
    for row in rows:
        controls = row["controls"]
        assert isinstance(controls, list)
        written = NoteTemplate(f"{row['name']}.{row['hash']}", len(controls) + 1)
        assert voices.check(written.message(1, [0.0] * (len(controls) + 1))).wire == f"{row['name']}.{row['hash']}"


@given(st.binary(max_size=200))
def test_random_bytes_are_refused_with_a_frame_error(data: bytes) -> None:
    with pytest.raises(FrameError):
        table().check(data)


@given(st.integers(0, len(note("bd")) - 1), st.integers(0, 255))
def test_a_damaged_note_is_refused_or_is_a_note_with_other_values(place: int, value: int) -> None:
    damaged = bytearray(note("bd"))
    damaged[place] = value
    with contextlib.suppress(FrameError):
        voice = table().check(bytes(damaged))
        assert place >= voice.in_prefix_size or damaged == note("bd")
