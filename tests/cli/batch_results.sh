#!/bin/sh
# luma batch: what passes and fails, what is told, where reports and records go.
. tests/help_sh.sh
LUMA=${LUMA:-$PWD/build/luma}
cd "$work" || exit 1
unset GITHUB_ACTIONS GITLAB_CI LUMA_THREADS

# ends CODE ARGS...: luma batch must exit so.
ends_command=batch
has() { grep -qF -- "$2" "$1" || { cat "$1"; false; }; }
lacks() { ! grep -qF -- "$2" "$1" || { cat "$1"; false; }; }
lines() { [ "$(grep -cE -- "$3" "$1")" -eq "$2" ] || { cat "$1"; false; }; }
# record PATTERN FILE: of the only run of a stem.
recorded() { has "$(echo runs/"$1"/*/run.json)" "$2"; }

echo 'print "hello" luma.expect("one", 1, "<", 2)' >good.lua
check "one that passes" ends 0 good.lua
check "has a line" lines out 1 '^ok +[0-9.]+ s  good\.lua$'
check "the end counts" lines out 1 '^1 passed, 0 failed in [0-9.]+ s; 1 of 1 expectations held$'
check "nothing is told about it" is_silent cat err
check "its record is whole" recorded good '"status": "passed"'
check "with the time it took" recorded good '"cpu_seconds": '
check "with its source" cmp good.lua "$(echo runs/good/*/script.lua)"
check "with what it printed" has "$(echo runs/good/*/output.txt)" hello

printf 'luma.expect("acc", 0.5, ">=", 0.9)\nluma.expect(false, "no")\n' >low.lua
check "a failed expectation is exit 3" ends 3 low.lua
check "told with the first one" has out '(acc 0.5 >= 0.9 and 1 more)'
check "and what was printed" has out '| FAILED  acc 0.5 >= 0.9  (low.lua:1)'
echo 'error "deliberate"' >broken.lua
check "a script error is exit 1" ends 1 broken.lua
check "told with its message" has out 'broken.lua:1: deliberate)'
echo 'x = = 1' >syntax.lua
check "a syntax error is exit 1" ends 1 syntax.lua
check "and recorded" recorded syntax '"status": "error"'
echo 'luma.dataset.mnist "nowhere"' >data.lua
check "missing data are exit 4" ends 4 data.lua
echo 'print(luma.args.a)' >loose.lua
check "an argument a run never reads is exit 2" ends 2 loose.lua b=1
check "and that run's failure" has out "never read the argument 'b'"
echo 'os.exit(7)' >seven.lua
check "any other code is an error" ends 1 seven.lua
check "which is told" has out 'exit code 7'
check "one that fails does not stop the others" ends 3 good.lua broken.lua low.lua good.lua
check "a file given twice is told" has err 'luma: good.lua is given twice and runs once'
check "all are listed" lines out 1 '^1 passed, 2 failed'
check "the first failure gives the code" ends 4 good.lua data.lua broken.lua --jobs 1
check "--quiet shows failures only" ends 1 --quiet good.lua broken.lua
check "no line of the good one" lacks out good.lua
check "--list runs nothing" ends 0 --list good.lua broken.lua
check "but says what would run" lines out 1 '^broken.lua$'

check "no file is a usage error" ends 2
check "that says so" has err 'luma: nothing to run'
check "a missing file is one" ends 2 god.lua
check "with a suggestion" has err "luma: there is no file 'god.lua'; did you mean 'good.lua'?"
check "before anything runs" is_silent cat out
check "standard input is no file" ends 2 -
check "an unknown option" ends 2 good.lua --job 2
check "has a suggestion" has err "unknown option '--job' of batch; did you mean '--jobs'?"
for wrong in --jobs=0 --jobs=x --timeout=0 --timeout=-1 --memory=1X --memory=1M --memory= --memory=.; do
    check "$wrong is refused" ends 2 good.lua "$wrong"
done
check "--tolerance wants --baseline" ends 2 good.lua --tolerance seconds=2x
check "two reports in one file are refused" ends 2 good.lua --json r --junit r
check "a report cannot be a folder" ends 2 good.lua --json runs
check "--help tells the options" prints --expect-seeds "$LUMA" batch --help

