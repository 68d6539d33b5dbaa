#!/bin/sh
# luma batch: whatever a run does is that run's failure alone; sweeps, limits, Ctrl-C, and nothing left behind.
set -u
. tests/help_sh.sh
LUMA=${LUMA:-$PWD/build/luma}
top=$PWD
cd "$work" || exit 1
unset GITHUB_ACTIONS GITLAB_CI LUMA_THREADS NO_COLOR

# batch CODE WORD...: must exit so; stdout to out, stderr to err.
batch() {
    batch_want=$1
    shift
    "$LUMA" batch "$@" >out 2>err
    batch_got=$?
    [ "$batch_got" -eq "$batch_want" ] || { echo "exit $batch_got"; tail -n 20 out err; false; }
}
# refused TEXT WORD...: a usage error with exactly this text, before anything ran.
refused() {
    refused_text=$1
    shift
    rm -rf runs
    batch 2 "$@" && [ "$(cat err)" = "luma: $refused_text" ] || { cat err; return 1; }
    [ ! -e runs ] && [ ! -s out ]
}
holds() { grep -qF -- "$2" "$1" || { echo "not in $1: $2"; tail -n 9 "$1"; false; }; }
lines() { [ "$(grep -cE -- "$2" "$1")" -eq "$3" ] || { echo "not $3 times in $1: $2"; tail -n 20 "$1"; false; }; }
status_of() { # FILE-STEM: of its only run
    sed -n 's/^ "status": "\(.*\)"$/\1/p; s/^ "status": "\(.*\)",$/\1/p' runs/"$1"/*/run.json
}
is_status() { said=$(status_of "$1"); [ "$said" = "$2" ] || { echo "$1 is $said"; false; }; }

# --- how runs end ---

echo 'print "well" luma.expect(true, "fine")' >good.lua
echo 'luma.expect("accuracy", 0.5, ">=", 0.9)' >missed.lua
echo 'error "it broke"' >error.lua
echo 'local = 1' >syntax.lua
echo 'os.execute "kill -SEGV $PPID" while true do end' >segv.lua
echo 'os.execute "kill -KILL $PPID" while true do end' >kill.lua
echo 'print "begun" io.stdout:flush() while true do end' >slow.lua
echo 'luma.dataset.mnist "nowhere"' >data.lua
echo 'os.exit(7)' >seven.lua
echo 'luma.zeros({ 1 << 20, 1 << 20, 8 }, "f32")' >huge.lua

check "a good run" batch 0 good.lua
check "its line" lines out '^ok +0\.[0-9] s  good.lua$' 1
check "the summary" lines out '^1 passed, 0 failed in [0-9.]+ s; 1 of 1 expectations held$' 1
check "its output is kept" holds runs/good/*/output.txt well
check "it is passed" is_status good passed
check "a missed expectation" batch 3 missed.lua
check "what it was" lines out '^FAILED +[0-9.]+ s  missed.lua  \(accuracy 0.5 >= 0.9\)$' 1
check "is failed" is_status missed failed
check "an error" batch 1 error.lua
check "its text" holds out 'error.lua  (ended with an error: error.lua:1: it broke)'
check "is error" is_status error error
check "a slip in the syntax" batch 1 syntax.lua
check "its text" holds out "(ended with an error: syntax.lua:1: <name> expected near '=')"
check "a crash" batch 1 segv.lua
check "is told" holds out 'segv.lua  (crashed by SIGSEGV)'
check "is crashed" is_status segv crashed
check "a kill" batch 1 kill.lua
check "is told" holds out 'kill.lua  (was killed by SIGKILL: perhaps by the system, for lack of memory)'
check "is killed" is_status kill killed
check "a busy loop" batch 5 slow.lua --timeout 0.5
check "is told" holds out '(ran out of time: after 0.5 s)'
check "what it printed is shown" holds out '| begun'
check "is timeout" is_status slow timeout
check "data that are missing" batch 4 data.lua
check "is data" is_status data data
check "an exit code of its own" batch 1 seven.lua
check "is told" holds out 'seven.lua  (ended with an error: exit code 7)'
check "too much memory" batch 5 huge.lua
check "is memory" is_status huge memory
rm -rf runs
check "all of them: the failed expectation decides" batch 3 good.lua error.lua syntax.lua segv.lua kill.lua slow.lua data.lua \
    missed.lua --timeout 0.5 --jobs 4
check "each is itself" lines out '^(ok|FAILED) ' 8
check "the good one passed" is_status good passed
check "counted" holds out '1 passed, 7 failed in'
check "the list of what failed" holds out '        segv.lua  (crashed by SIGSEGV)'
check "else the first failure decides" batch 4 good.lua data.lua error.lua
check "--quiet: only failures" batch 1 good.lua error.lua --quiet
check "the good one is not told" lines out '^ok' 0

if grep -q __asan_init "$LUMA" 2>/dev/null; then
    skip "--memory: not in builds with sanitizers"
else
    echo 'local t = {} for i = 1, 1e7 do t[i] = { i } end' >grow.lua
    check "a script that grows" batch 5 grow.lua --memory 200M
    check "is memory" is_status grow memory
    echo 'print(luma.zeros({ 100, 1000, 1000 }, "f32"))' >large.lua
    check "a tensor that is too large" batch 5 large.lua --memory 200M
    check "is memory" is_status large memory
    rm -rf runs
    check "with room for it all is well" batch 0 large.lua --memory 2GiB
fi

# --- output ---

printf '%s\n' 'local line = ("x"):rep(99) .. "\n" for i = 1, 500000 do io.write(line) end error "end"' >much.lua
check "50 MB of output" batch 1 much.lua --json much.json
check "all of it is kept" sh -c '[ "$(cat runs/much/*/output.txt | wc -c)" -gt 50000000 ]'
check "its last lines are shown" lines out '^        \| xxxx' 18
check "the report has not all of it" sh -c '[ "$(wc -c <much.json)" -lt 10000 ]'
printf '%s\n' 'print "\27[31mred\27[0m \27]0;title\7 \0 a\rb\1\8\0 \200" error "\27[2Jx\n::set-output"' >control.lua
check "control codes" batch 1 control.lua --json control.json
check "do not reach the terminal" sh -c '! LC_ALL=C grep -q "[[:cntrl:]]" out'
check "nor the JSON text" sh -c '! LC_ALL=C grep -q "[[:cntrl:]]" control.json'
check "what they coloured does" holds out 'b '
check "the output itself is as printed" sh -c 'LC_ALL=C grep -q "$(printf "\033\[31mred")" runs/control/*/output.txt'
check "no colours but on a terminal" sh -c '! LC_ALL=C grep -q "$(printf "\033")" out err'

# --- many ---

mkdir many
for i in $(seq 40); do echo "luma.log('i', $i)" >many/$i.lua; done
rm -rf runs
check "40 runs, 8 at once" batch 0 many --jobs 8 --json many.json
check "are 40" holds out '40 passed, 0 failed in'
check "in the order of their names" sh -c 'sed -n "s/^   \"name\": \"\(many.*\)\",/\1/p" many.json | sort -c'
check "in folders of their own" sh -c '[ "$(ls runs/*/*/run.json | wc -l)" -eq 40 ]'
two_at_once() {
    rm -rf runs
    "$LUMA" batch many --jobs 4 --quiet >one.txt 2>&1 &
    "$LUMA" batch many --jobs 4 --quiet >two.txt 2>&1 || return 1
    wait $! && [ "$(ls runs/*/*/run.json | wc -l)" -eq 80 ] || { cat one.txt two.txt; false; }
}
check "two batches at once in one folder of runs" two_at_once
check "at most --jobs at once" batch 0 many/1.lua many/2.lua --jobs 1

# --- sweeps ---

cat >sweep.lua <<'E'
local args = luma.args{ rate = 0.1, seed = 1 }
luma.log("product", args.rate * args.seed)
E
check "a sweep" batch 0 sweep.lua rate=0.1,0.01 seed=1..3 --list
check "its runs, the last argument fastest" sh -c 'printf "%s\n" "sweep.lua rate=0.1 seed=1" "sweep.lua rate=0.1 seed=2" \
    "sweep.lua rate=0.1 seed=3" "sweep.lua rate=0.01 seed=1" "sweep.lua rate=0.01 seed=2" "sweep.lua rate=0.01 seed=3" \
    "6 runs" | cmp - out'
rm -rf runs
check "it runs" batch 0 sweep.lua rate=0.1,0.01 seed=1..3 --json sweep.json
check "each with its arguments" holds sweep.json '"name": "sweep.lua rate=0.01 seed=3"'
check "resolved too" lines sweep.json '"rate": 0.01$|"rate": 0.01,$' 3
check "steps" batch 0 sweep.lua rate=0.1..0.3..0.1 --list
check "of fractions as people write them" holds out 'sweep.lua rate=0.3'
check "a file that takes no seed runs once" batch 0 good.lua sweep.lua seed=1..3
check "and that is told" holds err "luma: good.lua has no argument 'seed' and runs without it"
check "four runs" holds out '4 passed, 0 failed'
check "a file given twice" batch 0 good.lua ./good.lua --list
check "runs once" holds out '1 run'
check "is told" holds err "luma: ./good.lua is given twice and runs once"

mkdir 'a folder'
echo 'luma.args{ text = "" }' >'a folder/my file.lua'
echo 'return {}' >'a folder/module.lua'
rm -rf runs
check "names with blanks" batch 0 'a folder' 'text=x  y, z=1' --json blanks.json --junit 'a folder/j.xml' --runs 'a folder/runs'
check "are names as typed" holds blanks.json '"name": "a folder/my file.lua text=x  y"'
check "reports go where they are told to" test -s 'a folder/j.xml'
check "runs too" sh -c 'ls "a folder/runs/my file"/*/run.json && [ ! -e runs ]'
check "a module is no pipeline" holds err 'luma: modules are left out: a folder/module.lua'
echo 'luma.expect(true, "x")' >-minus.lua
check "a name with a minus" batch 0 -- -minus.lua

# --- nothing that runs, or nowhere to write ---

check "no file" refused 'nothing to run: give files or folders, as in  luma batch pipelines/01_normalize.lua epochs=1,5'
check "a file that is missing" refused "there is no file 'god.lua'; did you mean 'good.lua'?" god.lua
check "a word that is nothing" refused "'7=a' is neither a file nor an argument name=value" 7=a
mkdir none
check "an empty folder" refused "the folder none has no pipeline files: no *.lua but those whose names begin with _ or . and modules" none
check "a script on standard input" refused 'a script cannot be read from standard input: give its file' -
check "an argument nobody takes" refused "sweep.lua has no argument 'sed'; did you mean 'seed'? it takes rate, seed" sweep.lua sed=1
check "a file without arguments" refused "good.lua has no argument 'seed'; it takes none" good.lua seed=1
check "an argument given twice" refused "argument 'seed' is given twice; several values are written seed=a,b" sweep.lua seed=1 seed=2
check "a value given twice" refused "argument seed: the value 1 is given twice" sweep.lua seed=1,1
check "an empty value" refused 'argument seed: a value of the list is empty; a comma inside a value is written \,' sweep.lua seed=1,
check "a range downwards" refused 'argument seed: the range 5..1 is empty: it goes from 5 down to 1' sweep.lua seed=5..1
check "a range of fractions" refused 'argument rate: the range 0.1..0.5 of fractions needs a step: 0.1..0.5..0.1' sweep.lua rate=0.1..0.5
check "too many runs" refused 'argument seed: the range 1..1000000 has more than 10000 values' sweep.lua seed=1..1000000
check "a size that is none" refused "--memory wants a size as 500M, 2G or 1GiB, got 'big'" good.lua --memory big
check "a size that is too small" refused "--memory wants at least 64M, got '1M'" good.lua --memory 1M
check "a size that is too large" refused "--memory wants less than 4611686T, got '9999999999G'" good.lua --memory 9999999999G
check "two reports in one file" refused "--junit and --json are both written to x" good.lua --junit x --json x
check "a report on a folder" refused "--html: none is a folder" good.lua --html none
echo x >file
check "a folder of runs that is a file" batch 4 good.lua --runs file
check "is told" holds err 'luma: luma batch: file is no folder'
check "nothing ran" sh -c '[ ! -s out ]'
check "a report below a file" batch 4 good.lua --json file/x.json
check "nothing ran either" sh -c '[ ! -s out ]'

# --- signals ---

# wait_for COMMAND...: until it succeeds, ten seconds.
wait_for() {
    wait_tries=0
    until "$@" >/dev/null 2>&1; do
        wait_tries=$((wait_tries + 1))
        [ "$wait_tries" -lt 200 ] || { echo "waited in vain: $*"; return 1; }
        sleep 0.05
    done
}
n_begun() { [ "$(ls pids | grep -c '^[0-9]*$')" -eq "$1" ]; }
dead() { ! kill -0 "$1" 2>/dev/null; }
# No process that a run told in pids/ is there any more, nor one that it started.
all_gone() {
    for gone_pid in $(cat pids/*); do
        wait_for dead "$gone_pid" || return 1
    done
}

# Each run tells its own process, and in another file that of a child it leaves running.
cat >wait.lua <<'E'
local args = luma.args{ n = 1 }
luma.log("begun", args.n)
local script = "sleep 100 & echo $! >pids/N.child; echo $PPID >pids/N.new"
os.execute((script:gsub("N", tostring(args.n))))
-- Not before the shell has ended: as long as a program waits for one it hears no SIGINT.
os.rename("pids/" .. args.n .. ".new", "pids/" .. args.n)
while true do end
E

# interrupted JOBS SIGNAL...: a batch of four runs gets the signals once JOBS of them have begun.
interrupted() {
    n_jobs=$1
    shift
    rm -rf runs pids i.json i.xml
    mkdir pids
    env --default-signal=INT "$LUMA" batch wait.lua n=1..4 --jobs "$n_jobs" --json i.json --junit i.xml >out 2>err &
    batch_pid=$!
    wait_for n_begun "$n_jobs" || { kill -KILL $batch_pid; cat out err; return 1; }
    # Nobody is left to end what the runs themselves started.
    [ "$1" != KILL ] || { kill $(cat pids/*.child) && rm pids/*.child; }
    for signal in "$@"; do
        kill "-$signal" $batch_pid
        sleep 0.3
    done
    wait $batch_pid
    echo $? >code
    all_gone
}
exits() { [ "$(cat code)" -eq "$1" ] || { cat code; tail -n 20 out err; false; }; }

if env --default-signal=INT true 2>/dev/null; then
    check "Ctrl-C ends all children and theirs" interrupted 2 INT
    check "exit code 130" exits 130
    check "is told" holds err "luma: interrupted: ending the runs; once more kills them"
    check "the reports are written" test -s i.xml -a -s i.json
    check "with the runs that had begun" lines i.json '"status": "interrupted"' 2
    check "and how many never began" lines i.json '"not_started": 2,' 1
    check "and no others" holds out '0 passed, 2 failed, 2 not started in'
    check "what they had logged is kept" lines i.json '"name": "begun"' 2
    check "each run has its record" lines "$(ls runs/wait/*/run.json | head -n 1)" '"status": "interrupted"' 1
    check "SIGTERM does the same" interrupted 1 TERM
    check "with its exit code" exits 130
    check "two Ctrl-C" interrupted 2 INT INT
    check "exit code 130 again" exits 130
    check "the reports are written then too" test -s i.xml -a -s i.json
    check "a batch that is killed leaves no child" interrupted 2 KILL
    check "it ended by that" exits 137
    check "its runs have no records" sh -c '! ls runs/wait/*/run.json'
else
    skip "Ctrl-C: env cannot reset signals"
fi
rm -rf runs
check "after all this a batch runs as ever" batch 0 good.lua --jobs 2
cd "$top" && done_testing
