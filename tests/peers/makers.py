"""Players, records and requests for tests: keys from seeds, times from nowhere."""

import hashlib

from marmalade_sc.identity.keys import Identity
from marmalade_sc.peers.records import (
    HERE,
    VERSION,
    Chat,
    ControlTicket,
    GeneratorRecord,
    Membership,
    PlayerRecord,
    PlayTicket,
    RegisterWrite,
    Rotation,
    StopTicket,
    accept_rotation,
    prove_membership,
)
from marmalade_sc.peers.requests import JamName

JAM = JamName("home", bytes(range(16)))
NOW = 1_800_000_000_000
SHA = hashlib.sha256(b"an archive").digest()


def player(number: int) -> Identity:
    """A player whose key follows from its number, the same in each run."""
    return Identity.from_seed(b"player %d" % number)


def twins() -> tuple[Identity, Identity]:
    """Two players whose keys have one ID: the first of 16,558,380 that were tried (25 minutes on one core)."""
    return Identity.from_seed(b"grind 3816062"), Identity.from_seed(b"grind 16558379")


def head(maker: Identity, sequence: int = 1, made: int = NOW) -> dict[str, object]:
    """The fields that all records have."""
    return {
        "version": VERSION,
        "jam": JAM.name,
        "jam_id": JAM.id,
        "maker": maker.public.raw,
        "sequence": sequence,
        "made": made,
        "expires": made + 3_600_000,
    }


def presence(maker: Identity, sequence: int = 1, state: str = HERE, address: str = "") -> PlayerRecord:
    where = address or "https://192.0.2.1:2468"
    return PlayerRecord(**head(maker, sequence), state=state, addresses=(where,), oldest=VERSION)  # type: ignore[arg-type]


def play(maker: Identity, instance: str = "i1", sequence: int = 1, author: Identity | None = None) -> PlayTicket:
    author = author or maker
    return PlayTicket(
        **head(maker, sequence),  # type: ignore[arg-type]
        generator=f"{author.player}:drums",
        author=author.public.raw,
        sha256=SHA,
        instance=instance,
        track="drums",
        controls=(("amp", 0.5), ("density", 0.25)),
        bars=0.0,
        seconds=0.0,
        policy="arrival",
        at=0,
    )


def stop(maker: Identity, instance: str = "i1", sequence: int = 2) -> StopTicket:
    return StopTicket(**head(maker, sequence), generator=f"{maker.player}:drums", instance=instance, bars=1.0, at=0)  # type: ignore[arg-type]


def control(maker: Identity, instance: str = "i1", sequence: int = 3, amp: float = 0.1) -> ControlTicket:
    return ControlTicket(
        **head(maker, sequence),  # type: ignore[arg-type]
        generator=f"{maker.player}:drums",
        instance=instance,
        controls=(("amp", amp),),
        at=0,
    )


def generator(maker: Identity, sequence: int = 1, sha256: bytes = SHA) -> GeneratorRecord:
    return GeneratorRecord(
        **head(maker, sequence),  # type: ignore[arg-type]
        generator=f"{maker.player}:drums",
        name="1.0",
        sha256=sha256,
        size=10240,
        shelf=bytes(64),
    )


def register(
    maker: Identity, value: bytes = b"{}", clock: int = 1, born: int = NOW, session: bytes = bytes(16)
) -> RegisterWrite:
    return RegisterWrite(
        **head(maker),  # type: ignore[arg-type]
        name="timeline",
        value=value,
        clock=clock,
        effective=NOW,
        policy="lww",
        born=born,
        session=session,
    )


def chat(maker: Identity, text: str = "louder", sequence: int = 1, made: int = NOW) -> Chat:
    return Chat(**head(maker, sequence, made), text=text, at=0)  # type: ignore[arg-type]


def membership(maker: Identity, jam_key: Identity) -> Membership:
    proof = prove_membership(jam_key, JAM.id, maker.public)
    return Membership(**head(maker), jam_key=jam_key.public.raw, proof=proof)  # type: ignore[arg-type]


def rotation(old: Identity, new: Identity) -> Rotation:
    return Rotation(**head(old), new=new.public.raw, proof=accept_rotation(new, old.public))  # type: ignore[arg-type]
