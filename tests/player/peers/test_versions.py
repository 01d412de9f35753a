"""T18: the attacks on who distributes software that The Update Framework names, on how generators come to a player.

Its roles and thresholds are not ours: a generator has one author, whose key signs each of its versions, and a play
names the version by its hash. So each attack is one on that, or on whoever has the bytes:

| attack | here |
| --- | --- |
| arbitrary installation | bytes that are not the author's, or a record of somebody else for the author's name |
| endless data | whoever has it sends without end: not a byte more than was signed is read |
| extraneous dependencies | a manifest that asks for more than its archive; nothing is fetched for it |
| fast-forward | the highest sequence there can be keeps no other version away |
| indefinite freeze | an old record does not outlive its time, and no "newest" is held back: a play names its version |
| malicious mirrors | whoever is asked first has rubbish, breaks off, or says no: the next one is asked, and has it |
| mix-and-match | the record of one version with the bytes, the name or the shelf's signature of another |
| rollback | a record or a play that was heard is no news when it comes again; what was stopped stays so |
| key compromise | the old key of an author who has a new one is asked about, and gives the name to nobody else |
| wrong software | another generator of the same author, under the name of the one that was asked for |
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from marmalade_sc.errors import ManifestError, MarmaladeError, PeerError
from marmalade_sc.generators.archive import File, Tree
from marmalade_sc.generators.manifest import read_manifest
from marmalade_sc.identity.keys import Identity
from marmalade_sc.identity.signing import sign
from marmalade_sc.peers.client import Client
from marmalade_sc.peers.judgement import judge_play, manifest_of
from marmalade_sc.peers.ledger import Ledger
from marmalade_sc.peers.reach import Endpoint
from marmalade_sc.peers.records import GeneratorRecord, Record, Signed, signed
from marmalade_sc.player.shared.deliveries import Deliveries
from marmalade_sc.player.trust.acquaintances import Acquaintances
from tests.peers import makers
from tests.peers.houses import SmallHouse, serving
from tests.peers.makers import JAM, NOW
from tests.player.peers.test_process import ALICE, BOB, EVE, TREE, received

pytestmark = pytest.mark.faults
DRUMS = f"{ALICE.player}:drums"


def tree(name: str = "drums", version: str = "1", **files: str) -> Tree:
    manifest = f'name = "{name}"\nversion = "{version}"\n'
    more = {path: File(text.encode()) for path, text in files.items()}
    return Tree.of({"generator.toml": File(manifest.encode()), "play": File(b"#!/bin/sh\n", True), **more})


def record(of: Tree, sequence: int = 1, signer: Identity = ALICE, name: str = "1", generator: str = DRUMS) -> Record:
    """What a signer says of a version, as `jam.share` has it said."""
    shelf = sign(signer, "generator version", generator, name, of.sha256)
    head = makers.generator(signer, sequence, bytes.fromhex(of.sha256))
    return replace(head, generator=generator, name=name, size=len(of.canonical), shelf=shelf)


def said(of: Record, signer: Identity = ALICE) -> Signed[Record]:
    return signed(signer, of)


@contextlib.asynccontextmanager
async def sending(*parts: bytes, pause_s: float = 0.0, is_endless: bool = False) -> AsyncIterator[Endpoint]:
    """Somebody who answers every request with these bytes behind a header, and counts none of its promises."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
            while True:
                for part in parts:
                    writer.write(part)
                    await writer.drain()
                if not is_endless:
                    break
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield Endpoint(False, "127.0.0.1", server.sockets[0].getsockname()[1])


async def fetched(to: Endpoint, deliveries: Deliveries, of: GeneratorRecord) -> None:
    client = Client()
    try:
        part = deliveries.part(of.sha256.hex())
        await client.fetch(to, ALICE.public, "generator/x", of.sha256.hex(), of.size, part, deliveries.keep)
    finally:
        await client.close()


