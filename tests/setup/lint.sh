#!/bin/sh
# Second opinions on the sources from tools that are installed; each that is not is named.
# Exit 1 when one of them finds something.
set -u
cd "$(dirname "$0")/../.." || exit 1
found=0

# try TOOL COMMAND...
try() {
    tool=$1
    shift
    if ! command -v "$tool" >/dev/null 2>&1; then
        echo "lint: $tool is not installed, left out"
        return
    fi
    echo "lint: $tool"
    "$@" || found=1
}

c_files() {
    find src tests -name '*.[ch]' | sort
}

# Names the files clang-format would change.
unformatted() {
    for f in "$@"; do
        clang-format "$f" | cmp -s - "$f" || echo "$f: not as clang-format writes it (make format)"
    done | grep . && return 1
    return 0
}

flags="-std=c11 -Isrc -Itests/unit $(pkg-config --cflags lua5.4 zlib minizip jansson stb lapacke cmocka 2>/dev/null)"
jobs=$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)

# shellcheck disable=SC2086,SC2046 # lists of words without blanks
{
    try clang-format unformatted $(c_files)
    try cppcheck cppcheck -q -j "$jobs" --std=c11 --error-exitcode=1 --inline-suppr -Isrc \
        --enable=warning,performance,portability --suppress=missingIncludeSystem --suppress=nullPointerRedundantCheck src
    try luacheck luacheck -q --no-color $(ls -d lua pipelines tests/lua 2>/dev/null)
    try shellcheck shellcheck -S warning -e SC2154,SC2046 -s sh datasets/*.sh tests/*.sh tests/*/*.sh
    try clang-tidy sh -c 'flags=$1; shift; printf "%s\n" "$@" | grep "^src.*c$" |
        xargs -P "$0" -n 4 sh -c "clang-tidy --quiet \"\$@\" -- $flags 2>/dev/null" sh' "$jobs" "$flags" $(c_files)
}
exit "$found"
