"""Where things are: the player directory, its runtime folder for sockets, and the content that we ship."""

import hashlib
import os
import stat
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from marmalade_sc.errors import PlayerError
from marmalade_sc.ids import check_name

__all__ = ["SOCKET_BYTES", "JamPlaces", "Places", "bundled", "default_root", "make_private"]

SOCKET_BYTES = 107
"""The longest path of a Unix socket on Linux: sun_path holds 108 bytes with the closing zero."""

_LONGEST_SOCKET = 40
# Bytes that the names of our sockets need behind the runtime folder, the gateway of an instance included.


@dataclass(frozen=True, slots=True)
class JamPlaces:
    """The folders of one jam."""

    root: Path

    @property
    def log(self) -> Path:
        """What happened in the jam, in lines."""
        return self.root / "jam.log"

    @property
    def redis(self) -> Path:
        """The state server's own files."""
        return self.root / "redis"

    @property
    def key(self) -> Path:
        """The key of the jam, by which its players know each other; not in every jam."""
        return self.root / "jam.key"

    @property
    def assets(self) -> Path:
        """Sounds that the jam's players have by name, a bank for each."""
        return self.root / "assets"

    @property
    def invites(self) -> Path:
        """Invites that were given for a time or for one player."""
        return self.root / "invites.json"

    @property
    def history(self) -> Path:
        """Segments of streams and the event log, rotated."""
        return self.root / "history"


@dataclass(frozen=True, slots=True)
class Places:
    """The player directory `root` and the folder `runtime` of its sockets. Both are absolute; nothing is made."""

    root: Path
    runtime: Path

    @classmethod
    def find(cls, root: str | Path | None = None, env: Mapping[str, str] | None = None) -> "Places":
        """The places of the player directory `root`, or of `MARMALADE_DIR`, or of the XDG data folder."""
        env = os.environ if env is None else env
        chosen = Path(root).expanduser() if root else default_root(env)
        absolute = Path(os.path.realpath(chosen))
        return cls(absolute, _runtime(absolute, env))

    @property
    def config(self) -> Path:
        return self.root / "config.toml"

    @property
    def generators(self) -> Path:
        return self.root / "generators"

    @property
    def jams(self) -> Path:
        return self.root / "jams"

    @property
    def archive(self) -> Path:
        """Jams that were put away, one `.tar.gz` each."""
        return self.root / "archive"

    @property
    def players(self) -> Path:
        return self.root / "players"

    @property
    def blobs(self) -> Path:
        return self.root / "blobs"

    @property
    def jobs(self) -> Path:
        """The queue of our own job Redis, and what jobs have made."""
        return self.root / "jobs"

    @property
    def synthdefs(self) -> Path:
        return self.root / "synthdefs"

    @property
    def samples(self) -> Path:
        return self.root / "samples"

    @property
    def recordings(self) -> Path:
        return self.root / "recordings"

    @property
    def sets(self) -> Path:
        return self.root / "sets"

    @property
    def logs(self) -> Path:
        """What the player's processes print, one file each, rotated by size."""
        return self.root / "logs"

    @property
    def db(self) -> Path:
        return self.root / "player.db"

    @property
    def key(self) -> Path:
        return self.root / "player.key"

    @property
    def lock(self) -> Path:
        return self.root / "player.lock"

    @property
    def schema(self) -> Path:
        return self.root / "schema"

    @property
    def control_socket(self) -> Path:
        return self.runtime / "control.sock"

    @property
    def state_socket(self) -> Path:
        return self.runtime / "redis-state.sock"

    @property
    def events_socket(self) -> Path:
        return self.runtime / "redis-events.sock"

    @property
    def jobs_socket(self) -> Path:
        """In a folder of its own: a player removes its runtime folder when it ends, and jobs go on."""
        return self.runtime.with_name(f"{self.runtime.name}-jobs") / "redis.sock"

    @property
    def processes(self) -> Path:
        """What the supervisor runs: name, pid, start time, restarts, last exit and state of each, as JSON."""
        return self.runtime / "processes.json"

    def jam(self, name: str) -> JamPlaces:
        """The folders of the jam `name`. Raises IdError for a name that may not be one."""
        return JamPlaces(self.jams / check_name(name, "jam"))

    def socket(self, name: str) -> Path:
        """The path of a socket called `name` in the runtime folder.

        Raises:
            PlayerError: its path is longer than a socket's may be.
        """
        path = self.runtime / name
        if len(os.fsencode(path)) > SOCKET_BYTES:
            raise PlayerError(
                f"The path of the socket {path} has more than {SOCKET_BYTES} bytes. "
                "Set XDG_RUNTIME_DIR to a shorter path."
            )
        return path


def default_root(env: Mapping[str, str]) -> Path:
    """`MARMALADE_DIR`, else `marmalade` in the XDG data folder."""
    if chosen := env.get("MARMALADE_DIR"):
        return Path(chosen).expanduser()
    data = env.get("XDG_DATA_HOME", "")
    # The XDG specification: a relative path is invalid and is to be ignored.
    base = Path(data) if data.startswith("/") else Path(env.get("HOME") or Path.home()) / ".local" / "share"
    return base / "marmalade"


def _runtime(root: Path, env: Mapping[str, str]) -> Path:
    """`$XDG_RUNTIME_DIR/marmalade-<8 hex>` where that folder is ours and short enough, else under the tmp folder."""
    mark = hashlib.sha256(os.fsencode(root)).hexdigest()[:8]
    given = env.get("XDG_RUNTIME_DIR", "")
    if given.startswith("/") and _is_ours(Path(given)):
        path = Path(given) / f"marmalade-{mark}"
        if len(os.fsencode(path)) + 1 + _LONGEST_SOCKET <= SOCKET_BYTES:
            return path
    name = f"marmalade-{os.geteuid()}-{mark}"
    path = Path(env.get("TMPDIR") or tempfile.gettempdir()) / name
    fits = path.is_absolute() and len(os.fsencode(path)) + 1 + _LONGEST_SOCKET <= SOCKET_BYTES
    return path if fits else Path("/tmp") / name


def _is_ours(folder: Path) -> bool:
    try:
        found = folder.stat()
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and os.access(folder, os.W_OK)


def make_private(folder: Path) -> None:
    """Make `folder` with mode 0700, or take the one that is there if it is ours alone.

    Raises:
        PlayerError: it belongs to somebody else, is a link or no folder, or cannot be made.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode):
            raise PlayerError(f"{folder} is not a folder. Remove it, or set XDG_RUNTIME_DIR to a folder of yours.")
        if found.st_uid != os.geteuid():
            raise PlayerError(
                f"{folder} belongs to user {found.st_uid}, not to you: it is not safe for sockets. "
                "Have it removed, or set XDG_RUNTIME_DIR to a folder of yours."
            )
        if stat.S_IMODE(found.st_mode) & 0o077:
            folder.chmod(0o700)
    except OSError as error:
        raise PlayerError(f"{folder} cannot be made: {error.strerror}. Make room or choose another folder.") from error


def bundled(name: str) -> Path:
    """The folder `name` (`synthdefs` or `generators`) of what we ship: of the checkout, else of the installed wheel."""
    package = Path(__file__).resolve().parent.parent
    checkout = package.parent / name
    if checkout.is_dir() and (package.parent / "pyproject.toml").is_file():
        return checkout
    return package / "share" / name
