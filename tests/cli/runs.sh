#!/bin/sh
# luma runs and luma compare: listing, filtering, damaged folders; what differs between two runs.
. tests/help_sh.sh
LUMA=${LUMA:-$PWD/build/luma}
cd "$work" || exit 1

# refused CODE TEXT COMMAND...: exits so and says so.
refused() {
    want=$1
    text=$2
    shift 2
    "$@" >out 2>err
    got=$?
    [ "$got" -eq "$want" ] && cat out err | grep -qF -- "$text" || { echo "exit $got"; cat out err; false; }
}
# exits CODE COMMAND...
exits() {
    want=$1
    shift
    "$@" >out 2>err
    got=$?
    [ "$got" -eq "$want" ] || { echo "exit $got"; cat out err; false; }
}
has() { grep -qF -- "$2" "$1" || { cat "$1"; false; }; }
hasnt() { ! grep -qF -- "$2" "$1" || { cat "$1"; false; }; }

check "without a folder" refused 4 "there is no folder runs" "$LUMA" runs
mkdir runs
check "without runs" refused 0 "no recorded runs in runs" "$LUMA" runs

cat >fit.lua <<'E'
local args = luma.args{ seed = 1, epochs = 3, images = 200, threads = 2, fail = false }
luma.threads = args.threads
local train, test = luma.dataset.digits{ train = args.images, test = 50, seed = 1 }
local nn, g = luma.nn, luma.generator{ luma.rescale(1/255) }
local model = luma.model{ input = { 28, 28, 1 }, seed = 1, nn.flatten{}, nn.dense{ 10, act = "softmax" } }
model:fit{ g:flow(train, { batch = 20, seed = args.seed }), epochs = args.epochs, progress = false }
luma.log("test loss", model:evaluate(g:flow(test)).loss)
luma.expect("test accuracy", model:evaluate(g:flow(test)).accuracy, ">=", args.fail and 1.1 or 0)
E
# keep NAME [WORD...]: a run recorded in ./NAME
keep() {
    name=$1
    shift
    "$LUMA" run --record="$name" fit.lua "$@" >out 2>err || [ $? -eq 3 ] || { cat err; false; }
}
check "a run" keep a
check "the same again" keep b
check "compare equal" exits 0 "$LUMA" compare a b
check "and it is said" has out "equal in all but cost"
check "with the cost of both" has out "MB of memory"
check "run.json files too" exits 0 "$LUMA" compare a/run.json b
check "and a folder with a slash" exits 0 "$LUMA" compare a/ b
check "another seed" keep c seed=2
check "differs" exits 1 "$LUMA" compare a c
check "in the argument" has out "arguments     seed  1 | 2  (+1)"
check "the curves part in the first epoch" has out "model:fit 1  part in epoch 1: loss "
check "and so do the figures" has out "figures       test loss"
check "nothing else differs" sh -c "! grep -qE '^(status|environment|data|script|expectations)' out"
check "more epochs" keep e epochs=4
check "differ" exits 1 "$LUMA" compare a e
check "in their length" has out "equal for 3 epochs, then only b goes on (3 | 4)"
check "other data" keep d images=180
check "differ" exits 1 "$LUMA" compare a d
check "in their digest" has out "data          digits train  other contents: 200 images | 180 images"
check "other threads" keep t threads=1
check "are another environment" exits 1 "$LUMA" compare a t
check "that is named" has out "environment   threads  2 | 1"
check "but the curves are the same" hasnt out "histories"
check "a failed expectation" keep f fail=true
check "differs" exits 1 "$LUMA" compare a f
check "in the status" has out "status        exit_code  0 | 3  (+3)"
check "and the outcome" has out "test accuracy  passed | failed"
sed -i 's/seed = 1, epochs/seed = 1, unused = 5, epochs/' fit.lua
check "another script" keep s
check "differs" exits 1 "$LUMA" compare a s
check "in its lines" has out "script        2 lines differ"
check "the old one" has out "-   1  local args = luma.args{ seed = 1, epochs"
check "the new one" has out "+   1  local args = luma.args{ seed = 1, unused"

# A curve that parts later, and by how much; NaN equals NaN.
edit() {
    mkdir -p "$1" && cat >edit.lua <<'E'
local json = require "luma.json"
local run = json.decode(io.open "a/run.json":read "a")
local rows = run.histories[1].rows
rows[1][2] = json.null
if luma.args.change then rows[3][2] = rows[3][2] + 2^-40 end
io.open(luma.args.to .. "/run.json", "w"):write(json.encode(run, 1)):close()
E
    "$LUMA" run edit.lua to="$1" change="$2"
}
check "two records with NaN" edit n1 false
check "one of which parts in epoch 3" edit n2 true
check "differ" exits 1 "$LUMA" compare n1 n2
check "there, by one in the last digits" has out "part in epoch 3: loss "
check "shown with as many as it takes" has out "(+9.09e-13)"

