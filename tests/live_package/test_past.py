"""What is done again after a crash: never more than two hundred blocks, and always all that they had come to."""

from hypothesis import given
from hypothesis import strategies as st

from marmalade_sc.live.past import BLOCKS, Past, since_mark


class Music:
    """A session of blocks that each set one of five names; its state as code is itself a block."""

    def __init__(self) -> None:
        self.state: dict[str, str] = {}

    def do(self, code: str) -> None:
        for line in code.splitlines():
            name, value = line.split("=")
            self.state[name] = value

    def code(self) -> str:
        return "\n".join(f"{name}={value}" for name, value in self.state.items())


def again(blocks: list[tuple[str, str]]) -> dict[str, str]:
    music = Music()
    for code, _ in blocks:
        music.do(code)
    return music.state


@given(st.lists(st.tuples(st.integers(0, 4), st.booleans()), max_size=900))
def test_what_is_kept_comes_to_what_there_was(steps: list[tuple[int, bool]]) -> None:
    past, music = Past(), Music()
    rows: list[tuple[str, str] | str] = []
    for number, (name, is_told) in enumerate(steps):
        code = f"n{name}={number}"
        music.do(code)
        past.add((code, "typed"))
        rows.append((code, "typed"))
        if is_told and past.shorten(music.code()):
            rows.append(music.code())
    assert again(past.blocks) == music.state == again(since_mark(rows))
    latest = [f"n{name}={number}" for number, (name, _) in enumerate(steps)][-BLOCKS:]
    for kept in (past.blocks, since_mark(rows)):
        assert [code for code, _ in kept][len(kept) - len(latest) :] == latest, "as they were typed"


def test_a_long_night_stays_short() -> None:
    past, music = Past(), Music()
    rows: list[tuple[str, str] | str] = []
    for number in range(20_000):
        code = f"n{number % 5}={number}"
        music.do(code)
        past.add((code, "typed"))
        rows.append((code, "typed"))
        if past.shorten(music.code()):
            rows.append(music.code())
    assert len(past.blocks) <= 2 * BLOCKS + 1 and len(since_mark(rows)) <= 2 * BLOCKS + 1


def test_a_block_that_ended_its_generation_is_not_done_again() -> None:
    past = Past([(f"n0={number}", "typed") for number in range(BLOCKS)])
    assert past.shorten("n0=99")
    past.drop()
    past.add(("n0=7", "typed"))
    assert past.blocks[-2:] == [("n0=98", "typed"), ("n0=7", "typed")]
    assert past.shorten("n0=7") is True, "the mark before spoke of the block that is gone"


def test_nothing_that_plays_is_no_block() -> None:
    past = Past([("n0=1", "typed")] * BLOCKS)
    past.shorten("")
    past.add(*[("n0=2", "typed")] * BLOCKS)
    past.shorten("n0=2")
    assert past.blocks == [("n0=2", "typed")] * BLOCKS
