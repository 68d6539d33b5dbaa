#!/bin/sh
# What should not be left in a file: marks of unfinished work, trailing blanks, tabs (but in Makefiles),
# DOS line ends, a missing last newline.
set -u
. tests/help_sh.sh

# Brackets keep the patterns from finding themselves.
MARKS='TO[D]O|FIX[M]E|\bXX[X]\b|HAC[K]|not imple[m]ented|\bst[u]b\b'

unfinished() {
    grep -nE "$MARKS" "$@" /dev/null
}

blanks() {
    tab=$(printf '\t')
    cr=$(printf '\r')
    for f in "$@"; do
        grep -nE "[ $tab]\$" "$f" /dev/null | sed 's/$/ <- trailing blank/'
        grep -n "$cr" "$f" /dev/null | sed 's/$/ <- DOS line end/'
        case $f in
        *Makefile | *.mk) ;;
        *) grep -n "$tab" "$f" /dev/null | sed 's/$/ <- tab/' ;;
        esac
        [ -z "$(tail -c 1 "$f")" ] || echo "$f: no newline at the end"
    done
}

texts() {
    ls README.md Makefile .ci/run .clang-format .gitignore .luacheckrc 2>/dev/null
    find src lua pipelines tests datasets -type f \( -name '*.[chS]' -o -name '*.lua' -o -name '*.sh' \
        -o -name '*.md' -o -name '*.mk' -o -name '*.py' \) 2>/dev/null | grep -v '/\.part\.' | sort
}

set -- $(texts)
check "text: no marks of unfinished work" is_silent unfinished "$@"
check "text: no blanks where none belong" is_silent blanks "$@"

# The check can fail.
printf 'a \nb\tc\n/* TO%s: d */' DO >"$work/x.c"
printf 'a:\n\ttrue\n' >"$work/x.mk"
check "text: a mark is found" prints "x.c:3:" unfinished "$work/x.c"
check "text: a trailing blank is found" prints "x.c:1:a  <- trailing" blanks "$work/x.c"
check "text: a tab is found" prints "<- tab" blanks "$work/x.c"
check "text: a missing newline is found" prints "no newline" blanks "$work/x.c"
check "text: a makefile may have tabs" is_silent blanks "$work/x.mk"
done_testing