mkdir -p set "odd name's"
cp good.lua set/b.lua
cp good.lua set/a.lua
echo 'error "hidden"' | tee set/_part.lua set/.x.lua set/readme.txt >/dev/null
printf 'local m = {}\nreturn m -- for others\n\n-- end\n' >set/module.lua
mkdir set/c.lua
check "a folder stands for its files" ends 0 --jobs 1 set
check "in their order" sh -c "grep -o 'set/.*' out | head -n 2 | tr '\n' ' ' | grep -qx 'set/a.lua set/b.lua '"
check "and no others" has out '2 passed, 0 failed'
check "modules are left out, and told" has err 'luma: modules are left out: set/module.lua'
mkdir bare
check "a folder without files" ends 2 bare
check "is told" has err 'luma: the folder bare has no pipeline files'
echo 'assert(luma.args.text == "a b")' >"odd name's/it is.lua"
check "odd names" ends 0 "odd name's/it is.lua" "text=a b"
check "have a folder" test -f "runs/it is/$(ls 'runs/it is')/run.json"
cp good.lua ./-x.lua
check "a name that begins with a dash, after --" ends 0 -- -x.lua
check "is found again" has "$(echo runs/-x/*/run.json)" '"file": "-x.lua"'

check "--json" ends 1 good.lua broken.lua --json deep/er/r.json --runs other
check "is written where folders are made" has deep/er/r.json '"schema": "luma.batch/1"'
check "with the words of the command" has deep/er/r.json '"command": ["luma","batch","good.lua","broken.lua","--json","deep/er/r.json"'
check "--runs puts records elsewhere" test -d other/broken
if [ "$(id -u)" -ne 0 ]; then
    mkdir locked && chmod 555 locked
    check "a runs folder that cannot be written" ends 4 good.lua --runs locked/runs
fi
: >file
check "a runs folder that is a file" ends 4 good.lua --runs file
check "is told" has err 'file is no folder'
check "a report that has no place is told at once" ends 4 good.lua --json file/r.json
check "and nothing runs" is_silent cat out
check "a report that cannot be written" ends 4 good.lua --json /dev/null/../x/r.json
# A limit of zero bytes for files is like a full disk.
(ulimit -f 0; "$LUMA" batch good.lua --json full.json; echo "code $?") 2>&1 </dev/null | cat >out
check "a full disk is no success" lines out 1 '^code [14]$'
check "the record that cannot be written is told" has out 'luma batch: cannot write'
check "and the report" has out 'full.json'
check "no half of it is left" test ! -e full.json

cat >noisy.lua <<'E2'
for i = 1, 30 do print("line " .. i) end
io.write("\27[31mred\27[0m \27]0;title\7plain \255\254 \0x\ttab \194\155 old\rnew\n")
error "end"
E2
check "control codes" ends 1 noisy.lua
check "and bytes that are no text are not shown" lines out 1 '^        [|] new$'
check "no escape is left" sh -c "! LC_ALL=C grep -q '[[:cntrl:]]' out"
check "twenty lines are" lines out 1 '^        [|] line 14$'
check "and no more" lacks out 'line 12'
cat >flood.lua <<'E2'
local text = ("x"):rep(1 << 20)
for i = 1, 200 do io.write(text) end
print "\nlast words"
error "flood"
E2
check "200 MB of output" ends 1 flood.lua --json flood.json
check "end with the last line" has out '| last words'
rm -rf runs/flood
check "nothing is left of a batch but runs and reports" is_silent find . -name '*.tmp*' -o -name '.part*'

echo 'luma.log("nothing", 0/0) luma.expect("endless", 1/0, "<", 3)' >nan.lua
check "figures that are no finite numbers" ends 3 nan.lua --json nan.json
check "are null in the record" [ "$(cat runs/nan/*/run.json | grep -c '"value": null')" -eq 3 ]
check "and in the results" [ "$(grep -c '"value": null' nan.json)" -eq 3 ]
cd / && done_testing
