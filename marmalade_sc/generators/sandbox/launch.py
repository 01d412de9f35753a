"""How a generator is started in its sandbox: the command line of bubblewrap. Pure, but for what exists on the disk.

The order of bubblewrap's arguments is the order in which it mounts: /tmp comes before what may lie below it, and
missing parents get their modes singly (0.8 makes them 0700).
"""

import json
import os
import shutil
import sys
import sysconfig
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

__all__ = ["BOOT", "Quota", "Sandbox", "command", "runtime"]

_MiB: Final = 1 << 20
BOOT: Final = Path(__file__).with_name("boot.py")
_SHIM: Final = "/rt/boot.py"
_HOME: Final = "/gen"
_SOCKETS: Final = "/run/jam"
_LIBRARY: Final = "/rt/lib"
_SYSTEM: Final = (
    "/usr",
    "/lib",
    "/lib64",
    "/bin",
    "/etc/ld.so.cache",
    "/etc/alternatives",
    "/proc/self",
    "/dev/urandom",
)


@dataclass(frozen=True, slots=True)
class Quota:
    """What an instance may use; the watchdog holds what the kernel cannot count.

    Attributes:
        memory: bytes of address space of one process, and of real memory of all of them together.
        processes, files: at once.
        file: bytes of a file in its scratch space, `scratch` bytes in all, `inodes` files.
        cpu: share of a core, in the long run.
        output: bytes of text in a minute.
    """

    memory: int = 384 * _MiB
    processes: int = 8
    files: int = 64
    file: int = 32 * _MiB
    scratch: int = 32 * _MiB
    inodes: int = 2000
    cpu: float = 0.25
    output: int = _MiB

    def limits(self) -> Mapping[str, int]:
        """The kernel's own limits, by their names in `resource`."""
        return {
            "AS": self.memory,
            "NPROC": self.processes,
            "NOFILE": self.files,
            "FSIZE": self.file,
            "CORE": 0,
            "MEMLOCK": 65536,
            "STACK": 8 * _MiB,
            "MSGQUEUE": 0,
            "RTPRIO": 0,
            "SIGPENDING": 64,
        }


@dataclass(frozen=True, slots=True)
class Sandbox:
    """One instance's sandbox.

    Attributes:
        home: folder with the generator's files; read-only inside, as /gen.
        argv: the program and its arguments, as seen from inside.
        sockets: folder of its gateway's socket, seen as /run/jam; None for none.
        environment: further variables.
        uid: where the player is root, the user that the instance becomes; one for each instance.
        library: folder that Python inside imports from, beside its standard library.
        is_witnessed: whether somebody listens in `sockets` for what its filter refuses (`witness`).
    """

    home: Path
    argv: Sequence[str]
    sockets: Path | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    quota: Quota = Quota()  # noqa: RUF009  a frozen value
    uid: int | None = None
    library: Path | None = None
    nice: int = 10
    is_witnessed: bool = False


def runtime() -> tuple[str, ...]:
    """The folders outside /usr that this Python needs: a virtual environment's base, or a Python built by hand."""
    found = {os.path.realpath(sys.base_prefix), str(sysconfig.get_config_var("LIBDIR") or "")}  # noqa: PTH100
    beyond = (each for each in found if each and (not each.startswith("/usr") or each.startswith("/usr/local")))
    kept: list[str] = []
    for path in sorted(beyond):
        if not any(path == other or path.startswith(f"{other}/") for other in kept):
            kept.append(path)
    return tuple(kept)


def interpreter() -> str:
    """The Python that runs inside: the one behind the virtual environment."""
    return os.path.realpath(sys.executable)  # noqa: PTH100


