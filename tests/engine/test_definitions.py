"""Replaced synthdefs: they ring out for a while and then go, however often others are saved."""

from marmalade_sc.engine.definitions import Definitions, Retirement


def version(*hashes: str) -> Definitions:
    return Definitions(tuple({"hash": each} for each in hashes), tuple(each.encode() for each in hashes))


def test_what_was_replaced_stays_for_its_time_and_goes_then_once() -> None:
    retirement = Retirement(60)
    both = retirement.replace(version("a", "b"), version("a", "c"), 100)
    assert both == version("a", "c", "b")
    assert retirement.due(159) == []
    assert retirement.due(160) == ["b"]
    assert retirement.due(999) == []
    assert both.without(["b"]) == version("a", "c")


def test_saves_that_never_rest_keep_no_more_than_a_ring_out_of_versions() -> None:
    """A performer who saves every few seconds would fill the server within a night."""
    retirement = Retirement(60)
    loaded = version("v0")
    for save in range(1, 1000):
        now = 7 * save
        loaded = retirement.replace(loaded, version(f"v{save}"), now)
        loaded = loaded.without(retirement.due(now))
        assert len(loaded.rows) <= 60 // 7 + 2
    assert loaded.rows[0] == {"hash": "v999"}


def test_a_version_that_comes_back_is_not_taken_away() -> None:
    """Undo in the editor brings the old text back, and with it the old hash."""
    retirement = Retirement(60)
    both = retirement.replace(version("a"), version("b"), 0)
    both = retirement.replace(both, version("a"), 30)
    assert both == version("a", "b")
    assert retirement.due(89) == []
    assert retirement.due(90) == ["b"]
