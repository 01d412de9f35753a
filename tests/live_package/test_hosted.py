"""Generators in the user's code are orders for the player, and mistakes are told where they are."""

import pytest

from marmalade_sc.errors import UsageError
from marmalade_sc.live.operations import Hush, SetMix
from marmalade_sc.live.session import Session
from tests.live_package.stage import Stage


@pytest.fixture
def session() -> Session:
    return Stage().session


def test_a_track_takes_a_generator_as_it_takes_a_pattern(session: Session) -> None:
    done = session.evaluate('g1 >> jam["drums"](density=.8, bars=4)')
    assert done.operations == (Hush("g1"),)
    assert done.orders == (
        {"do": "run", "generator": "drums", "track": "g1", "replace": True, "controls": {"density": 0.8}, "bars": 4.0},
    )
    assert session.evaluate('g1 >> jam["drums"]').orders[0]["controls"] == {}
    stopped = {"do": "stop", "name": "g1", "quiet": True}
    assert session.evaluate('g1 >> s("bd")').orders == (stopped,)
    assert session.evaluate('g1 >> s("bd")').orders == (), "it has gone"
    session.evaluate('g1 >> jam["drums"]')
    assert session.evaluate("hush(g1)").orders == (stopped,)


def test_a_generator_of_another_player_is_transposed(session: Session) -> None:
    (order,) = session.evaluate('p1 >> jam["abcdefgh/acid"].transpose(5)').orders
    assert order["generator"] == "abcdefgh:acid" and order["semitones"] == 5.0 and order["track"] == "p1"
    (order,) = session.evaluate('p1 >> jam["acid"](cutoff=3).transpose(-12)').orders
    assert order["controls"] == {"cutoff": 3.0} and order["semitones"] == -12.0
    with pytest.raises(UsageError, match="semitones"):
        session.evaluate('p1 >> jam["acid"].transpose(200)')


def test_what_others_play_here_is_muted_by_name(session: Session) -> None:
    """`acid` is a sound in the code, and a strip whose name is no word of Python has no other name at all."""
    for word in ("mute", "unmute", "solo", "unsolo", "hush"):
        assert session.evaluate(f'{word}("d1-Ab12Cd34")').orders == ({"do": word, "track": "d1-Ab12Cd34"},)
    session.evaluate('d1 >> s("bd")')
    done = session.evaluate('mute("d1", "acid")')
    assert done.operations == (SetMix("d1", {"mute": True}),) and len(done.orders) == 1
    with pytest.raises(UsageError, match="is not a track") as raised:
        session.evaluate("mute(bass)")
    assert "in quotes" in str(raised.value.hint)


def test_what_was_shared_is_ended_for_all_from_the_prompt(session: Session) -> None:
    (order,) = session.evaluate('jam.unshare("acid", bars=2)').orders
    assert order == {"do": "share_stop", "name": "acid", "bars": 2.0}


def test_playing_stopping_and_setting_are_orders(session: Session) -> None:
    assert session.evaluate('jam.play("drums", track="x", seconds=3, density=1)').orders == (
        {
            "do": "run",
            "generator": "drums",
            "track": "x",
            "replace": False,
            "controls": {"density": 1.0},
            "seconds": 3.0,
        },
    )
    assert session.evaluate('jam.stop("drums", bars=2)').orders == ({"do": "stop", "name": "drums", "bars": 2.0},)
    assert session.evaluate("jam.stop()").orders == ({"do": "stop", "name": "", "bars": 0.0},)
    assert session.evaluate('jam["drums"].set(density=.1); jam["drums"].stop(1)').orders == (
        {"do": "control", "name": "drums", "controls": {"density": 0.1}},
        {"do": "stop", "name": "drums", "bars": 1.0},
    )
    assert session.evaluate('jam["drums"](density=.5)').value == 'jam["drums"](density=0.5)'


@pytest.mark.parametrize(
    "code", ['jam["drums"](density="x")', "jam[3]", 'jam["drums"](bars=1, seconds=2)', 'jam["drums"].set(a=True)']
)
def test_mistakes_have_their_place(session: Session, code: str) -> None:
    with pytest.raises(UsageError) as caught:
        session.evaluate(code)
    assert caught.value.where is not None
