#!/bin/sh
# luma run --record: every way a run can end leaves a record that says so.
. tests/help_sh.sh
LUMA=${LUMA:-$PWD/build/luma}
cd "$work" || exit 1

# recorded CODE [WORD...]: the script on stdin, run with a record in ./d, must exit so.
recorded() {
    cat >t.lua
    want=$1
    shift
    rm -rf d
    "$LUMA" run --record=d t.lua "$@" >out 2>err
    got=$?
    [ "$got" -eq "$want" ] || { echo "exit $got"; cat out err; false; }
}
cat >member.lua <<'E'
local json = require "luma.json"
local file = assert(io.open(luma.args.file))
local value = assert(json.decode(file:read "a"))
for name in tostring(luma.args.path):gmatch "[^.]+" do
    value = value[tonumber(name) or name]
end
print(type(value) == "table" and json.encode(value) or tostring(value))
E
# member PATH WANTED: that member of d/run.json.
member() {
    said=$("$LUMA" run member.lua file="${3:-d}/run.json" path="$1" 2>&1)
    [ "$said" = "$2" ] || { echo "$1 is $said"; false; }
}

check "a run that ends well" recorded 0 a=2 <<'E'
local args = luma.args{ a = 1, b = "x", c = 2.5, d = false }
luma.log("loss", 0.5)
luma.log("nan", 0/0)
luma.log("inf", math.huge)
luma.expect("figure", args.a, ">=", 1)
luma.expect(true, "fine")
E
check "is passed" member status passed
check "with exit code 0" member exit_code 0
check "without a message" member message nil
check "arguments: with defaults" member arguments '{"a":2,"b":"x","c":2.5,"d":false}'
check "as given" member given '{"a":"2"}'
check "named with its words" member name "t.lua a=2"
check "its file" member file t.lua
check "figures" member figures.1 '{"name":"loss","value":0.5,"where":"t.lua:2"}'
check "NaN is null" member figures.2 '{"name":"nan","where":"t.lua:3"}'
check "infinity is null" member figures.3 '{"name":"inf","where":"t.lua:4"}'
check "a figure with a bound is one" member figures.4.name figure
check "expectations" member expectations.1 \
    '{"bound":1,"name":"figure","operator":">=","passed":true,"text":"figure 2 >= 1","value":2,"where":"t.lua:5"}'
check "without a figure" member expectations.2 '{"name":"fine","passed":true,"text":"fine","where":"t.lua:6"}'
check "the source" cmp d/script.lua t.lua
check "environment" member environment.luma "$("$LUMA" --version | cut -d' ' -f2)"
check "schema" member schema luma.run/1
check "no signal" member signal nil
check "the id is of its form" sh -c 'grep -qE "\"id\": \"[0-9]{8}-[0-9]{6}-[0-9a-f]{6}\"" d/run.json'
check "times and memory are there" sh -c 'grep -qE "\"peak_memory_bytes\": [0-9]{6,}" d/run.json &&
    grep -qE "\"seconds\": [0-9]" d/run.json && grep -qE "\"cpu_seconds\": [0-9]" d/run.json'
check "nothing else is left behind" sh -c '[ "$(ls -A d | tr "\n" " ")" = "run.json script.lua " ]'

check "a failed expectation" recorded 3 <<'E'
luma.expect("accuracy", 0.5, ">=", 0.9)
E
check "is failed" member status failed
check "which one" member expectations.1.passed false

check "an error" recorded 1 <<'E'
luma.log("before", 1)
error "it broke\nbadly"
E
check "is error" member status error
check "with the first line of its text" member message "t.lua:2: it broke"
check "and what came before" member figures.1.name before
check "an error with a failed expectation" recorded 1 <<'E'
luma.expect(false, "no")
error "it broke"
E
check "stays an error" member status error
check "an error that is no text" recorded 1 <<'E'
error {}
E
check "has a message too" member message "the script raised a table as its error"

check "os.exit in the middle" recorded 0 <<'E'
luma.log("before", 1)
os.exit()
E
check "is passed" member status passed
check "with its figures" member figures.1.name before
check "os.exit(7)" recorded 7 <<'E'
os.exit(7)
E
check "is an error" member status error
check "with its exit code" member exit_code 7
check "os.exit after a failed expectation" recorded 3 <<'E'
luma.expect(false, "no")
coroutine.wrap(function() os.exit(true) end)()
E
check "is failed" member status failed

check "a word that is no argument" recorded 2 wrong <<'E'
E
check "is usage" member status usage
check "and says why" member message "'wrong' is not of the form name=value"
check "an argument given twice" recorded 2 a=1 a=2 <<'E'
E
check "is usage" member status usage
check "an argument the script does not take" recorded 2 b=1 <<'E'
luma.args{ a = 1 }
E
check "is usage" member status usage
check "with the hint" member message "t.lua has no argument 'b'; did you mean 'a'? it takes a"
check "an argument nobody reads" recorded 2 b=1 <<'E'
print "nothing"
E
check "is usage" member status usage
check "and says which" member message "t.lua never read the argument 'b'; it reads none"
check "undeclared arguments are recorded" member arguments '{"b":1}'

check "a mistake in the syntax" recorded 1 <<'E'
local = 1
E
check "is an error" member status error
check "with its line" member message "t.lua:1: <name> expected near '='"

