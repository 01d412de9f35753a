"""What original players write: names, forms, signed texts, lists. Pure."""

import base64
import binascii
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlencode, urlsplit

from marmalade_sc.errors import IdentityError, IdError, PeerError
from marmalade_sc.identity.rsa import RsaIdentity, RsaKey
from marmalade_sc.ids import GeneratorId, check_name
from marmalade_sc.peers.refusals import refused

__all__ = [
    "LARGEST_FORM",
    "Address",
    "Known",
    "Listed",
    "Play",
    "endpoint_of",
    "generators_json",
    "play_path",
    "players_json",
    "read_generators",
    "read_players",
]

LARGEST_FORM: Final = 8 << 10
"""Bytes of a play's form: a key of 8,192 bits has 1,400, its signature as many."""
_LONGEST_PATH: Final = 230
"""An original server loses a character of each request line beyond 256; method and version take the rest."""
_PREFIX: Final = re.compile(r"(/[A-Za-z0-9_~-][A-Za-z0-9._~-]{0,31}){0,2}")
_LONGEST_ADDRESS: Final = 200
_UNIVERSAL: Final = 2_208_988_800
"""Lisp's universal time counts seconds since 1900."""
_MOST_LISTED: Final = 10_000


@dataclass(frozen=True, slots=True)
class Address:
    """Where an original player listens: `http://host:port`.

    Originals put paths behind an address as it is, so that one behind a proxy may have a `prefix`, such as `/jam`.
    """

    host: str
    port: int
    prefix: str = ""

    @classmethod
    def parse(cls, text: str) -> "Address":
        """Raises PeerError for anything but `http://host:port`, with or without a prefix and a slash behind it."""
        try:
            if len(text) > _LONGEST_ADDRESS or not text.isascii() or not text.isprintable():
                raise ValueError
            parts = urlsplit(text)
            port, prefix = parts.port, parts.path.rstrip("/")
            if parts.scheme != "http" or not parts.hostname or not port or _has_more(parts):
                raise ValueError
            if not _PREFIX.fullmatch(prefix):
                raise ValueError
        except ValueError:
            raise refused("malformed", "an address is http://host:port") from None
        return cls(parts.hostname, port, prefix)

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}{self.prefix}"


@dataclass(frozen=True, slots=True)
class Known:
    """A player as lists have it. `last_seen_s` is seconds since 1970."""

    key: RsaKey
    address: str
    last_seen_s: int


@dataclass(frozen=True, slots=True)
class Listed:
    """A generator as lists have it; `sha256` is ours alone, original players leave it out and overlook it."""

    id: GeneratorId
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class Play:
    """A signed request to run a generator of the sender's."""

    jam: str
    generator: str
    instance: str
    address: Address
    key: RsaKey

    def __post_init__(self) -> None:
        for what, name in (("jam", self.jam), ("generator", self.generator), ("instance", self.instance)):
            check_name(name, what)  # no colon, no dot, no wildcard: the signed text joins them with colons

    @property
    def id(self) -> GeneratorId:
        """Only generators of one's own can be played."""
        return GeneratorId(self.key.player, self.generator)

    @classmethod
    def read(cls, names: Sequence[str], body: bytes) -> "Play":
        """A request whose signature has been checked.

        Args:
            names: jam, generator and instance, of the path.

        Raises:
            PeerError: it is malformed, or not signed by its key.
        """
        try:
            jam, generator, instance = names[:3]
            rows = parse_qsl(body.decode("ascii"), strict_parsing=True, max_num_fields=16)
            fields = dict(rows)
            if len(fields) != len(rows):
                raise ValueError
            key = RsaKey.parse(fields["pubkey"])
            text = fields["address"]
            found = cls(jam, generator, instance, Address.parse(text), key)
            signature = base64.b64decode("".join(fields["signature"].split()), validate=True)
        except (ValueError, KeyError, binascii.Error, IdError):
            raise refused("malformed", "a play has a jam, a generator, an instance and a signed form") from None
        except IdentityError as error:
            raise refused("signature", error.message) from None
        try:
            key.verify(signature, _signed(jam, generator, instance, text))
        except IdentityError:
            raise refused("signature") from None
        return found

    def form(self, own: RsaIdentity) -> bytes:
        """The body of the request, signed."""
        signature = own.sign(_signed(self.jam, self.generator, self.instance, str(self.address)))
        fields = {
            "signature": base64.b64encode(signature).decode(),
            "pubkey": str(own.public),
            "address": str(self.address),
        }
        return urlencode(fields, quote_via=quote, safe="").encode()


