#!/bin/sh
# Mistakes users make, one script each: what luma says about them, to the letter, and its exit code.
#
# A script begins with comments:  -- exit: 1   -- says: text after "luma: "   (one line a message; NAME.lua
# stands for itself)   -- args: name=value   (optional). It runs by its bare name in an empty folder, so
# that messages hold no paths; all lines of stderr that begin with "luma: " must be the ones given.
# `tests/errors/run.sh NAME...` runs some and shows what they say.
. "$(dirname "$0")/../help_sh.sh"
here=$(cd "$(dirname "$0")" && pwd)
LUMA=${LUMA:-$here/../../build/luma}
unset LUMA_DATA XDG_DATA_HOME
export HOME="$work"

one() {
    folder=$work/$(basename "$1" .lua)
    mkdir -p "$folder/run"
    cp "$1" "$folder/run/"
    sed -n 's/^-- says: //p' "$1" >"$folder/says"
    wanted=$(sed -n 's/^-- exit: //p' "$1")
    args=$(sed -n 's/^-- args: //p' "$1")
    # Words of `args` are arguments of their own.
    (cd "$folder/run" && exec "$LUMA" run "$(basename "$1")" $args) \
        >"$folder/out" 2>"$folder/err" </dev/null
    got=$?
    sed -n 's/^luma: //p' "$folder/err" >"$folder/said"
    if [ "$got" -ne "$wanted" ] || ! cmp -s "$folder/says" "$folder/said"; then
        echo "exit $got, wanted $wanted; it says, and should say:"
        diff "$folder/said" "$folder/says"
        cat "$folder/out"
        return 1
    fi
}

if [ $# -gt 0 ]; then
    for name; do
        one "$here/$(basename "$name" .lua).lua"
        cat "$work/$(basename "$name" .lua)/err"
    done
    exit
fi
for file in "$here"/*.lua; do
    check "$(basename "$file" .lua)" one "$file"
done
check "at least 40 mistakes" test "$n_passed" -ge 40
done_testing
