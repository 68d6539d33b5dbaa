#!/bin/sh
# luma batch: however a run ends is that run's end only, and no process outlives the batch.
. tests/help_sh.sh
LUMA=${LUMA:-$PWD/build/luma}
cd "$work" || exit 1
unset GITHUB_ACTIONS GITLAB_CI LUMA_THREADS
env --default-signal=INT true 2>/dev/null || { echo "env cannot reset signals"; exit 77; }

ends_command=batch
has() { grep -qF -- "$2" "$1" || { cat "$1"; false; }; }
recorded() { has "$(echo runs/"$1"/*/run.json)" "$2"; }
# within SECONDS COMMAND...: tries until the command succeeds.
within() {
    tries=$(($1 * 20))
    shift
    while ! "$@" 2>/dev/null && [ "$tries" -gt 0 ]; do
        sleep 0.05
        tries=$((tries - 1))
    done
    "$@"
}
# All processes whose numbers the scripts left in pids/ are gone (or dead and not yet waited for).
all_gone() {
    for f in pids/*; do
        state=$(sed 's/.*) //; s/ .*//' "/proc/$(cat "$f")/stat" 2>/dev/null)
        [ -z "$state" ] || [ "$state" = Z ] || return 1
    done
}
n_pids() { [ "$(find pids -type f -size +0 | wc -l)" -eq "$1" ]; }
mkdir pids

echo 'luma.expect(true, "fine")' >good.lua
echo 'print "before" os.execute("kill -SEGV $PPID") while true do end' >segv.lua
echo 'os.execute("kill -KILL $PPID") while true do end' >kill.lua
check "a crash is exit 1" ends 1 segv.lua good.lua
check "named by its signal" has out 'segv.lua  (crashed by SIGSEGV'
check "with what was printed" has out '| before'
check "and that run's alone" has out '1 passed, 1 failed'
check "the record says so" recorded segv '"status": "crashed"'
check "with the signal" recorded segv '"signal": "SIGSEGV"'
check "and no exit code" recorded segv '"exit_code": null'
check "a kill is exit 1" ends 1 kill.lua
check "and told as such" has out 'killed by SIGKILL'
rm -rf runs

# Leaves its number and that of a process of its own in pids/.
cat >both.lua <<'E2'
local args = luma.args{ n = 1, how = "loop" }
os.execute(("echo $PPID >pids/a%d"):format(args.n))
if args.how == "loop" then
    os.execute(("sleep 1000 & echo $! >pids/b%d"):format(args.n))
    while true do end