own() { "$LUMA" run --record fit.lua "$@" >/dev/null 2>&1; }
check "a run in a folder of its own" own
first=$(ls runs/fit)
check "another" own seed=3
check "are listed" exits 0 "$LUMA" runs
check "with a head" has out "seconds"
check "newest first" sh -c "sed -n 2p out | grep -q 'fit.lua seed=3' && sed -n 3p out | grep -qF $first"
check "with figures, accuracies first" sh -c "sed -n 2p out | grep -q 'test accuracy 0[.0-9]*, test loss [0-9]'"
check "compare takes ids" exits 1 "$LUMA" compare "$first" "$(ls runs/fit | grep -v "$first")"
check "the digits behind the dash too" exits 0 "$LUMA" compare "${first##*-}" "runs/fit/$first"
check "an unknown id" refused 2 "'nowhere' is no run in runs, no folder and no file" "$LUMA" compare nowhere a
check "one that several have" refused 2 "may be any of 2 runs" "$LUMA" compare 20 a
check "one word" refused 2 "compare wants two runs" "$LUMA" compare a
check "a file that is no record" refused 2 "fit.lua: " "$LUMA" compare a fit.lua
check "two filters" refused 2 "runs takes one FILTER, got 2" "$LUMA" runs a b
check "a filter" exits 0 "$LUMA" runs seed=3
check "leaves one" sh -c '[ "$(wc -l <out)" -eq 2 ]'
check "one that nothing matches" refused 0 "no recorded runs in runs match 'nothing'" "$LUMA" runs nothing
check "JSON" exits 0 "$LUMA" runs --json
check "of both" sh -c '[ "$(grep -c "\"schema\": \"luma.run/1\"" out)" -eq 2 ]'
check "elsewhere" exits 0 "$LUMA" runs --runs runs/fit
check "finds them" sh -c '[ "$(wc -l <out)" -eq 3 ]'

# Whatever else lies there is passed over.
mkdir -p runs/fit/20260101-000000-aaaaaa runs/fit/20260101-000000-bbbbbb runs/fit/20260101-000000-cccccc
mkdir -p runs/fit/20260101-000000-dddddd runs/other/foreign runs/fit/20260101-000000-eeeeee
echo '{ "schema": "luma.run/1", "id": "x", ' >runs/fit/20260101-000000-bbbbbb/run.json
echo '{ "schema": "luma.run/2", "id": "x", "status": "passed" }' >runs/fit/20260101-000000-cccccc/run.json
head -c 1000 /dev/urandom >runs/fit/20260101-000000-dddddd/run.json
mkdir runs/fit/20260101-000000-eeeeee/run.json
echo x >runs/file
echo x >runs/other/foreign/file
check "damaged folders" exits 0 "$LUMA" runs
check "are passed over" sh -c '[ "$(wc -l <out)" -eq 3 ]'
check "counted" has err "passed over 6 folders without a complete record"
check "and the first is named with its reason" has err "as runs/fit/20260101-000000-aaaaaa: it goes on, or was killed"
mkdir -p runs/odd/20260101-000000-ffffff
echo '{"schema":"luma.run/1","id":"20260101-000000-ffffff","status":"passed","figures":3,"name":7,"seconds":"x"}' \
    >runs/odd/20260101-000000-ffffff/run.json
check "members of other types" exits 0 "$LUMA" runs
check "do no harm" has out "20260101-000000-ffffff"
check "nor to compare" exits 1 "$LUMA" compare a ffffff
mkdir -p runs/odd/20260101-000000-999999
echo '{"schema":"luma.run/1","id":"20260101-000000-999999","status":"passed","name":[],"environment":3,"arguments":[1],
    "figures":[1,{}],"expectations":5,"histories":"x","evaluations":[1],"pixels":[[]],"datasets":{"a":1}}' \
    >runs/odd/20260101-000000-999999/run.json
check "lists of what they do not hold" exits 0 "$LUMA" runs
check "do no harm either" has out "20260101-000000-999999"
check "nor to compare" exits 1 "$LUMA" compare a 999999
check "nor to the page" exits 0 "$LUMA" report 999999

rm -rf runs
hundred() {
    for i in $(seq 100 199); do
        mkdir -p "runs/f/20260101-000$i-aaa$i" && printf '{"schema":"luma.run/1","id":"20260101-000%d-aaa%d","status":"passed","name":"f.lua i=%d","started":"2026-01-01T00:00:00Z","figures":[{"name":"x","value":null}],"seconds":1.5}' "$i" "$i" "$i" >"runs/f/20260101-000$i-aaa$i/run.json"
    done
    "$LUMA" runs >out 2>err
}
check "a hundred runs" hundred
check "are all listed" sh -c '[ "$(wc -l <out)" -eq 101 ]'
check "in order" sh -c "sed -n 2p out | grep -q i=199 && tail -1 out | grep -q i=100"
check "NaN is said" has out "x nan"
cd / && done_testing
