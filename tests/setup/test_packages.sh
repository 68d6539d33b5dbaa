#!/bin/sh
# tests/setup/packages.sh with dpkg-query, apt and sudo played by scripts: what it asks them, and when.
set -u
# Lists of sources and the scripts below are split at blanks.
case ${TMPDIR-} in *[[:space:]]*) TMPDIR=/tmp ;; esac
. tests/help_sh.sh
script=$PWD/tests/setup/packages.sh
out=$work/out

# tool NAME SCRIPT
tool() {
    printf '#!/bin/sh\n%s\n' "$2" >"$work/bin/$1"
    chmod +x "$work/bin/$1"
}

# A machine where `installed` lists the packages that are there and `known` those apt has heard of.
machine() {
    rm -rf "${work:?}/bin" "$work/log"
    mkdir -p "$work/bin"
    for t in sh env cat grep echo sed mktemp rm tail; do
        ln -s "$(command -v "$t")" "$work/bin/$t"
    done
    : >"$work/log"
    echo "$1" >"$work/installed"
    echo "$2" >"$work/known"
    tool id 'echo 0'
    tool dpkg-query "for p; do :; done; grep -qw -- \"\$p\" $work/installed && echo installed"
    tool apt-cache "for p; do :; done; grep -qw -- \"\$p\" $work/known"
    tool apt-get "echo apt-get \$DEBIAN_FRONTEND \"\$@\" | sed 's/ -qq -o [^ ]* -o [^ ]*//' >>$work/log"
}

# asks LINES: what apt was asked, one a line.
asks() {
    wanted=$1
    shift
    PATH=$work/bin sh "$script" "$@" >"$out" 2>&1 </dev/null || { echo "exit $?"; cat "$out"; return 1; }
    [ "$(cat "$work/log")" = "$wanted" ] || { echo "asked: $(cat "$work/log")"; return 1; }
}

refuses() {
    wanted=$1
    shift
    if PATH=$work/bin sh "$script" "$@" >"$out" 2>&1; then
        echo "no failure"
        return 1
    fi
    grep -qF "$wanted" "$out" || { echo "not said: $wanted"; cat "$out"; return 1; }
}
INSTALL="apt-get noninteractive install -y --no-install-recommends"

machine "one two" "one two"
check "packages: nothing to do asks nobody" asks "" one two
is_silent() {
    [ ! -s "$out" ]
}
check "packages: and says nothing" is_silent
machine "one" "one two"
check "packages: only what is missing is installed" asks "$INSTALL two" one two
says_so() {
    grep -q "to be installed: two" "$out"
}
check "packages: and named" says_so
machine "one" "one"
check "packages: the list is updated when a package is unknown" \
    asks "apt-get noninteractive update
$INSTALL two" one two
machine "" "two"
tool apt-get "case \"\$*\" in *update) : >$work/updated; exit ;; esac
[ -f $work/updated ] && echo installed after the update >>$work/log"
check "packages: or when it is too old to install from" asks "installed after the update" two
machine "" "two"
tool id 'echo 1000'
tool sudo 'echo sudo $1 >>'"$work"'/log; shift; exec "$@"'
check "packages: with sudo when not root, asking nothing without a terminal" asks "sudo -n
$INSTALL two" two
rm "$work/bin/sudo"
check "packages: not root and no sudo" refuses "as root: apt-get install two" two
machine "" "two"
rm "$work/bin/apt-get"
check "packages: no apt" refuses "no apt-get" two
machine "" "two"
tool apt-get "echo E: out of luck; exit 100"
check "packages: apt fails, and is heard" refuses "E: out of luck" two
done_testing
