"""Waits for conditions: once for each time, in order, with a timeout, a thousand at once."""

from marmalade_sc.sdk.conditions import Value, condition
from marmalade_sc.sdk.waits import Do, Wait, Waits


class Stage:
    """Waits, and what they did."""

    def __init__(self) -> None:
        self.waits = Waits()
        self.done: list[str] = []

    def wait(self, text: str, name: str, deadline: int | None = None, once: bool = False) -> None:
        found = condition(text)
        self.waits.add(
            Wait(found, lambda: self.done.append(name), deadline, lambda: self.done.append(f"no {name}"), once)
        )

    def look(self, now: int = 0, **values: Value) -> list[str]:
        self.done.clear()

        def carry_out(do: Do) -> None:
            do()

        self.waits.look(values, now, carry_out)
        return list(self.done)


def test_a_wait_fires_each_time_that_its_condition_becomes_true() -> None:
    stage = Stage()
    stage.wait("a == 1 and b > 2", "x")
    rows: list[tuple[int, int]] = [(1, 2), (1, 3), (1, 4), (2, 4), (1, 4)]
    assert [stage.look(a=a, b=b) for a, b in rows] == [[], ["x"], [], [], ["x"]]


def test_waits_fire_in_the_order_in_which_they_were_made() -> None:
    stage = Stage()
    stage.wait("b == 1", "first")
    stage.wait("a == 1", "second")
    assert stage.look(a=1, b=1) == ["first", "second"]


def test_one_that_is_once_is_over() -> None:
    stage = Stage()
    stage.wait("a == 1", "x", once=True)
    assert [stage.look(a=a) for a in (1, 0, 1)] == [["x"], [], []]


def test_a_timeout_gives_up_what_has_not_happened_and_nothing_else() -> None:
    stage = Stage()
    stage.wait("a == 1", "x", deadline=10)
    stage.wait("b == 1", "y", deadline=10)
    assert [stage.look(5, b=1), stage.look(10, b=1), stage.look(11, a=1), stage.look(12, b=0)] == [
        ["y"],
        ["no x"],
        [],
        [],
    ]
    assert stage.look(13, b=1) == ["y"]


def test_changes_fire_each_time() -> None:
    stage = Stage()
    stage.wait("changed(a)", "x")
    assert [stage.look(a=a) for a in (None, 1, 1, 2, 1)] == [[], ["x"], [], ["x"], ["x"]]


def test_a_thousand_wait_at_once() -> None:
    stage = Stage()
    for number in range(1000):
        stage.wait(f"a == {number}", str(number))
    assert stage.look(a=999) == ["999"]
    assert stage.look(a=5) == ["5"]