def command(sandbox: Sandbox, status_fd: int | None = None, bwrap: str | None = None) -> list[str]:
    """The command line that starts `sandbox`.

    Args:
        status_fd: an inherited descriptor that bubblewrap tells its child's pid on, as JSON lines.

    Raises:
        ValueError: the player is root and no `uid` is given: kernel user 0 passes by limits on processes.
    """
    if os.geteuid() == 0 and not sandbox.uid:
        raise ValueError("an instance of a root player must become another user")
    parts = [bwrap or shutil.which("bwrap") or "bwrap"]
    if sandbox.uid:
        # Root makes the mounts, so that it can show what is 0700, then drops inside. No user namespace: in one, the
        # kernel's user would be 0 all the same, and 300 of 300 forks passed a limit of 8 (sandbox.md 1.3).
        parts += ["--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-cgroup-try"]
        parts += ["--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID", "--cap-add", "CAP_SETPCAP"]
    else:
        parts += ["--unshare-user", "--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts"]
        parts += ["--unshare-cgroup-try", "--disable-userns", "--uid", "1000", "--gid", "1000", "--cap-drop", "ALL"]
    parts += ["--hostname", "jam", "--die-with-parent", "--new-session", "--clearenv"]
    for name, value in _environment(sandbox).items():
        parts += ["--setenv", name, value]
    parts += _mounts(sandbox)
    if status_fd is not None:
        parts += ["--json-status-fd", str(status_fd)]
    parts.append("--")
    if sandbox.uid:
        user = str(sandbox.uid)
        parts += ["/usr/bin/setpriv", "--reuid", user, "--regid", user, "--clear-groups"]
        parts += ["--bounding-set", "-all", "--inh-caps", "-all"]
    return [*parts, interpreter(), "-I", "-S", _SHIM, json.dumps(_specification(sandbox))]


def _environment(sandbox: Sandbox) -> dict[str, str]:
    found = {
        "PATH": "/rt/bin:/usr/local/bin:/usr/bin:/bin",
        "HOME": "/tmp",
        "LANG": "C.UTF-8",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "1",  # what is printed is seen when it is printed
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
    }
    if sandbox.library is not None:
        found["PYTHONPATH"] = _LIBRARY
    return {**found, **sandbox.environment}


def _mounts(sandbox: Sandbox) -> list[str]:
    parts = ["--ro-bind", "/usr", "/usr"]
    for link, target in (("/lib", "usr/lib"), ("/lib64", "usr/lib64"), ("/bin", "usr/bin"), ("/sbin", "usr/sbin")):
        if Path(link).exists():
            parts += ["--symlink", target, link]
    parts += ["--perms", "0755", "--dir", "/etc"]
    for path in ("/etc/ld.so.cache", "/etc/alternatives"):
        parts += ["--ro-bind-try", path, path]
    # Plain tmpfs and /dev would be writable, with half of the machine's memory (12 GB seen).
    scratch = ["--perms", "1777"] if sandbox.uid else []
    parts += ["--proc", "/proc", "--dev", "/dev", *scratch, "--size", str(sandbox.quota.scratch), "--tmpfs", "/tmp"]
    parts += [*scratch, "--size", str(4 * _MiB), "--tmpfs", "/dev/shm", "--remount-ro", "/dev"]
    made = {"/", "/tmp", "/usr", "/proc", "/dev"}
    targets = [*((path, path) for path in runtime()), (str(BOOT), _SHIM), (str(sandbox.home), _HOME)]
    if sandbox.library is not None:
        targets.append((str(sandbox.library), _LIBRARY))
    if sandbox.sockets is not None:
        targets.append((str(sandbox.sockets), _SOCKETS))
    for _, target in targets:
        parts += _parents(target, made)
    parts += [*_parents("/rt/bin/python3", made), "--symlink", interpreter(), "/rt/bin/python3"]
    for source, target in targets:
        parts += ["--ro-bind", source, target]
    return [*parts, "--chdir", _HOME, "--remount-ro", "/"]


def _parents(path: str, made: set[str]) -> Iterable[str]:
    parts: list[str] = []
    for parent in [*Path(path).parents][::-1]:
        text = str(parent)
        if text not in made and not text.startswith("/usr/"):
            made.add(text)
            parts += ["--perms", "0755", "--dir", text]
    return parts


def _specification(sandbox: Sandbox) -> Mapping[str, object]:
    read = [*_SYSTEM, *runtime(), "/rt", _HOME]
    if sandbox.sockets is not None:
        read.append(_SOCKETS)
    return {
        "witness": f"{_SOCKETS}/witness.sock" if sandbox.is_witnessed else "",
        "limits": sandbox.quota.limits(),
        "read": read,
        "write": ["/tmp", "/dev/null", "/dev/zero", "/dev/shm"],
        "nice": sandbox.nice,
        "argv": list(sandbox.argv),
    }
