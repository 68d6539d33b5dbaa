#!/bin/sh
# Every block of pipelines/TUTORIAL.md: files are written, commands run in their order in one folder, and what the
# page says they print is what they print.
. tests/help_sh.sh
LUMA=${LUMA:-$PWD/build/luma}
page=$PWD/pipelines/TUTORIAL.md
mkdir "$work/bin" "$work/here"
ln -s "$LUMA" "$work/bin/luma"
PATH=$work/bin:$PATH
export PATH
cd "$work/here" || exit 1

# Blocks as files: 01.lua.NAME, 02.sh, 03.text, ...
awk -v dir="$work" '
    /^```[a-z]/ && !inside { inside = 1; kind = substr($1, 4); file = sprintf("%s/%02d.%s%s", dir, ++n, kind, $2 ? "." $2 : ""); next }
    /^```$/ { inside = 0; next }
    inside { print > file }' "$page"

# Seconds differ; "..." stands for any lines, at the end of one for the rest of it.
plain() { sed -E 's/[0-9]+(\.[0-9]+)? s\b/N s/g' "$1"; }
# is_said WANTED: its lines stand in ../out, in that order; where no "..." is between two, nothing is between them.
is_said() {
    plain "$1" >../wanted
    plain ../out >../got
    awk '
        function fits(wanted, got) {
            if (wanted ~ / \.\.\.$/) return index(got, substr(wanted, 1, length(wanted) - 4)) == 1
            return wanted == got
        }
        NR == FNR { wanted[++n] = $0; next }
        { got[++m] = $0 }
        END {
            at = 1
            any = 0
            for (i = 1; i <= n; i++) {
                if (wanted[i] == "...") { any = 1; continue }
                while (any && at <= m && !fits(wanted[i], got[at])) at++
                if (at > m || !fits(wanted[i], got[at])) {
                    print "not said: " wanted[i]
                    print "instead:  " got[at]
                    exit 1
                }
                at++
                any = 0
            }
            if (!any && at <= m) { print "said too: " got[at]; exit 1 }
        }' ../wanted ../got
}

for file in "$work"/[0-9][0-9].*; do
    name=${file##*/}
    case $name in
    *.lua.*)
        cp "$file" "${name#*.lua.}"
        ;;
    *.sh)
        command=$(head -n 1 "$file")
        sh -e "$file" >../out 2>&1 </dev/null
        status=$?
        check "runs: $command" [ "$status" -eq 0 ]
        [ "$status" -eq 0 ] || cat ../out
        ;;
    *.text)
        check "and prints what the page says: $command" is_said "$file"
        ;;
    *)
        check "a block of a known kind: $name" false
        ;;
    esac
done
check "there were blocks" [ "$n_passed" -gt 12 ]
check "curves were drawn" prints "<svg" head -c 100 curves.svg
check "the report is there" prints "<!DOCTYPE html>" head -n 1 report.html
done_testing
