"""What a hostile generator tries, one function each; run inside a sandbox, it prints a row of JSON for each attempt.

An attempt that succeeds returns what it got; one that is denied raises. Standard library only. Targets come as JSON.
"""

import ctypes
import json
import mmap
import os
import resource
import signal
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Callable

T = json.loads(os.environ.get("TARGETS", "{}"))
LIBC = ctypes.CDLL(None, use_errno=True)
ATTACKS: dict[str, Callable[[], object]] = {}


def attack(function: Callable[[], object]) -> Callable[[], object]:
    ATTACKS[function.__name__] = function
    return function


def call(number: int, *arguments: object) -> int:
    answer = LIBC.syscall(ctypes.c_long(number), *arguments)
    if answer < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return int(answer)


def check(answer: int) -> int:
    if answer < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return answer


@attack
def read_the_players_key() -> object:
    return open(T["key"]).read()


@attack
def read_the_key_through_proc() -> object:
    return open("/proc/1/root" + T["key"]).read()


@attack
def read_the_key_by_a_symbolic_link() -> object:
    os.symlink(T["key"], "/tmp/link")
    return open("/tmp/link").read()


@attack
def link_the_key() -> object:
    os.link(T["key"], "/tmp/hard")
    return open("/tmp/hard").read()


@attack
def read_another_instance() -> object:
    return open(T["other"] + "/secret").read()


@attack
def write_another_instance() -> object:
    return open(T["other"] + "/planted", "w").write("x")


@attack
def list_the_players_folder() -> object:
    return os.listdir(T["player"])


@attack
def list_the_home() -> object:
    return os.listdir(os.path.expanduser("~root"))


@attack
def write_its_own_program() -> object:
    return open("/gen/planted", "w").write("x")


@attack
def make_its_own_program_writable() -> object:
    os.chmod("/gen", 0o777)
    return open("/gen/planted", "w").write("x")


@attack
def read_passwd() -> object:
    return open("/etc/passwd").read()


@attack
def read_shadow() -> object:
    return open("/etc/shadow").read()


@attack
def read_an_environment() -> object:
    found = [
        open(f"/proc/{pid}/environ").read() for pid in os.listdir("/proc") if pid.isdigit() and int(pid) != os.getpid()
    ]
    if not any("SECRET" in each for each in found):
        raise PermissionError("none has a secret")
    return found


@attack
def see_other_processes() -> object:
    pids = [pid for pid in os.listdir("/proc") if pid.isdigit()]
    if len(pids) < 8:
        raise PermissionError(f"only {len(pids)} processes are there")
    return pids


@attack
def read_the_kernels_memory() -> object:
    return open("/proc/kcore", "rb").read(8)


@attack
def write_a_sysctl() -> object:
    return open("/proc/sys/kernel/core_pattern", "w").write("|/bin/sh")


@attack
def trigger_sysrq() -> object:
    return open("/proc/sysrq-trigger", "w").write("h")


@attack
def escape_by_cgroup() -> object:
    return open("/sys/fs/cgroup/release_agent", "w").write("/bin/sh")


@attack
def open_a_disk() -> object:
    os.mknod("/tmp/disk", 0o600 | 0x6000, os.makedev(254, 0))
    return open("/tmp/disk", "rb").read(8)


@attack
def tcp_to_localhost() -> object:
    socket.create_connection(("127.0.0.1", T["tcp"]), 1).close()
    return "connected"


@attack
def udp_to_scsynth() -> object:
    return socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"/quit\0\0\0,\0\0\0", ("127.0.0.1", T["udp"]))


@attack
def tcp_over_ipv6() -> object:
    return socket.socket(socket.AF_INET6, socket.SOCK_STREAM)


@attack
def raw_socket() -> object:
    return socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)


@attack
def netlink() -> object:
    return socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)


@attack
def vsock() -> object:
    return socket.socket(40, socket.SOCK_STREAM)


@attack
def a_hosts_socket_by_path() -> object:
    one = socket.socket(socket.AF_UNIX)
    one.connect(T["sock"])
    return "connected"


@attack
def a_hosts_socket_by_proc() -> object:
    one = socket.socket(socket.AF_UNIX)
    one.connect("/proc/1/root" + T["sock"])
    return "connected"


@attack
def an_abstract_socket() -> object:
    one = socket.socket(socket.AF_UNIX)
    one.connect("\0" + T["abstract"])
    return "connected"


@attack
def anothers_gateway() -> object:
    one = socket.socket(socket.AF_UNIX)
    one.connect(T["other_gateway"])
    return "connected"


@attack
def kill_a_process_of_the_host() -> object:
    os.kill(T["victim"], 0)
    return "it is there"


@attack
def kill_everybody() -> object:
    signal.signal(signal.SIGCONT, signal.SIG_IGN)
    os.kill(-1, 0)
    if os.path.exists(f"/proc/{T['victim']}"):
        return "the victim was among them"
    raise PermissionError("nobody of the host was among them")


@attack
def ptrace_process_1() -> object:
    return check(LIBC.ptrace(16, 1, 0, 0))


@attack
def read_anothers_memory() -> object:
    return call({"x86_64": 310, "aarch64": 270}[os.uname().machine], 1, None, 0, None, 0, 0)


@attack
def take_a_descriptor() -> object:
    return call(438, 3, 1, 0)


@attack
def new_user_namespace() -> object:
    return check(LIBC.unshare(0x10000000))


@attack
def new_mount_namespace() -> object:
    return check(LIBC.unshare(0x20000))


@attack
def clone_into_namespaces() -> object:
    return call({"x86_64": 56, "aarch64": 220}[os.uname().machine], 0x10000000 | 17, None, None, None, None)