def play_path(play: Play, prefix: str = "") -> str:
    """Path of the request to a player behind `prefix`. Raises PeerError where an original server would garble it."""
    path = f"/play/{play.jam}/{play.generator}/{play.instance}"
    if len(prefix + path) > _LONGEST_PATH:
        raise refused("large", "an original player cannot read names that long")
    return path


def endpoint_of(raw_path: str) -> tuple[str, list[str]]:
    """Endpoint in lower case and the rest of a path, decoded part by part: `+` is a plus, empty parts are left out.

    Raises:
        PeerError: a part holds what no name of ours may, a slash or a NUL among them.
    """
    parts = [unquote(part, errors="strict") for part in raw_path.partition("?")[0].split("/") if part]
    if len(raw_path) > 2000 or len(parts) > 8 or any("/" in part or "\0" in part for part in parts):
        raise refused("malformed")
    return (parts[0].lower(), parts[1:]) if parts else ("", [])


def players_json(players: Iterable[Known]) -> bytes:
    """The list as original clients read it: `[]` where it is empty, for they cannot read their own `false`."""
    rows = [
        {
            "id": str(each.key.player),
            "public-key": str(each.key),
            "address": each.address,
            "last-seen": each.last_seen_s + _UNIVERSAL,
        }
        for each in players
    ]
    return _compact(rows)


def generators_json(generators: Iterable[Listed]) -> bytes:
    """The list as original clients read it."""
    rows = [
        {
            "id": str(each.id),
            "name": each.id.name,
            "player": str(each.id.player),
            **({"sha256": each.sha256} if each.sha256 else {}),
        }
        for each in generators
    ]
    return _compact(rows)


def read_players(data: bytes) -> list[Known]:
    """Another player's list; rows that are none of ours to use are left out. Raises PeerError where it is no list."""
    found = []
    for row in _rows(data):
        try:
            key = RsaKey.parse(str(row["public-key"]))
            address = str(Address.parse(str(row["address"])))
            seen = int(str(row["last-seen"])) - _UNIVERSAL
        except (KeyError, ValueError, IdentityError, PeerError):
            continue
        if str(row.get("id")) == str(key.player) and abs(seen) < 1 << 40:
            found.append(Known(key, address, seen))
    return found


def read_generators(data: bytes) -> list[Listed]:
    """Another player's list; what cannot be a name here is left out. Raises PeerError where it is no list."""
    found = []
    for row in _rows(data):
        try:
            found.append(Listed(GeneratorId.parse(str(row["id"]))))
        except (KeyError, IdError):
            continue
    return found


def _rows(data: bytes) -> list[dict[str, object]]:
    try:
        rows = json.loads(data)
    except (ValueError, RecursionError):
        raise refused("malformed", "its list is no JSON") from None
    if rows is False:
        return []
    if not isinstance(rows, list) or len(rows) > _MOST_LISTED:
        raise refused("malformed", "its list is none")
    return [row for row in rows if isinstance(row, dict)]


def _compact(rows: Sequence[Mapping[str, object]]) -> bytes:
    return json.dumps(rows, separators=(",", ":"), ensure_ascii=True).encode()


def _signed(jam: str, generator: str, instance: str, address: str) -> bytes:
    return f"{jam}:{generator}:{instance}:{address}".encode("ascii", "strict")


def _has_more(parts: SplitResult) -> bool:
    return bool(parts.username or parts.password or parts.query or parts.fragment)
