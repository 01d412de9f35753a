"""What an original player may ask of us: it lists, fetches and plays what it may, and nothing more.

Each weakness of the original that a request can reach has a test here or in test_server.py that it did not come with
the protocol.
"""

import asyncio
import contextlib
from pathlib import Path

import pytest
from aiohttp import web

from marmalade_sc.errors import PeerError
from marmalade_sc.generators.archive import File, Tree, pack, read_archive
from marmalade_sc.generators.trust import BLOCK, FULL
from marmalade_sc.ids import GeneratorId
from marmalade_sc.original.book import Book
from marmalade_sc.original.wire import Address, Known
from tests.original.doors import OWN, THEM, TREE, Door, gives, run


def test_a_trusted_player_s_generator_is_fetched_checked_and_run_once(tmp_path: Path) -> None:
    async def test(made: Door) -> None:
        made.trust()
        await made.client.play(made.play(), THEM)
        assert made.ran == [(f"{THEM.public.player}:drums", TREE.sha256, "1")]
        assert made.theirs.asked == [f"/generator/{THEM.public.player}:drums"]
        assert "already been run" in await made.refused(made.play())
        await made.client.play(made.play(instance="2"), THEM)
        assert len(made.theirs.asked) == 1, "the first version of a name is the one"
        listed = await made.client.generators()
        assert [str(each.id) for each in listed] == [f"{THEM.public.player}:drums"]
        assert [each.key for each in await made.client.players()] == [OWN.public, THEM.public]
        again = Book.open(tmp_path / "original.json")
        assert again.players == made.house.book.players and again.generators == made.house.book.generators

    run(tmp_path, test)


def test_what_is_ours_is_listed_and_given_under_our_rsa_name(tmp_path: Path) -> None:
    async def test(made: Door) -> None:
        made.house.shelf.add(TREE, made.own, "mine")
        (listed,) = await made.client.generators()
        assert str(listed.id) == f"{OWN.public.player}:mine"
        assert read_archive(await made.client.archive(listed.id)).sha256 == TREE.sha256
        with pytest.raises(PeerError, match="404"):
            await made.client.archive(GeneratorId(made.own.player, "mine"))

    run(tmp_path, test)


def test_nobody_s_code_runs_and_nothing_is_fetched_or_kept_before_it_is_trusted(tmp_path: Path) -> None:
    async def test(made: Door) -> None:
        assert "untrusted" in await made.refused(made.play())
        assert "untrusted" in await made.refused(made.play())
        assert len(made.said) == 1 and f"generator trust {THEM.public.player} sandbox" in made.said[0]
        made.trust(FULL)
        assert "sandbox at most" in await made.refused(made.play())
        made.trust(BLOCK)
        assert "blocked" in await made.refused(made.play())
        assert not made.theirs.asked and not made.ran and not made.house.book.players

    run(tmp_path, test)


def test_no_jam_is_no_jam_called_nil(tmp_path: Path) -> None:
    async def test(made: Door) -> None:
        made.trust()
        assert "jam" in await made.refused(made.play(jam="j2"))
        made.jam = ""
        assert "jam" in await made.refused(made.play(jam="NIL"))
        assert not made.theirs.asked and not made.house.book.players

    run(tmp_path, test)


def test_a_refused_or_replayed_request_changes_nobody_s_address(tmp_path: Path) -> None:
    async def test(made: Door) -> None:
        made.trust()
        await made.client.play(made.play(), THEM)
        before = dict(made.house.book.players)
        assert "already been run" in await made.refused(made.play())
        assert "untrusted" in await made.refused(made.play(instance="9"), OWN)
        assert made.house.book.players == before

    run(tmp_path, test)


def test_nothing_is_fetched_from_where_a_stranger_points(tmp_path: Path) -> None:
    """The address of a request is signed by a stranger; only where the request itself came from is asked."""

    async def test(made: Door) -> None:
        made.trust()
        for host in ("127.0.0.2", "10.0.0.1", "no-such-host.invalid"):
            assert "audience" in await made.refused(made.play(address=Address(host, made.theirs.address.port)))
        assert not made.theirs.asked

        async def elsewhere(request: web.Request) -> web.StreamResponse:
            raise web.HTTPFound("http://127.0.0.1:1/generator/x")

        made.theirs.answer = elsewhere
        said = await made.refused(made.play())
        assert "cannot be fetched" in said and "302" not in said, "what the other end said is nobody's business"
        assert len(made.theirs.asked) == 1, "a redirect is not followed"

    run(tmp_path, test)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no archive",
        b"\x1f\x8b" + b"\0" * 100,
        pack(Tree.of({"notes.txt": File(b"nothing runs")})),
        pack(Tree.of({**TREE.files, "generator.toml": File(b'name = "another"')})),
    ],
)
def test_an_archive_that_is_none_is_neither_kept_nor_run(tmp_path: Path, data: bytes) -> None:
    async def test(made: Door) -> None:
        made.trust()
        made.theirs.answer = gives(data)
        assert "malformed" in await made.refused(made.play())
        assert not made.ran and not list((tmp_path / "generators").glob("*"))
        made.theirs.answer = gives(pack(TREE))
        await made.client.play(made.play(), THEM)

    run(tmp_path, test)


