"""The last trusted code inside a sandbox: limits, then Landlock, then seccomp, then the generator. Fails closed.

It runs as a file of its own under `python -I -S`, with the standard library only: nothing of ours is mounted with it.
Argument 1 is JSON: {"limits": {NAME: number}, "read": [paths], "write": [paths], "nice": n, "argv": [...]}, and may
have "witness": a socket to which the listener of the filter is sent, for whoever wants to know what it refuses.

Landlock (Linux 5.13, ABI 6 for scopes) and seccomp's classic BPF are spoken through ctypes: 60 lines here against two
dependencies that would have to be mounted into every sandbox.
"""

import ctypes
import json
import os
import platform
import resource
import struct
import sys
from collections.abc import Iterable, Mapping

LEAST_ABI = 6
"""The Landlock that also keeps abstract sockets and signals within the sandbox: Linux 6.12."""

_RULESET, _RULE, _RESTRICT = 444, 445, 446
_NO_NEW_PRIVILEGES, _SECCOMP = 38, 22
_FILTER = 2
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_FOLDER = 1, 2, 4, 8
_TRUNCATE, _DEVICE_CONTROL = 1 << 14, 1 << 15
_OF_FILES = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _DEVICE_CONTROL
_MAKE_CHARACTER_DEVICE, _MAKE_BLOCK_DEVICE = 1 << 6, 1 << 11
_ALL_OF_FILES = (1 << 16) - 1
_ALL_OF_NETWORK = 3
_ALL_SCOPES = 3

_ALLOW, _KILL, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
_NOTIFY, _NEW_LISTENER = 0x7FC00000, 8
_EPERM, _EBUSY, _ENOSYS, _EAFNOSUPPORT = 1, 16, 38, 97
_AUDIT = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_NAMESPACES = 0x80 | 0x20000 | 0x2000000 | 0x4000000 | 0x8000000 | 0x10000000 | 0x20000000 | 0x40000000
_UNIX = 1
_STUFF_TERMINAL, _PASTE_TERMINAL = 0x5412, 0x541C

#: name:x86_64:aarch64, "-" where there is none. `clone`, `socket` and `ioctl` are looked at closer.
_CALLS = """
clone:56:220 socket:41:198 ioctl:16:29
"""
#: Answered with "not permitted": what changes the machine, other processes, namespaces, keys, or priorities.
_DENIED = """
_sysctl:156:- acct:163:89 add_key:248:217 adjtimex:159:171 chown:92:- chroot:161:51 clock_adjtime:305:266
clock_settime:227:112 delete_module:176:106 fchown:93:55 fchownat:260:54 finit_module:313:273 fsconfig:431:431
fsmount:432:432 fsopen:430:430 fspick:433:433 init_module:175:105 ioperm:173:- iopl:172:- ioprio_set:251:30
kcmp:312:272 kexec_file_load:320:294 kexec_load:246:104 keyctl:250:219 lchown:94:- lookup_dcookie:212:18 mbind:237:235
migrate_pages:256:238 mknod:133:- mknodat:259:33 modify_ldt:154:- mount:165:40 mount_setattr:442:442 move_mount:429:429
move_pages:279:239 name_to_handle_at:303:264 nfsservctl:180:42 open_by_handle_at:304:265 open_tree:428:428
pidfd_getfd:438:438 pivot_root:155:41 process_madvise:440:440 process_vm_readv:310:270 process_vm_writev:311:271
ptrace:101:117 quotactl:179:60 quotactl_fd:443:443 reboot:169:142 request_key:249:218 sched_setattr:314:274
sched_setparam:142:118 sched_setscheduler:144:119 set_mempolicy:238:237 setdomainname:171:162 setfsgid:123:152
setfsuid:122:151 setgid:106:144 setgroups:116:159 sethostname:170:161 setns:308:268 setpriority:141:140
setregid:114:143 setresgid:119:149 setresuid:117:147 setreuid:113:145 settimeofday:164:170 setuid:105:146
swapoff:168:225 swapon:167:224 sysfs:139:- syslog:103:116 umount2:166:39 unshare:272:97 uselib:134:- vhangup:153:58
vserver:236:- landlock_create_ruleset:444:444 landlock_add_rule:445:445 landlock_restrict_self:446:446
"""
#: What every start of a thread tries first: nothing to tell anybody of.
_USUAL = ("clone3", "inotify_init", "inotify_init1")
#: Answered with "there is no such call", so that programs take their other way.
_ABSENT = """
bpf:321:280 clone3:435:435 fanotify_init:300:262 fanotify_mark:301:263 inotify_init:253:- inotify_init1:294:26
io_uring_enter:426:426 io_uring_register:427:427 io_uring_setup:425:425 memfd_create:319:279 memfd_secret:447:447
mq_open:240:180 mq_unlink:241:181 msgget:68:186 perf_event_open:298:241 semget:64:190 shmat:30:196 shmctl:31:195
shmget:29:194 userfaultfd:323:282
"""


