"""Blocks in the file that they came from: their lines are found again wherever they have moved."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from marmalade_sc.live.blocks import Block, Blocks, rows_in, watched
from tests.live_package.stage import Stage
from tests.live_package.test_steps import steps_of

LINES = st.lists(st.sampled_from(["", "a", "b", "c", "    d"]), max_size=8)


def places(stage: Stage) -> set[tuple[Any, ...]]:
    """What is told of the next bars."""
    stage.scheduler.steps = []
    stage.run(6.0)
    return {tuple(place) for step in steps_of(stage) for place in step[4]}


def test_statements_of_one_file_have_their_own_lines() -> None:
    """The second one, sent with empty lines before it, once moved the steps of the first to its own line."""
    stage = Stage()
    for code in ('d1 >> s("bd sn")', '\n\nb1 >> bass("0 3")'):
        stage.do(*stage.session.evaluate(code, "set.py").operations)
    assert places(stage) == {("set.py", 1, 10, 2), ("set.py", 1, 13, 2), ("set.py", 3, 13, 1), ("set.py", 3, 15, 1)}


def test_lines_that_have_moved_are_told_where_they_stand_now() -> None:
    """An editor lights what it has, not what was there when the statement was evaluated."""
    stage = Stage()
    first = 'd1 >> s("bd")\n\ndef riff():\n    return s("sn hh")\n\nd2 >> riff()\n'
    stage.do(*stage.session.evaluate(first, "set.py").operations)
    assert places(stage) == {("set.py", 1, 10, 2), ("set.py", 4, 15, 2), ("set.py", 4, 18, 2)}

    def saved(text: str) -> None:
        assert stage.session.blocks.saved({"set.py": text})
        assert not stage.session.blocks.saved({"set.py": text})
        for track in stage.scheduler.tracks.values():
            for lane in track.lanes():
                lane.forget_told()

    saved("# tonight\n\n" + first)
    assert places(stage) == {("set.py", 3, 10, 2), ("set.py", 6, 15, 2), ("set.py", 6, 18, 2)}
    saved("# tonight\n\n" + first.replace('"bd"', '"hh"'))
    assert places(stage) == {("set.py", 6, 15, 2), ("set.py", 6, 18, 2)}, "what is edited away is dark"
    stage.do(*stage.session.evaluate('\n\nd1 >> s("hh")', "set.py").operations)
    stage.do(*stage.session.evaluate("\n" * 7 + "d2 >> riff()", "set.py").operations)
    assert places(stage) == {("set.py", 3, 10, 2), ("set.py", 6, 15, 2), ("set.py", 6, 18, 2)}
    saved("")
    assert places(stage) == set()


def test_a_block_is_its_name_and_no_other_of_that_name() -> None:
    blocks = Blocks()
    one, two = blocks.begin("set.py", "a"), blocks.begin("set.py", "b")
    assert one == "set.py" == two and hash(one) == hash("set.py")
    assert one != two and one == blocks.of("set.py", one.number)
    for _ in range(600):
        blocks.begin("x", "")
    assert blocks.of("set.py", one.number).lines == ()
    assert isinstance(one, Block) and one.row(7) == 7
    assert one != Blocks().begin("set.py", "a"), "another session counts from 1 as well"


def test_a_session_s_blocks_are_not_those_of_one_before() -> None:
    """Parsed notations are kept by text and block, longer than a session."""
    for text in ("", "\n\n"):
        stage = Stage()
        stage.do(*stage.session.evaluate('d1 >> s("bd sn")', "set.py").operations)
        stage.session.blocks.saved({"set.py": text + 'd1 >> s("bd sn")'})
        assert {line for _, line, *_ in places(stage)} == {1 + len(text)}


@given(LINES, LINES, LINES)
def test_a_stretch_is_found_wherever_it_is_pasted(above: list[str], stretch: list[str], below: list[str]) -> None:
    """All lines of a block, in order, at lines that read the same."""
    text = [*above, *stretch, *below]
    rows = rows_in(stretch, text)
    first = next((at for at, line in enumerate(stretch, 1) if line.strip()), len(stretch) + 1)
    assert list(rows) == list(range(first, len(stretch) + 1))
    assert [text[rows[line] - 1] for line in rows] == stretch[first - 1 :]
    assert sorted(rows.values()) == list(rows.values())


@given(LINES, LINES)
def test_what_is_found_reads_the_same(lines: list[str], text: list[str]) -> None:
    rows = rows_in(lines, text)
    assert all(text[there - 1] == lines[own - 1] for own, there in rows.items())


def test_the_nearest_of_two_is_meant() -> None:
    assert rows_in(["", "", "", "a"], ["a", "", "", "", "a"]) == {4: 5}
    assert rows_in(["", "a"], ["a", "", "", "", "a"]) == {2: 1}


def test_files_that_are_too_many_or_too_long_make_room() -> None:
    """What is told goes into one line of the protocol."""
    watches: dict[str, object] = {}
    watches = watched(watches, {"steps": True})
    for number in range(20):
        watches = watched(watches, {"source": f"{number}.py", "text": "x" * 20_000})
    texts = watches["texts"]
    assert isinstance(texts, dict)
    assert list(texts) == [f"{number}.py" for number in range(13, 20)] and watches["steps"] is True
    watches = watched(watches, {"source": "19.py", "text": ""})
    watches = watched(watches, {"source": "18.py", "text": "x" * 150_001})
    texts = watches["texts"]
    assert isinstance(texts, dict)
    assert "19.py" not in texts and "18.py" not in texts
    assert watched(watches, {"steps": False}) == {"steps": False, "texts": texts}
