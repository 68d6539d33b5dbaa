#!/bin/sh
# No source file above 500 lines, no function above 80: what is longer holds more than one thought.
set -u
. tests/help_sh.sh

long_files() {
    awk -v most=500 '
        function report() { if (name != "" && n > most) print name ": " n " lines, at most " most }
        FNR == 1 { report(); name = FILENAME }
        { n = FNR }
        END { report() }' "$@"
}

# clang-format puts a function's braces at column 0; a Lua function ends with `end` at the indent of the
# line that holds the word `function`.
long_functions() {
    awk -v most=80 '
        FNR == 1 { is_lua = FILENAME ~ /\.lua$/; begin = 0; depth = 0 }
        !is_lua && /^[A-Za-z_].*\(/ { head = $0 }
        !is_lua && /^(\{|[A-Za-z_].*\) *\{)$/ { begin = FNR }
        !is_lua && /^\}/ && begin {
            if (FNR - begin + 1 > most)
                print FILENAME ":" begin ": " FNR - begin + 1 " lines, at most " most ": " head
            begin = 0
        }
        is_lua && /(^|[^A-Za-z0-9_.:"])function[ (]/ && !/[^A-Za-z0-9_]end[ ),;}]*$/ && !/^ *--/ {
            match($0, /^ */)
            depth++; indent[depth] = RLENGTH; first[depth] = FNR; text[depth] = $0
        }
        is_lua && depth && /^ *end/ {
            match($0, /^ */)
            if (RLENGTH == indent[depth]) {
                if (FNR - first[depth] + 1 > most)
                    print FILENAME ":" first[depth] ": " FNR - first[depth] + 1 " lines, at most " most ": " text[depth]
                depth--
            }
        }' "$@"
}

set -- $(find src lua pipelines tests -type f \( -name '*.c' -o -name '*.h' -o -name '*.lua' \) 2>/dev/null | sort)
check "sizes: files" is_silent long_files "$@"
set -- $(find src lua -type f \( -name '*.c' -o -name '*.h' -o -name '*.lua' \) 2>/dev/null | sort)
check "sizes: functions" is_silent long_functions "$@"

# The check can fail.
awk 'BEGIN { print "static int f(int a,\n             int b)\n{"; for (i = 0; i < 79; i++) print "    a++;"; print "}" }' >"$work/f.c"
awk 'BEGIN { print "local function g(a)"; for (i = 0; i < 79; i++) print "  if a then a = 1 end"; print "end" }' >"$work/g.lua"
awk 'BEGIN { for (i = 0; i < 501; i++) print "" }' >"$work/h.c"
check "sizes: a long C function is found" prints "f.c:3: 81 lines" long_functions "$work/h.c" "$work/f.c"
check "sizes: a long Lua function is found" prints "g.lua:1: 81 lines" long_functions "$work/g.lua"
check "sizes: a long file is found" prints "h.c: 501 lines" long_files "$work/h.c" "$work/f.c"
done_testing