async def test_arbitrary_installation(tmp_path: Path) -> None:
    shelf, deliveries = received(tmp_path)
    wanted = record(tree(version="2"))
    assert isinstance(wanted, GeneratorRecord)
    async with sending(tree(version="2", evil="rm -rf").canonical[: wanted.size]) as to:
        with pytest.raises(PeerError, match="not what its author has signed"):
            await fetched(to, deliveries, wanted)
    assert not deliveries.has(wanted)
    theirs = record(TREE, signer=EVE)
    assert isinstance(theirs, GeneratorRecord)
    Acquaintances(shelf.trust).set(EVE.public, "sandbox")
    with pytest.raises(PeerError, match="not whom its name says"):
        deliveries.deploy(theirs)
    ledger = Ledger(JAM, lambda: NOW)
    ledger.add(said(theirs, EVE))
    ticket = replace(makers.play(ALICE), sha256=bytes.fromhex(TREE.sha256))
    assert judge_play(ticket, lambda key: "full", ledger, NOW).word == "waiting", "Alice has not said so"


async def test_endless_data(tmp_path: Path) -> None:
    _, deliveries = received(tmp_path)
    wanted = record(tree(version="2"))
    assert isinstance(wanted, GeneratorRecord)
    async with sending(bytes(1 << 16), is_endless=True) as to:
        with pytest.raises(PeerError, match="more than its author has signed"):
            await fetched(to, deliveries, wanted)
    assert not deliveries.part(wanted.sha256.hex()).exists()


@pytest.mark.parametrize(
    "line", ['requires = ["eve:drums"]', '[needs]\npackages = ["numpy"]', '[needs]\nurl = "http://x"']
)
def test_extraneous_dependencies(line: str) -> None:
    with pytest.raises(ManifestError):
        read_manifest(f'name = "drums"\n{line}\n'.encode())


def test_fast_forward(tmp_path: Path) -> None:
    _, deliveries = received(tmp_path)
    ledger = Ledger(JAM, lambda: NOW)
    last, later = record(TREE, (1 << 63) - 1), record(tree(version="2"), 2, name="2")
    for each in (last, later):
        assert ledger.add(said(each))
    assert isinstance(later, GeneratorRecord)
    deliveries.deploy(last)  # type: ignore[arg-type]
    deliveries.put(tree(version="2").canonical)
    ticket = replace(makers.play(ALICE), sha256=later.sha256)
    assert judge_play(ticket, lambda key: "sandbox", ledger, NOW).word == "run"
    deliveries.deploy(later)
    assert deliveries.described(DRUMS)[2] == later.sha256.hex()


def test_indefinite_freeze() -> None:
    now = [NOW]
    ledger = Ledger(JAM, lambda: now[0])
    old = said(record(TREE))
    assert ledger.add(old)
    now[0] += 3_600_001
    with pytest.raises(PeerError, match="expired"):
        Ledger(JAM, lambda: now[0]).add(old)
    now[0] += 3_600_000
    ledger.expire()
    ticket = replace(makers.play(ALICE), sha256=bytes.fromhex(TREE.sha256))
    assert manifest_of(ticket, ledger) is None
    newer = replace(record(tree(version="2"), 2), made=now[0], expires=now[0] + 1000)
    assert ledger.add(said(newer))
    assert isinstance(newer, GeneratorRecord)
    assert manifest_of(replace(ticket, sha256=newer.sha256), ledger) == newer, (
        "whoever holds back the old one has nothing"
    )


async def test_malicious_mirrors(tmp_path: Path) -> None:
    """As `Requests` asks: one after the other, until the hash is right."""
    _, deliveries = received(tmp_path / "bob")
    of = tree(version="2", long="x" * 200_000)
    wanted = record(of, name="2")
    assert isinstance(wanted, GeneratorRecord)
    house = SmallHouse(ALICE, tmp_path, of.canonical)
    async with (
        sending(b"rubbish" * 1000) as rubbish,
        sending(of.canonical[:100_000]) as broken,
        sending(of.canonical[:-1] + b"!") as changed,
        serving(SmallHouse(EVE, tmp_path / "bob", b"")) as (_, has_none),
        serving(house) as (_, honest),
    ):
        for to in (rubbish, broken, changed, has_none):
            with pytest.raises(PeerError):
                await fetched(to, deliveries, wanted)
            assert not deliveries.has(wanted)
        client = Client()
        part, what = deliveries.part(of.sha256), f"generator/{DRUMS}?sha256={of.sha256}"
        await client.fetch(honest, ALICE.public, what, of.sha256, wanted.size, part, deliveries.keep)
        await client.close()
    assert deliveries.has(wanted)
    deliveries.deploy(wanted)


