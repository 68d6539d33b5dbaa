#!/bin/sh
# Installs the Debian packages named as arguments that are missing, and says so: packages.sh NAME...
#
# Through apt, with sudo when not root, asking nothing. The list of packages is updated only when apt
# does not know one of them, or when what it knows can no longer be fetched.
set -u

is_installed() {
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

missing=
for name in "$@"; do
    is_installed "$name" || missing="$missing $name"
done
if [ -z "$missing" ]; then
    exit 0
fi
echo "deps: to be installed:$missing"
if ! command -v apt-get >/dev/null 2>&1; then
    echo "deps: there is no apt-get here; install what these Debian packages hold, by your system's means" >&2
    exit 1
fi
as_root=
if [ "$(id -u)" -ne 0 ]; then
    # Without a terminal nobody can type a password.
    if [ -t 0 ]; then as_root=sudo; else as_root="sudo -n"; fi
    if ! command -v sudo >/dev/null 2>&1; then
        echo "deps: not root, and sudo is not installed; as root: apt-get install$missing" >&2
        exit 1
    fi
fi

log=$(mktemp) || exit 1
trap 'rm -f "$log"' EXIT
trap 'exit 1' INT TERM HUP

# apt COMMAND...: waits for another apt at work instead of failing. What it says about every package it
# unpacks is shown only when it fails.
apt() {
    echo "deps: ${as_root:+$as_root }apt-get $*"
    if $as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=120 \
        -o Dpkg::Use-Pty=0 "$@" </dev/null >"$log" 2>&1; then
        return 0
    fi
    tail -n 20 "$log" >&2
    return 1
}

is_known() {
    for name in $missing; do
        apt-cache show --no-all-versions "$name" >/dev/null 2>&1 || return 1
    done
}

is_updated=no
if ! is_known; then
    apt update || exit 1
    is_updated=yes
fi
# shellcheck disable=SC2086 # a list of words
if ! apt install -y --no-install-recommends $missing; then
    if [ "$is_updated" = yes ]; then
        exit 1
    fi
    apt update && apt install -y --no-install-recommends $missing || exit 1
fi
echo "deps: installed"
