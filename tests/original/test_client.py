"""Our side asks an original player, which has all its faults: lists, an archive, a play."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import TypeVar

import pytest

from marmalade_sc.errors import PeerError
from marmalade_sc.ids import GeneratorId, PlayerId
from marmalade_sc.original.client import Client
from marmalade_sc.original.wire import Address, Play
from tests.original.lisp import Lisp
from tests.original.test_wire import OWN

T = TypeVar("T")


@pytest.fixture
def lisp() -> Iterator[Lisp]:
    with Lisp() as made:
        yield made


def asked(address: str, ask: Callable[[Client], Awaitable[T]]) -> T:
    async def whole() -> T:
        async with Client(Address.parse(address)) as client:
            return await ask(client)

    return asyncio.run(whole())


def refused(address: str, ask: Callable[[Client], Awaitable[object]]) -> str:
    with pytest.raises(PeerError) as raised:
        asked(address, ask)
    assert str(raised.value) == raised.value.message, "what the command line shows"
    return raised.value.message


def test_its_lists_and_archives_are_read_and_false_is_an_empty_list(lisp: Lisp) -> None:
    (known,) = asked(lisp.address, lambda client: client.players())
    assert (str(known.key.player), known.address, known.last_seen_s) == (lisp.name, lisp.address, 60)
    assert asked(lisp.address, lambda client: client.generators()) == []
    lisp.generators[lisp.name, "loop"] = bytes(range(256)) * 5
    (listed,) = asked(lisp.address + "/", lambda client: client.generators())
    assert str(listed.id) == f"{lisp.name}:loop"
    assert asked(lisp.address, lambda client: client.archive(listed.id)) == bytes(range(256)) * 5
    missing = GeneratorId(listed.id.player, "other")
    said = refused(lisp.address, lambda client: client.archive(missing))
    assert said == f'{lisp.address} refuses (404): 404 - not found: "generator {missing} was not found"'


def test_what_has_a_plus_in_its_name_is_told_to_be_out_of_reach() -> None:
    """An original server takes each plus of a path for a space, however it is written."""
    with Lisp(has_plus=True) as lisp:
        lisp.generators[lisp.name, "loop"] = b"archive"
        wanted = GeneratorId(PlayerId.parse(lisp.name), "loop")
        assert "with a + in its name" in refused(lisp.address, lambda client: client.archive(wanted))
        assert lisp.lines[0] == f"GET /generator/{wanted} HTTP/1.1", "as it is, as its own clients write it"


def test_a_play_is_asked_for_in_lines_that_lose_nothing(lisp: Lisp) -> None:
    longest = Play("j" * 64, "g" * 64, "i" * 64, Address("127.0.0.1", 1), OWN.public)
    lisp.jam, who = longest.jam, str(OWN.public.player)
    lisp.generators[who, longest.generator] = b"archive"
    asked(lisp.address, lambda client: client.play(longest, OWN))
    assert lisp.played == [(who, longest.generator, longest.instance)]
    assert max(map(len, lisp.lines)) <= 256
    said = refused(lisp.address, lambda client: client.play(longest, OWN))
    assert f'"Instance {longest.instance} of generator {longest.generator} has already' in said


def test_a_request_behind_a_prefix_goes_there_and_is_not_longer_than_a_line(lisp: Lisp) -> None:
    behind = f"{lisp.address}/our/jam"
    assert "404" in refused(behind, lambda client: client.players())
    assert lisp.lines[0] == "GET /our/jam/players HTTP/1.1"
    longest = Play("j" * 64, "g" * 64, "i" * 64, Address("127.0.0.1", 1), OWN.public)
    assert "that long" in refused(f"{lisp.address}/{'p' * 30}", lambda client: client.play(longest, OWN))


def test_an_answer_that_is_longer_than_it_says_is_told_in_a_sentence() -> None:
    """It counts characters: a comment that is not ASCII makes its list of players longer than announced."""
    with Lisp(comment="pér@test") as lisp:
        said = refused(lisp.address, lambda client: client.players())
    assert "ASCII" in said and "ssh-rsa" not in said and len(said) < 150


def test_nobody_there_is_told_in_a_sentence() -> None:
    with Lisp() as lisp:
        pass
    assert (
        refused(lisp.address, lambda client: client.players()) == f"{lisp.address} cannot be asked: it does not answer"
    )