def test_mix_and_match(tmp_path: Path) -> None:
    shelf, deliveries = received(tmp_path)
    two = tree(version="2")
    deliveries.put(two.canonical)
    one, other = record(TREE), record(two, 2, name="2")
    assert isinstance(one, GeneratorRecord) and isinstance(other, GeneratorRecord)
    for mixed in (
        replace(one, sha256=other.sha256),
        replace(one, shelf=other.shelf),
        replace(other, shelf=one.shelf),
        replace(other, sha256=one.sha256, shelf=other.shelf),
    ):
        with pytest.raises(PeerError):
            deliveries.deploy(mixed)
        assert all(each.why_not for each in shelf.all())
    deliveries.deploy(other)


def test_rollback(tmp_path: Path) -> None:
    ledger = Ledger(JAM, lambda: NOW)
    old, new = said(record(TREE, 1)), said(replace(record(TREE, 2), name="1.1"))
    assert (ledger.add(old), ledger.add(new), ledger.add(old)) == (True, True, False)
    ticket = replace(makers.play(ALICE), sha256=bytes.fromhex(TREE.sha256))
    found = manifest_of(ticket, ledger)
    assert found is not None and found.name == "1.1"
    first, second = signed(ALICE, ticket), signed(ALICE, replace(ticket, sequence=9, sha256=bytes(32)))
    assert ledger.add(first) and not ledger.add(second) and not ledger.add(first), "what an instance is stays so"
    ledger.add(signed(ALICE, makers.stop(ALICE)))
    assert judge_play(ticket, lambda key: "full", ledger, NOW).word == "over"


def test_key_compromise(tmp_path: Path) -> None:
    """Alice has a new key, and whoever has stolen the old one signs a version with it."""
    shelf, deliveries = received(tmp_path)
    friends, new = Acquaintances(shelf.trust), makers.player(7)
    deliveries.deploy(record(TREE))  # type: ignore[arg-type]
    assert friends.rotated(ALICE.public, new.public)
    stolen = record(tree(version="2"), 2, name="2")
    ledger = Ledger(JAM, lambda: NOW)
    ledger.add(said(stolen))
    assert isinstance(stolen, GeneratorRecord)
    ticket = replace(makers.play(BOB, author=ALICE), sha256=stolen.sha256)
    assert judge_play(ticket, friends.level, ledger, NOW).word == "pending", "the old key is asked about"
    deliveries.put(tree(version="2").canonical)
    deliveries.deploy(stolen)
    assert shelf.find(DRUMS).why_not, "and what it has signed does not run here by itself"
    as_new = record(TREE, signer=new, generator=DRUMS)
    with pytest.raises(PeerError, match="not whom its name says"):
        deliveries.deploy(as_new)  # type: ignore[arg-type]


async def test_wrong_software(tmp_path: Path) -> None:
    shelf, deliveries = received(tmp_path)
    bass = tree("bass")
    wanted = record(TREE)
    assert isinstance(wanted, GeneratorRecord)
    shelf.blobs.remove(TREE.sha256)
    async with sending(bass.canonical) as to:
        with pytest.raises(PeerError):
            await fetched(to, deliveries, wanted)
    deliveries.put(bass.canonical)
    renamed = record(bass, generator=DRUMS)
    with pytest.raises(PeerError, match="another generator than its name says"):
        deliveries.deploy(renamed)  # type: ignore[arg-type]
    with pytest.raises(MarmaladeError):
        shelf.open("drums")
