"""Which voices end where there are too many: those that still sound, guests' first, the oldest first."""

from hypothesis import given
from hypothesis import strategies as st

from marmalade_sc.engine.reign import Reign
from marmalade_sc.engine.sounding import Note, Sounding
from marmalade_sc.engine.voices import WALL, VoiceTable
from marmalade_sc.testing.catalogue import catalogue_row
from tests.engine.rig import MS, note

OWN, GUEST = Reign("d1"), Reign("g1")


@given(st.lists(st.tuples(st.integers(0, 5000), st.booleans()), max_size=40), st.integers(0, 50), st.integers(0, 6000))
def test_who_ends_is_chosen_by_whether_he_sounds_then_whose_he_is_then_his_age(
    begun: list[tuple[int, bool]], count: int, now_ms: int
) -> None:
    """On stage it is heard: what the performer plays himself goes last, and nothing is ended twice."""
    voices = VoiceTable(WALL)
    voices.add([catalogue_row("bd")])
    message = note()  # 0.2 s long
    sounding = Sounding()
    for node, (at_ms, is_guest) in enumerate(begun):
        track = GUEST if is_guest else OWN
        sounding.add(at_ms * MS, Note(track, 0, node, b"", b"", message, voices.check(message)))

    def rank(node: int) -> tuple[int, int]:
        at_ms, is_guest = begun[node]
        return (2 if at_ms + 1200 <= now_ms else 0 if is_guest else 1, node)

    chosen = [each.node for each in sounding.take(count, now_ms * MS, {id(GUEST)})]
    assert chosen == sorted(range(len(begun)), key=rank)[:count]
    rest = [each.node for each in sounding.take(100, now_ms * MS, {id(GUEST)})]
    assert sorted(chosen + rest) == list(range(len(begun)))