end
os.execute(("trap '' INT TERM HUP; echo $$ >pids/b%d; sleep 1000; sleep 1000"):format(args.n))
E2
check "a timeout is exit 5" ends 5 both.lua how=loop,hold --timeout 1 --jobs 2
check "told with the time" has out 'both.lua how=loop  (ran out of time: after 1 s)'
check "one that ignores signals too" has out 'how=hold  (ran out of time'
check "the record says so" prints '"status": "timeout"' cat runs/both/*/run.json
check "nothing of them is left" all_gone
check "not the processes they started" n_pids 2
rm -rf runs pids/*

if (ulimit -v 2000000 && "$LUMA" --version) >/dev/null 2>&1; then
    echo 'local t = {} for i = 1, 1e9 do t[i] = ("x"):rep(1e6) .. i end' >lua_memory.lua
    echo 'local t = {} for i = 1, 100 do t[i] = luma.zeros({ 10000000 }, "f32") end' >engine_memory.lua
    echo 'print(luma.dataset.digits{ train = 1000, test = 10 }:stats().mean)' >little.lua
    check "a memory limit is exit 5" ends 5 --memory 200M --jobs 2 lua_memory.lua engine_memory.lua little.lua
    check "of Lua" has out 'lua_memory.lua  (ran out of memory'
    check "and of the engine" has out 'engine_memory.lua  (ran out of memory'
    check "the least limit is enough to start" ends 0 --memory 64M --jobs 1 little.lua
    rm -rf runs
else
    skip "a memory limit: a build with sanitizers"
fi

echo 'print(("%s/%d"):format(os.getenv "LUMA_THREADS", luma.threads))' >threads.lua
check "one run alone has all threads" ends 0 threads.lua
check "of this machine" prints "$(nproc)/$(nproc)" cat runs/threads/*/output.txt
rm -rf runs
echo 'print(luma.args.n, luma.threads)' >share.lua
check "several share them" ends 0 share.lua n=1..4 --jobs 64
check "but have one at least" prints 1 sh -c "cut -f 2 runs/share/*/output.txt | sort -u | head -n 1"
check "LUMA_THREADS stays as it is" env LUMA_THREADS=3 "$LUMA" batch threads.lua
check "in every run" prints "3/3" cat runs/threads/*/output.txt
echo 'assert(io.read() == nil) assert(os.execute("[ $(ls /proc/self/fd | wc -l) -eq 4 ]"))' >files.lua
check "a run has no input and no open files of others" sh -c "'$LUMA' batch files.lua 8<good.lua <both.lua"
rm -rf runs

# begin WORDS...: a batch of three, two of them running; $pid is its number.
begin() {
    rm -rf runs pids/*
    env --default-signal=INT,HUP,TERM "$LUMA" batch both.lua n=1..3 --jobs 2 --json r.json "$@" >out 2>err &
    pid=$!
    within 20 n_pids 4
}
# Waits for it: `check` runs its command in another shell, which cannot.
end_of_batch() {
    wait "$pid"
    code=$?
}
was() { [ "$code" -eq "$1" ] || { echo "exit $code"; cat out err; false; }; }
for signal in INT TERM HUP; do
    begin
    kill "-$signal" "$pid"
    end_of_batch
    check "$signal ends the batch with 130" was 130
    check "$signal ends all it started" all_gone
    check "$signal: it tells" has err 'interrupted: ending the runs'
    check "$signal: what was not started too" has out '0 passed, 2 failed, 1 not started'
    check "$signal: the report is written" has r.json '"status": "interrupted"'
    check "$signal: and the records" prints 2 sh -c "ls runs/both/*/run.json | wc -l"
done
begin how=hold
start=$(date +%s)
kill -INT "$pid"
within 10 grep -q interrupted err
kill -INT "$pid"
end_of_batch
check "a second Ctrl-C kills what does not end" was 130
check "at once" [ $(($(date +%s) - start)) -le 2 ]
check "and all of it" all_gone
begin
kill -KILL "$pid"
wait "$pid" 2>/dev/null
no_run_lives() { for i in 1 2; do kill -0 "$(cat pids/a$i)" 2>/dev/null && return 1; done; true; }
check "a killed batch leaves no run" within 10 no_run_lives
kill "$(cat pids/b1)" "$(cat pids/b2)" 2>/dev/null

cat >ruins.lua <<'X'
local folder <close> = io.popen "ls -d runs/ruins/*"
local file <close> = io.open(folder:read() .. "/run.json", "w")
file:write [[{"schema":"luma.run/1","id":5,"status":[],"message":{},"expectations":{"a":3},"figures":[4],
    "evaluations":"x","histories":[1],"environment":1,"arguments":7}]]
file:close()
os.execute "kill -9 $PPID"
X
rm -rf runs
check "a script that writes its own record, a wrong one" \
    ends 1 ruins.lua --json r.json --junit r.xml --html r.html --expect-seeds
check "ends as it did" has out "was killed by SIGKILL"
check "spoils no report" test -s r.json -a -s r.xml -a -s r.html
check "lists stay lists" recorded ruins '"expectations": []'
echo 'os.execute "rm -rf runs/removes" luma.expect(true, "x")' >removes.lua
check "a script that removes its folder" ends 4 removes.lua
check "is said to" has out "it could not write its record"
check "lists of what luma runs prints stay lists" sh -c '"$0" runs --json | grep -q "\"expectations\": \[\]"' "$LUMA"

echo 'luma.expect("n", luma.args.n, ">", 0)' >tiny.lua
rm -rf runs
check "60 runs, 8 at once" ends 0 tiny.lua n=1..60 --jobs 8
check "all pass" has out '60 passed, 0 failed'
"$LUMA" batch tiny.lua n=1..30 --jobs 4 >out1 2>&1 &
pid=$!
check "two batches at once in one folder" ends 0 tiny.lua n=1..30 --jobs 4
wait "$pid"
check "do not meet" has out1 '30 passed, 0 failed'
check "every run has a folder" [ "$(find runs -name run.json | wc -l)" -eq 120 ]

cd / && done_testing