@attack
def clone3() -> object:
    return call(435, ctypes.create_string_buffer(88), 88)


@attack
def enter_a_namespace() -> object:
    return check(LIBC.setns(os.open("/proc/1/ns/net", os.O_RDONLY), 0))


@attack
def mount() -> object:
    return check(LIBC.mount(b"none", b"/tmp", b"tmpfs", 0, None))


@attack
def remount_writable() -> object:
    return check(LIBC.mount(b"none", b"/", None, 32, None))


@attack
def new_root() -> object:
    os.chroot("/tmp")
    return "changed"


@attack
def become_root() -> object:
    os.setuid(0)
    return os.getuid()


@attack
def become_another_user() -> object:
    os.setresuid(1234, 1234, 1234)
    return os.getuid()


@attack
def run_setuid_programs() -> object:
    done = subprocess.run(["/usr/bin/su", "-c", "id"], capture_output=True, timeout=5, stdin=subprocess.DEVNULL)
    if done.returncode or b"uid=0" not in done.stdout:
        raise PermissionError(done.stderr[:60])
    return done.stdout


@attack
def run_what_it_wrote() -> object:
    with open("/tmp/program", "w") as file:
        file.write("#!/bin/sh\nexit 0\n")
    os.chmod("/tmp/program", 0o755)
    return subprocess.run(["/tmp/program"], check=True).returncode


@attack
def io_uring() -> object:
    return call(425, 8, ctypes.create_string_buffer(256))


@attack
def a_file_in_memory() -> object:
    return os.memfd_create("evil")


@attack
def keyring() -> object:
    return call({"x86_64": 250, "aarch64": 219}[os.uname().machine], 0, -3, 1)


@attack
def bpf() -> object:
    return call({"x86_64": 321, "aarch64": 280}[os.uname().machine], 0, None, 0)


@attack
def perf_events() -> object:
    return call({"x86_64": 298, "aarch64": 241}[os.uname().machine], None, 0, -1, -1, 0)


@attack
def shared_memory() -> object:
    return call({"x86_64": 29, "aarch64": 194}[os.uname().machine], 0, 4096, 0o1600)


@attack
def stuff_the_terminal() -> object:
    import fcntl

    return fcntl.ioctl(os.open("/dev/tty", os.O_RDWR), 0x5412, b"x")


@attack
def raise_its_priority() -> object:
    os.setpriority(os.PRIO_PROCESS, 0, -5)
    return os.getpriority(os.PRIO_PROCESS, 0)


@attack
def real_time_priority() -> object:
    os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(10))
    return "real time"


@attack
def raise_a_limit() -> object:
    resource.setrlimit(resource.RLIMIT_NPROC, (4096, 4096))
    return resource.getrlimit(resource.RLIMIT_NPROC)


@attack
def change_the_clock() -> object:
    return check(LIBC.clock_settime(0, ctypes.byref((ctypes.c_long * 2)(0, 0))))


@attack
def change_the_hostname() -> object:
    socket.sethostname("evil")
    return "changed"


@attack
def learn_the_hosts_name() -> object:
    if socket.gethostname() == "jam":
        raise PermissionError("it is a made-up one")
    return socket.gethostname()


@attack
def inherited_descriptors() -> object:
    found = [fd for fd in os.listdir("/proc/self/fd") if int(fd) > 2]
    links = [os.readlink(f"/proc/self/fd/{fd}") for fd in found if os.path.exists(f"/proc/self/fd/{fd}")]
    kept = [each for each in links if not each.startswith("/proc/")]
    if not kept:
        raise PermissionError("there are none")
    return kept


@attack
def secrets_in_the_environment() -> object:
    found = [name for name in os.environ if name not in ("TARGETS",) and "SECRET" in os.environ[name]]
    if not found:
        raise PermissionError("there are none")
    return found


@attack
def lots_of_memory() -> object:
    return len(bytearray(1500 << 20))


@attack
def map_lots_of_memory() -> object:
    return len(mmap.mmap(-1, 2 << 30))


@attack
def many_processes() -> object:
    made = []
    try:
        for _ in range(60):
            pid = os.fork()
            if not pid:
                signal.pause()
            made.append(pid)
    finally:
        for pid in made:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
    return len(made)


@attack
def many_threads() -> object:
    over = threading.Event()
    threads = []
    try:
        for _ in range(200):
            one = threading.Thread(target=over.wait)
            one.start()
            threads.append(one)
    finally:
        over.set()
        for one in threads:
            one.join()
    return len(threads)


@attack
def many_files() -> object:
    kept = [open("/dev/null") for _ in range(2000)]
    return len(kept)


@attack
def fill_the_scratch_space() -> object:
    with open("/tmp/big", "wb") as file:
        try:
            for _ in range(300):
                file.write(bytes(1 << 20))
        finally:
            file.close()
            os.unlink("/tmp/big")
    return "300 MiB"


@attack
def fill_shared_memory() -> object:
    with open("/dev/shm/big", "wb") as file:
        for _ in range(20):
            file.write(bytes(1 << 20))
    return "20 MiB"


@attack
def fill_the_root() -> object:
    return open("/big", "wb").write(b"x")


@attack
def write_to_dev() -> object:
    return open("/dev/big", "wb").write(b"x")


def attempt(name: str) -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        row = {"attack": name, "breach": True, "what": repr(ATTACKS[name]())[:80]}
    except BaseException as error:
        row = {"attack": name, "breach": False, "what": f"{type(error).__name__}: {error}"[:80]}
    print(json.dumps(row), flush=True)


if __name__ == "__main__":
    _ = struct
    for each in sys.argv[1:] or ATTACKS:
        attempt(each)
