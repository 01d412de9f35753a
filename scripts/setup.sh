# shellcheck shell=bash
# Sourced by the other scripts: sees to it that what Marmalade needs is there. Where it is, that takes some milliseconds.
#
# After `setup requirements.txt` the variable `python` names the Python to use, and PATH leads to every program.
# Programs come from Debian's packages, by apt where we may, else unpacked into .prefix; Python packages come into
# .venv, from a requirements file with hashes. Nothing is started, and no system service is left running.

repo=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.." && pwd)
venv=$repo/.venv
prefix=$repo/.prefix
python=$venv/bin/python
export PATH="$prefix/bin:$venv/bin:$PATH"

say() { printf 'marmalade: %s\n' "$*" >&2; }

fail() {
    say "$*"
    exit 1
}

# Everything that is missing by the names of Debian's packages, one a line. No process is started here.
missing_packages() {
    local plugin found=""
    command -v scsynth >/dev/null || echo supercollider-server
    for plugin in /usr/lib/SuperCollider/plugins /usr/local/lib/SuperCollider/plugins \
        /usr/share/SuperCollider/Extensions/SC3plugins "$prefix/tree/usr/lib/SuperCollider/plugins"; do
        if [ -e "$plugin/MCLDFFTUGens.so" ]; then found=1; fi
    done
    [ -n "$found" ] || echo sc3-plugins-server
    command -v redis-server >/dev/null || echo redis-server
    command -v jackd >/dev/null || echo jackd2
    command -v bwrap >/dev/null || echo bubblewrap
    # Tests step the clock that scsynth sees, and ask others' programs whether they read our keys and signatures as we do.
    if [ "${requirements:-}" = requirements-dev.txt ]; then # setup's
        compgen -G "/usr/lib/*/faketime/libfaketimeMT.so.1" >/dev/null ||
            compgen -G "$prefix/tree/usr/lib/*/faketime/libfaketimeMT.so.1" >/dev/null || echo libfaketime
        command -v openssl >/dev/null || echo openssl
        command -v ssh-keygen >/dev/null || echo openssh-client
    fi
    if [ -S "${XDG_RUNTIME_DIR:-/run/user/$UID}/pipewire-0" ]; then
        command -v pw-jack >/dev/null || echo pipewire-jack
    fi
}

# The first Python that is new enough, as a path.
find_python() {
    local name path
    for name in python3 python3.14 python3.13 python3.12 python3.11; do
        path=$(command -v "$name") || continue
        if "$path" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            "$path" -c 'import sys; print(sys.executable)'
            return 0
        fi
    done
    return 1
}

# Prints the command that makes us root, an empty line when we are; fails when we cannot be.
as_root() {
    if [ "$(id -u)" = 0 ]; then
        echo
    elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
        echo "sudo -n"
    elif command -v sudo >/dev/null && [ -t 0 ] && [ -t 2 ]; then
        echo sudo
    else
        return 1
    fi
}

install_with_apt() {
    local root=$1 policy=/usr/sbin/policy-rc.d made="" status=0
    shift
    # Word splitting is meant: $root is empty, `sudo` or `sudo -n`.
    # shellcheck disable=SC2086
    run_root() { $root "$@"; }
    # jackd2 asks whether it may have real-time priority; a musician wants yes.
    if [[ " $* " == *" jackd2 "* ]]; then
        echo "jackd2 jackd/tweak_rt_limits boolean true" | run_root debconf-set-selections 2>/dev/null || true
    fi
    # Each jam has a Redis of its own: the system's is neither started now nor at the next boot.
    if [ ! -e "$policy" ]; then
        printf '#!/bin/sh\nexit 101\n' | run_root tee "$policy" >/dev/null
        run_root chmod 755 "$policy"
        made=1
    fi
    local apt=(env DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends
        -o Dpkg::Use-Pty=0 -o Acquire::Retries=3)
    if ! run_root "${apt[@]}" install "$@" >&2 </dev/null; then
        { run_root "${apt[@]}" update && run_root "${apt[@]}" install "$@"; } >&2 </dev/null || status=$?
    fi
    if [ -n "$made" ]; then run_root rm -f "$policy"; fi
    if [[ " $* " == *" redis-server "* ]] && command -v systemctl >/dev/null; then
        run_root systemctl disable redis-server >/dev/null 2>&1 || true
    fi
    return "$status"
}