def main() -> None:
    """Take the steps of the module, then become the program. Any failure ends the process with status 125."""
    specification = json.loads(sys.argv[1])
    try:
        os.umask(0o077)
        os.nice(int(specification["nice"]))
        for name, number in specification["limits"].items():
            resource.setrlimit(getattr(resource, f"RLIMIT_{name}"), (int(number), int(number)))
        confine_files(specification["read"], specification["write"])
        confine_calls(platform.machine(), specification.get("witness", ""))
    except (OSError, ValueError, KeyError) as error:
        print(f"sandbox: {error}", file=sys.stderr)
        os._exit(125)
    program = specification["argv"]
    try:
        os.execv(program[0], program)
    except OSError as error:
        print(f"{program[0]} cannot be run: {error.strerror}", file=sys.stderr)
        os._exit(126)


def landlock_abi() -> int:
    """The version of Landlock that the kernel speaks; 0 without it."""
    try:
        return _call(_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint(1))
    except OSError:
        return 0


def confine_files(read: Iterable[str], write: Iterable[str]) -> None:
    """Let this process and its children use these paths only, no network, and no sockets or signals beyond.

    Raises:
        OSError: the kernel has no Landlock, or an older one.
    """
    if landlock_abi() < LEAST_ABI:
        raise OSError(f"Landlock {LEAST_ABI} is missing: it needs Linux 6.12 with `landlock` among its LSMs")
    attributes = struct.pack("<QQQ", _ALL_OF_FILES, _ALL_OF_NETWORK, _ALL_SCOPES)
    buffer = ctypes.create_string_buffer(attributes, len(attributes))
    ruleset = _call(_RULESET, buffer, ctypes.c_size_t(len(attributes)), ctypes.c_uint(0))
    for path in read:
        _allow(ruleset, path, _EXECUTE | _READ_FILE | _READ_FOLDER)
    for path in write:  # never devices, and nothing that was written is executed
        _allow(ruleset, path, _ALL_OF_FILES & ~(_MAKE_CHARACTER_DEVICE | _MAKE_BLOCK_DEVICE | _EXECUTE))
    _control(_NO_NEW_PRIVILEGES, 1)
    _call(_RESTRICT, ctypes.c_int(ruleset), ctypes.c_uint(0))
    os.close(ruleset)


def _allow(ruleset: int, path: str, access: int) -> None:
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    if not os.path.isdir(path):  # noqa: PTH112  pathlib costs 5 ms of every start
        access &= _OF_FILES
    rule = ctypes.create_string_buffer(struct.pack("<Qi", access, descriptor), 12)
    _call(_RULE, ctypes.c_int(ruleset), ctypes.c_int(1), rule, ctypes.c_uint(0))
    os.close(descriptor)


def confine_calls(machine: str, witness: str = "") -> None:
    """Install the filter of system calls. Raises OSError when the kernel refuses or the machine is unknown."""
    if witness and _witnessed(machine, witness):
        return
    code = program(machine)

    class Filter(ctypes.Structure):
        _fields_ = [("length", ctypes.c_ushort), ("code", ctypes.c_char_p)]

    _control(_NO_NEW_PRIVILEGES, 1)
    given = Filter(len(code) // 8, code)
    if ctypes.CDLL(None, use_errno=True).prctl(_SECCOMP, _FILTER, ctypes.byref(given), 0, 0):
        raise OSError(ctypes.get_errno(), "seccomp is missing in this kernel")


def _witnessed(machine: str, witness: str) -> bool:
    """The same, with a witness at a socket that is told of each refused call and answers it with no.

    False where a filter around us has a listener already, as in some containers: there can be one. Raises OSError.
    """
    import _socket  # `socket` costs 8 ms of every start

    code = program(machine, _NOTIFY)

    class Filter(ctypes.Structure):
        _fields_ = [("length", ctypes.c_ushort), ("code", ctypes.c_char_p)]

    door = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    door.connect(witness)
    _control(_NO_NEW_PRIVILEGES, 1)
    given = Filter(len(code) // 8, code)
    number = 317 if machine == "x86_64" else 277
    try:
        listener = _call(number, ctypes.c_uint(1), ctypes.c_uint(_NEW_LISTENER), ctypes.byref(given))
    except OSError as error:
        if error.errno == _EBUSY:
            return False
        raise
    door.sendmsg([b"x"], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, struct.pack("i", listener))])
    os.close(listener)
    door.close()
    return True


