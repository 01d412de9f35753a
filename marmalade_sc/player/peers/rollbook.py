"""What a jam's players are remembered by over restarts: our own records, and where others were last."""

import base64
import contextlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from marmalade_sc.player.base.directory import written_aside

__all__ = ["Rollbook"]

_MOST_FRIENDS: Final = 256
_MOST_RECORDS: Final = 500


class Rollbook:
    """The file `peers.json` in the folder of a jam. What cannot be read is begun anew: others know it still."""

    def __init__(self, jam: Path) -> None:
        self._path = jam / "peers.json"
        self._friends: dict[bytes, str] = {}
        self._trusted: set[bytes] = set()
        self._records: list[bytes] = []
        self._values: dict[str, bytes] = {}
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
            found = json.loads(self._path.read_text(encoding="utf-8"))
            self._friends = {bytes.fromhex(key): str(address) for key, address in found["friends"].items()}
            self._records = [base64.b64decode(each) for each in found["records"]]
            self._values = {str(name): base64.b64decode(each) for name, each in found.get("values", {}).items()}

    def friends(self) -> Mapping[bytes, str]:
        """Addresses of players by their keys."""
        return self._friends

    def records(self) -> list[bytes]:
        """Our own records, as they were signed."""
        return [*self._records, *self._values.values()]

    def met(self, key: bytes, address: str, is_trusted: bool = False) -> None:
        """A player is there. Raises nothing: without a disk it is asked for again.

        Who was met first stays: made-up players must not push out those whom we know. One that is trusted takes the
        place of the latest that was not.
        """
        self._trusted.update({key} if is_trusted else ())
        if self._friends.get(key) != address:
            if key not in self._friends and len(self._friends) >= _MOST_FRIENDS:
                others = [each for each in reversed(self._friends) if each not in self._trusted]
                if not is_trusted or not others:
                    return
                del self._friends[others[0]]
            self._friends[key] = address
            with contextlib.suppress(OSError):
                self._write()

    def keep(self, record: bytes) -> None:
        """A record of ours, on disk before anybody hears of it. Raises OSError."""
        self._records = [*self._records, record][-_MOST_RECORDS:]
        self._write()

    def keep_value(self, name: str, record: bytes) -> None:
        """Our latest write of a register. Raises OSError."""
        self._values.pop(name, None)
        self._values[name] = record
        while len(self._values) > _MOST_RECORDS:
            del self._values[next(iter(self._values))]
        self._write()

    def _write(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        found = {
            "friends": {key.hex(): address for key, address in self._friends.items()},
            "records": [base64.b64encode(each).decode() for each in self._records],
            "values": {name: base64.b64encode(each).decode() for name, each in self._values.items()},
        }
        written_aside(self._path, json.dumps(found, indent=1) + "\n")