install_programs() {
    local root
    say "installing $*"
    if ! command -v apt-get >/dev/null; then
        fail "this needs $*, and there is no apt here: install them with your system's package manager."
    fi
    if root=$(as_root) && install_with_apt "$root" "$@"; then
        return 0
    fi
    say "no root: unpacking the packages into $prefix"
    "$repo/scripts/unpack" "$prefix" "$@" ||
        fail "$* cannot be installed here: ask somebody with root to run: apt install $*"
}

# Where Debian's python3-venv is missing and cannot be installed, pip comes out of the unpacked python3-pip-whl.
make_venv() {
    local base=$1 wheel root
    if "$base" -c 'import ensurepip' 2>/dev/null; then
        "$base" -m venv --clear "$venv" && return 0
    fi
    if root=$(as_root) && install_with_apt "$root" python3-venv && "$base" -m venv --clear "$venv"; then
        return 0
    fi
    "$repo/scripts/unpack" "$prefix" python3-pip-whl || return 1
    wheel=$(find "$prefix/tree/usr/share/python-wheels" -name 'pip-*.whl' | head -n 1)
    [ -n "$wheel" ] && "$base" -m venv --clear --without-pip "$venv" &&
        "$python" "$wheel/pip" install --quiet --no-index --no-deps "$wheel"
}

install_python() {
    local requirements=$1 base root
    if ! base=$(find_python); then
        if root=$(as_root) && command -v apt-get >/dev/null; then install_with_apt "$root" python3 python3-venv || true; fi
        hash -r
        base=$(find_python) || fail "this needs Python 3.11 or later; install it (Debian 12 and Ubuntu 24.04: python3)."
    fi
    if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        say "making $venv"
        make_venv "$base" || fail "no virtual environment can be made: install python3-venv."
    fi
    say "installing $requirements"
    local pip=("$python" -m pip --disable-pip-version-check install --quiet --no-input)
    "${pip[@]}" --require-hashes -r "$repo/$requirements" </dev/null ||
        fail "the Python packages of $requirements cannot be installed; see above."
    "${pip[@]}" --no-deps --no-build-isolation -e "$repo" </dev/null || fail "marmalade_sc itself cannot be installed."
}

# setup REQUIREMENTS: the file names what goes into .venv. What was installed is kept as a stamp of its inputs.
setup() {
    local requirements=$1 missing stamp="$venv/.marmalade-$1" inputs
    missing=$(missing_packages)
    inputs=$(cat "$repo/$requirements" "$repo/pyproject.toml" "$repo/scripts/setup.sh" | sha256sum)
    if [ -z "$missing" ] && is_installed; then return 0; fi
    # Two that start at once: the second waits and then finds everything there.
    exec 9>"$repo/.setup.lock"
    flock 9
    missing=$(missing_packages)
    if [ -n "$missing" ]; then
        local packages
        mapfile -t packages <<<"$missing"
        install_programs "${packages[@]}"
        hash -r
        missing=$(missing_packages)
        if [ -n "$missing" ]; then fail "still missing after the installation: ${missing//$'\n'/ }."; fi
    fi
    if ! is_installed; then
        install_python "$requirements"
        printf '%s' "$inputs $repo" >"$stamp"
    fi
    exec 9>&-
}

# Whether .venv was made from these very inputs; reads the variables of setup.
is_installed() {
    [ -x "$python" ] && [ -r "$stamp" ] && [ "$(<"$stamp")" = "$inputs $repo" ]
}