def calls_of(machine: str) -> Mapping[int, tuple[str, int]]:
    """Names of the system calls that the filter refuses, and what is said to them, by number."""
    absent = numbers(_ABSENT, machine)
    found = {**numbers(_DENIED, machine), **numbers(_CALLS, machine), **absent}
    errors = {"socket": _EAFNOSUPPORT} | dict.fromkeys(absent, _ENOSYS)
    return {number: (name, errors.get(name, _EPERM)) for name, number in found.items()}


def program(machine: str, refusal: int = 0) -> bytes:
    """The filter as classic BPF, 8 bytes for each instruction.

    Args:
        refusal: what is said to calls that are not permitted; an error number where it is 0.

    Raises:
        OSError: the machine is neither x86_64 nor aarch64.
    """
    if machine not in _AUDIT:
        raise OSError(f"the sandbox knows no system calls of {machine}")
    calls = numbers(_CALLS, machine)
    code: list[tuple[int, int, int, int]] = []

    def load(offset: int) -> None:
        code.append((0x20, 0, 0, offset))

    def when(value: int, answer: int) -> None:
        code.extend([(0x15, 0, 1, value), (0x06, 0, 0, answer)])

    load(4)
    code.extend([(0x15, 1, 0, _AUDIT[machine]), (0x06, 0, 0, _KILL)])
    load(0)
    if machine == "x86_64":  # the x32 forms have numbers of their own
        code.extend([(0x35, 0, 1, 0x40000000), (0x06, 0, 0, _KILL)])
    for number in numbers(_DENIED, machine).values():
        when(number, refusal or _ERRNO | _EPERM)
    for name, number in numbers(_ABSENT, machine).items():
        when(number, _ERRNO | _ENOSYS if name in _USUAL else refusal or _ERRNO | _ENOSYS)
    # Each look at arguments is skipped as a whole by the calls that it is not about.
    code.append((0x15, 0, 4, calls["clone"]))
    load(16)
    code.extend([(0x45, 0, 1, _NAMESPACES), (0x06, 0, 0, refusal or _ERRNO | _EPERM), (0x06, 0, 0, _ALLOW)])
    code.append((0x15, 0, 4, calls["socket"]))
    load(16)
    code.extend([(0x15, 0, 1, _UNIX), (0x06, 0, 0, _ALLOW), (0x06, 0, 0, refusal or _ERRNO | _EAFNOSUPPORT)])
    code.append((0x15, 0, 5, calls["ioctl"]))
    load(24)
    when(_STUFF_TERMINAL, refusal or _ERRNO | _EPERM)
    when(_PASTE_TERMINAL, refusal or _ERRNO | _EPERM)
    code.append((0x06, 0, 0, _ALLOW))
    return b"".join(struct.pack("<HBBI", *instruction) for instruction in code)


def numbers(table: str, machine: str) -> Mapping[str, int]:
    """The numbers of the calls in a table that the machine has."""
    column = 1 if machine == "x86_64" else 2
    rows = (row.split(":") for row in table.split())
    return {row[0]: int(row[column]) for row in rows if row[column] != "-"}


def _control(option: int, value: int) -> None:
    if ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "no_new_privs cannot be set")


def _call(number: int, *arguments: object) -> int:
    library = ctypes.CDLL(None, use_errno=True)
    answer = int(library.syscall(ctypes.c_long(number), *arguments))
    if answer < 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
    return answer


if __name__ == "__main__":
    main()
