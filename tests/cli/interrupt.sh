#!/bin/sh
# Ctrl-C: exit 130 from Lua loops and from the engine, objects usable until then, the second one kills.
. tests/help_sh.sh
LUMA=${LUMA:-$PWD/build/luma}
cd "$work" || exit 1

# A shell without job control starts background programs with SIGINT ignored; env gives it back.
env --default-signal=INT true 2>/dev/null || { echo "env cannot reset signals"; exit 77; }

# interrupted CODE SIGNALS SCRIPT: waits until the script wrote "ready", sends SIGINT so many times.
interrupted() {
    printf '%s\n' "$3" >t.lua
    rm -f out err # or the last one's "ready" is seen before this one has begun
    env --default-signal=INT "$LUMA" run t.lua >out 2>err &
    pid=$!
    tries=0
    while ! grep -q ready out && [ "$tries" -lt 200 ]; do
        sleep 0.05
        tries=$((tries + 1))
    done
    for _ in $(seq "$2"); do
        kill -INT "$pid"
        sleep 0.3
    done
    # Two signals that arrive while the machine stalls become one: like a person, press again.
    tries=0
    while [ "$2" -gt 1 ] && kill -0 "$pid" 2>/dev/null && [ "$tries" -lt 20 ]; do
        sleep 0.3
        kill -INT "$pid" 2>/dev/null
        tries=$((tries + 1))
    done
    begin=$(date +%s)
    wait "$pid"
    got=$?
    took=$(($(date +%s) - begin))
    [ "$got" -eq "$1" ] && [ "$took" -le 5 ] || { echo "exit $got after $took s"; cat out err; false; }
}
READY='print "ready" io.stdout:flush()'

check "an endless Lua loop" interrupted 130 1 "$READY while true do end"
check "names the line" grep -q "^luma: t.lua:1: interrupted" err
check "pcall cannot hold it up" interrupted 130 1 "$READY while true do pcall(function() while true do end end) end"
check "an endless training" interrupted 130 1 "
local train = luma.dataset.digits{ train = 2000, test = 1 }
local flow = luma.generator{ luma.rescale(1/255) }:flow(train)
local nn = luma.nn
local model = luma.model{ input = {28, 28, 1}, nn.conv{ 8, act = 'relu' }, nn.flatten{}, nn.dense{ 10 } }
for epoch in model:train{ flow, epochs = 100000 } do if epoch == 1 then $READY end end"
check "is told as such" grep -q "interrupted" err
check "with the line" grep -q "^luma: t.lua:6: model:train: interrupted" err
check "a loop that will not end in C needs a second one" interrupted 130 2 "$READY
local s = ('a'):rep(40):find(('a*'):rep(20) .. 'b')"

# The group of a terminal, or of a batch's run: everyone gets the signal, and while `system` waits only the command
# hears it.
whole_group() {
    printf '%s\n' 'print "ready" io.stdout:flush() os.execute "sleep 100" print "went on"' >t.lua
    rm -f out err
    env --default-signal=INT setsid "$LUMA" run t.lua >out 2>err &
    pid=$!
    tries=0
    while ! { grep -q ready out && pgrep -g "$pid" sleep; } >/dev/null 2>&1 && [ "$tries" -lt 200 ]; do
        sleep 0.05
        tries=$((tries + 1))
    done
    kill -INT "-$pid"
    wait "$pid"
    got=$?
    [ "$got" -eq 130 ] && ! grep -q "went on" out || { echo "exit $got"; cat out err; false; }
}
if command -v pgrep >/dev/null; then
    check "a command that is waited for" whole_group
    check "is told with its line" grep -q "^luma: t.lua:1: interrupted" err
fi
cd / && done_testing