def test_an_archive_without_end_is_cut(tmp_path: Path) -> None:
    async def test(made: Door) -> None:
        made.trust()

        async def endless(request: web.Request) -> web.StreamResponse:
            response = web.StreamResponse()
            await response.prepare(request)
            with contextlib.suppress(ConnectionError):
                while True:
                    await response.write(b"x" * 65536)
            return response

        made.theirs.answer = endless
        assert "large" in await made.refused(made.play())
        assert not made.ran

    run(tmp_path, test)


def test_a_name_that_another_has_here_is_not_taken_over(tmp_path: Path) -> None:
    async def test(made: Door) -> None:
        made.trust()
        (tmp_path / "generators").mkdir()
        (tmp_path / "generators" / f"{THEM.public.player}:drums.tgz").write_bytes(b"another's")
        assert "conflict" in await made.refused(made.play())
        assert (tmp_path / "generators" / f"{THEM.public.player}:drums.tgz").read_bytes() == b"another's"

    run(tmp_path, test)


def test_what_a_user_has_fetched_by_hand_is_the_generator_that_is_played(tmp_path: Path) -> None:
    async def test(made: Door) -> None:
        made.trust()
        (tmp_path / "generators").mkdir()
        (tmp_path / "generators" / f"{THEM.public.player}:drums.tgz").write_bytes(pack(TREE))
        await made.client.play(made.play(), THEM)
        assert made.ran == [(f"{THEM.public.player}:drums", TREE.sha256, "1")]

    run(tmp_path, test)


def test_of_two_keys_with_one_name_the_first_keeps_it(tmp_path: Path) -> None:
    """A name has 48 bits: somebody may have made a key for it. Nothing of the second one is asked for or written."""

    async def test(made: Door) -> None:
        made.trust()
        first = Known(OWN.public, "http://127.0.0.1:1", 1_700_000_000)
        made.house.book.players[THEM.public.player] = first
        assert "conflict" in await made.refused(made.play())
        assert made.house.book.players[THEM.public.player] == first and not made.theirs.asked and not made.ran

    run(tmp_path, test)


def test_a_player_s_generators_fill_bounded_room(tmp_path: Path) -> None:
    async def test(made: Door) -> None:
        made.trust()
        for number in range(100):
            made.house.book.generators[GeneratorId(THEM.public.player, f"g{number}")] = TREE.sha256
        assert "full" in await made.refused(made.play())
        assert not made.theirs.asked, "before anything is fetched"
        await made.client.play(made.play(generator="g7"), THEM)

    run(tmp_path, test)


def test_what_asks_for_one_generator_at_once_fetches_it_once(tmp_path: Path) -> None:
    """Also while others fail: each that waited tries in its turn, never two together, whoever comes meanwhile."""

    async def test(made: Door) -> None:
        made.trust()
        at_once = most = 0
        late: list[asyncio.Task[None]] = []

        async def slow(request: web.Request) -> web.Response:
            nonlocal at_once, most
            at_once += 1
            most = max(most, at_once)
            if len(made.theirs.asked) == 2:
                late.append(asyncio.create_task(made.client.play(made.play(instance="late"), THEM)))
            await asyncio.sleep(0.05)
            at_once -= 1
            return web.Response(status=404) if len(made.theirs.asked) < 4 else web.Response(body=pack(TREE))

        made.theirs.answer = slow
        plays = [made.client.play(made.play(instance=str(number)), THEM) for number in range(6)]
        found = await asyncio.gather(*plays, return_exceptions=True)
        await late[0]
        assert [type(each) for each in found].count(PeerError) == 3 and len(made.theirs.asked) == 4 and most == 1

    run(tmp_path, test)


def test_what_does_not_run_is_told_to_both_sides(tmp_path: Path) -> None:
    """The original answers `OK` before it has started anything, and nobody hears of a failure."""

    async def test(made: Door) -> None:
        made.trust()
        made.fault = f"no sandbox in {tmp_path}"
        said = await made.refused(made.play())
        assert "failed" in said and str(tmp_path) not in said
        assert made.said == [f"{THEM.public.player}:drums of an original player does not run: {made.fault}"]
        assert not made.house.book.players

    run(tmp_path, test)