rm -rf d
no_file() { "$LUMA" run --record=d none.lua 2>err; [ $? -eq 2 ]; }
check "a file that is missing" no_file
check "is usage" member status usage
check "named" member message "cannot open none.lua: No such file or directory"
check "without a source" sh -c '! [ -e d/script.lua ]'

check "data that are missing" recorded 4 <<'E'
luma.dataset.mnist("nowhere")
E
check "is data" member status data
check "too much memory" recorded 5 <<'E'
luma.zeros({ 1 << 20, 1 << 20, 8 }, "f32")
E
check "is memory" member status memory

if env --default-signal=INT true 2>/dev/null; then
    cat >t.lua <<'E'
luma.log("before", 1)
io.stdout:flush()
while true do end
E
    interrupted() {
        rm -rf d out
        env --default-signal=INT "$LUMA" run --record=d t.lua >out 2>err &
        pid=$!
        tries=0
        while ! grep -q before out 2>/dev/null && [ $((tries = tries + 1)) -lt 200 ]; do sleep 0.05; done
        kill -INT $pid
        wait $pid
        [ $? -eq 130 ]
    }
    check "Ctrl-C" interrupted
    check "is interrupted" member status interrupted
    check "exit code 130" member exit_code 130
    check "what came before stays" member figures.1.name before
    cat >t.lua <<'E'
local nn = luma.nn
local model = luma.model{ input = { 28, 28, 1 }, nn.flatten{}, nn.dense{ 10, act = "softmax" } }
local flow = luma.generator{ luma.rescale(1/255) }:flow((luma.dataset.digits{ train = 100, test = 10 }))
for epoch in model:train{ flow, epochs = 1000000, progress = false } do
    if epoch == 3 then print "before" io.stdout:flush() end
end
E
    check "Ctrl-C in a training" interrupted
    check "is interrupted" member status interrupted
    check "with its epochs" member histories.1.rows.3.1 3
fi

lost() { "$LUMA" run --record=d t.lua >/dev/full 2>err; [ $? -eq 4 ]; }
echo 'print "x"' >t.lua
if [ -w /dev/full ]; then
    check "lost output" lost
    check "is data" member status data
fi

from_stdin() { echo 'luma.log("a", 1)' | "$LUMA" run --record=d - >out; }
check "a script from stdin" from_stdin
check "is recorded" member figures.1.name a
check "with its source" prints 'luma.log("a", 1)' cat d/script.lua

own() { rm -rf runs; echo 'print "x"' >"$1"; "$LUMA" run --record "$1" >out; set -- runs/*/*/run.json; [ -f "$1" ]; }
check "a folder of its own" own t.lua
check "named after the file" sh -c 'ls -d runs/t/*-*-??????/run.json'
check "a file with an odd name" own '..lua'
rm -rf runs
check "a second run gets another" sh -c '"$0" run --record t.lua && "$0" run --record t.lua && [ "$(ls runs/t | wc -l)" -eq 2 ]' "$LUMA"
many() { for _ in 1 2 3 4 5 6 7 8 9 10 11 12; do "$LUMA" run --record t.lua >/dev/null & done; wait; }
rm -rf runs
check "many at once" many
check "have twelve folders" sh -c '[ "$(ls runs/t/*/run.json | wc -l)" -eq 12 ]'

# refused CODE TEXT COMMAND...: exits so and says so.
refused() {
    want=$1
    text=$2
    shift 2
    "$@" >out 2>err
    got=$?
    [ "$got" -eq "$want" ] && grep -qF -- "$text" err || { echo "exit $got"; cat err; false; }
}
echo 'print "ran"' >t.lua
echo x >file
check "a file where the folder should be" refused 4 "luma run --record: file is no folder" \
    "$LUMA" run --record=file t.lua
check "before anything ran" sh -c '! [ -s out ]'
check "a folder that cannot be made" refused 4 "luma run --record: cannot make the folder file/deep" \
    "$LUMA" run --record=file/deep t.lua
if [ "$(id -u)" -ne 0 ]; then
    mkdir closed && chmod 555 closed
    check "a folder that cannot be written" refused 4 "cannot write closed/script.lua" \
        "$LUMA" run --record=closed t.lua
fi
echo 'os.remove("gone/script.lua") os.remove("gone")' >t.lua
check "a folder that is gone at the end" refused 4 "cannot write gone/run.json" "$LUMA" run --record=gone t.lua
echo 'os.remove("gone/script.lua") os.remove("gone") os.exit(0)' >t.lua
check "even by os.exit" refused 4 "cannot write gone/run.json" "$LUMA" run --record=gone t.lua
echo 'os.remove("gone/script.lua") os.remove("gone") error "oh"' >t.lua
check "an error comes first" refused 1 "t.lua:1: oh" "$LUMA" run --record=gone t.lua
check "a slip in the option" refused 2 "did you mean '--record'?" "$LUMA" run --recod t.lua
echo 'while true do end' >t.lua
mkdir old && echo '{}' >old/run.json
killed() { "$LUMA" run --record=old t.lua & pid=$!; sleep 0.5; kill -KILL $pid; wait $pid; ! [ -e old/run.json ]; }
check "a killed run leaves no stale record" killed
cd / && done_testing
