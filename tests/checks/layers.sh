#!/bin/sh
# A room includes headers only from itself and from rooms to its left in the order below, so that each
# can be read, tested and reused with nothing but what stands before it. Lua is known to bind and cli alone.
set -u
. tests/help_sh.sh
ORDER="base kernel tensor stats io data stage augment flow nn bind cli"

# leaks FILE...: prints each include that points right, or to a room that does not exist.
leaks() {
    awk -v order="$ORDER" '
        BEGIN { n = split(order, r, " "); for (i = 1; i <= n; i++) rank[r[i]] = i }
        FNR == 1 {
            n = split(FILENAME, part, "/")
            room = part[n - 1]
            if (!(room in rank)) print FILENAME ": unknown room \"" room "\""
        }
        /^[ \t]*#[ \t]*include[ \t]*"[^"]*\// {
            split($0, quoted, "\"")
            split(quoted[2], path, "/")
            if (!(path[1] in rank)) print FILENAME ":" FNR ": unknown room in " quoted[2]
            else if (rank[path[1]] > rank[room])
                print FILENAME ":" FNR ": " room " includes " quoted[2] ", which is to its right"
        }
        /^[ \t]*#[ \t]*include[ \t]*[<"](lua|lauxlib|lualib|luaconf)\.h/ && rank[room] < rank["bind"] {
            print FILENAME ":" FNR ": Lua outside bind and cli"
        }' "$@"
}

for room in src/*/; do
    set -- "$room"*.[ch]
    [ -f "$1" ] && check "layers: ${room%/}" is_silent leaks "$@"
done

# The check can fail.
mkdir -p "$work/io" "$work/attic"
printf '#include "base/base.h"\n#  include "nn/model.h"\n#include <lua.h>\n' >"$work/io/x.c"
printf '#include "base/base.h"\n' >"$work/attic/x.c"
check "layers: an include to the right is found" prints "x.c:2: io includes nn/model.h" leaks "$work/io/x.c"
check "layers: Lua in the engine is found" prints "x.c:3: Lua outside" leaks "$work/io/x.c"
check "layers: a new room must be put in the order" prints 'unknown room "attic"' leaks "$work/attic/x.c"
done_testing
