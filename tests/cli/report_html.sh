#!/bin/sh
# The page of a batch or of recorded runs: its markup, and how it looks in a real browser.
set -u
. tests/help_sh.sh
LUMA=${LUMA:-$PWD/build/luma}
here=$PWD/tests/cli
top=$PWD

has_python() {
    python3 -c 'import sys; sys.exit(sys.version_info < (3, 7))' 2>/dev/null
}

browser() {
    for b in chromium chromium-browser google-chrome; do
        command -v "$b" && return
    done
    return 1
}

check "pages of every kind of batch are written" "$LUMA" run "$here/help_report.lua" folder="$work"
cd "$work" || exit 1
if has_python; then
    check "their markup is sound" python3 "$here/help_page.py" full.html single.html nasty.html long.html \
        classes.html broken.html empty.html
    printf '<!DOCTYPE html>\n<html lang="en"><p id="a"><b></p><i id="a"><a href="#x">&</a><script>' >bad.html
    for wrong in 'closes what is not open' 'id a twice' 'nothing has the id x' 'bare &' '<script>' '0 of <main>'; do
        check "markup: '$wrong' is found" prints "$wrong" python3 "$here/help_page.py" bad.html
    done
else
    skip "markup of pages: no python3"
fi

# luma report: ids, folders, all of them, what a batch left.
cat >t.lua <<'E'
local args = luma.args{ n = 1 }
luma.log("n", args.n)
luma.expect("n", args.n, "<", 3)
E
for n in 1 2 3; do "$LUMA" run --record t.lua n=$n >/dev/null 2>&1; done
one=$(cd runs/t && set -- * && echo "$1")
holds() { grep -qF -- "$2" "$1" || { echo "not in $1: $2"; false; }; }
check "report: all recorded runs" prints "report.html: 3 runs, " "$LUMA" report
check "the page says how many passed" holds report.html "<h1>2 of 3 runs passed</h1>"
check "lines of scripts are links" holds report.html '<a href="#source-1-3">line 3</a>'
check "one source for three runs" sh -c '[ "$(grep -c "<details class=\"run\" id=\"source-" report.html)" = 1 ]'
check "an argument that moves" holds report.html "Figures over arguments"
check "report: one by its id" prints "one.html: 1 run, " "$LUMA" report "$one" --html one.html
check "report: folders, each once" prints "two.html: 3 runs, " "$LUMA" report runs/t/* runs --html=two.html
"$LUMA" run --quiet - <<'E' >/dev/null
local json = require "luma.json"
local file <close> = io.open("batch.json", "w")
file:write(json.encode{ schema = "luma.batch/1", runs = { { status = "passed", name = "x" } }, jobs = 3, seconds = 2.5 })
E
check "report: what luma batch --json wrote" prints "b.html: 1 run, " "$LUMA" report batch.json --html b.html
check "with what the batch says" holds b.html "<dd>2.50 s</dd>"
"$LUMA" batch t.lua n=1,5 --runs made --html batch.html >batch.out 2>&1
check "batch: the page of its runs" holds batch.html "<h1>1 of 2 runs passed</h1>"
check "batch: what was called" holds batch.html "<code>luma batch t.lua n=1,5 --runs made --html batch.html</code>"
check "batch: what a run printed" holds batch.html "FAILED  n 5 &lt; 3  (t.lua:3)"
refuses() {
    refuses_code=$1 refuses_text=$2
    shift 2
    "$@" >out 2>err
    refuses_got=$?
    [ "$refuses_got" -eq "$refuses_code" ] && grep -qF -- "$refuses_text" err || { echo "exit $refuses_got"; cat err; false; }
}
check "report: a run that is not there" refuses 4 "luma: 'nosuch' is no run in runs, no folder and no file" \
    "$LUMA" report nosuch
mkdir empty
check "report: a folder without runs" refuses 4 'luma: there is no recorded run in empty: `luma run --record FILE`' \
    "$LUMA" report empty
check "report: a folder that does not exist" refuses 4 "luma: --html: cannot write no/x.html: its folder does not exist" \
    "$LUMA" report --html no/x.html
check "the old page stays" refuses 4 "" "$LUMA" report empty --html one.html
check "the old page is whole" holds one.html "</html>"

program=$(browser)
if [ -z "$program" ]; then
    skip "pages in a browser: no chromium"
elif ! has_python; then
    skip "pages in a browser: no python3"
else
    check "in a browser: nothing fetched, nothing too wide, curves and contrast" python3 "$here/help_browser.py" \
        "$program" full.html nasty.html long.html batch.html
    sed 's/<main/<p style="min-width:2000px;color:#999">wide<\/p><main/; s/<body>/<body><script>console.log(1)<\/script>/' \
        one.html >bad.html
    python3 "$here/help_browser.py" "$program" bad.html >bad.txt 2>&1
    check "in a browser: a wide page is found" holds bad.txt "bad.html 390 light folded: 2016 wide, the window 390: P."
    check "in a browser: a low contrast is found" holds bad.txt "P.null: contrast 2."
    check "in a browser: the console is read" holds bad.txt "bad.html: console: "
fi
cd "$top" && done_testing
