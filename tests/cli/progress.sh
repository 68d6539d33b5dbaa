#!/bin/sh
# What a training shows: a moving line on a terminal, still lines elsewhere, nothing when told so.
. tests/help_sh.sh
LUMA=${LUMA:-$PWD/build/luma}
esc=$(printf '\033')
unset NO_COLOR

cat >"$work/t.lua" <<'E'
local train, test = luma.dataset.digits{ train = 300, test = 60 }
local g = luma.generator{ luma.rescale(1/255) }
local nn = luma.nn
local model = luma.model{ input = {28, 28, 1}, nn.flatten{}, nn.dense{ 10, act = "softmax" } }
model:fit{ g:flow(train), epochs = 2, validate = g:flow(test) }
E
still='^epoch [12]/2  loss [0-9.]+  accuracy [0-9.]+ %  validation loss [0-9.]+  accuracy [0-9.]+ %  [0-9.]+ s$'

# shown WHERE-TO OPTION...: stderr of a run without a terminal.
shown() { "$LUMA" run "$@" "$work/t.lua" 2>"$work/err" >"$work/out" </dev/null; }
lines() { [ "$(grep -cE "$still" "$work/err")" -eq "$1" ] && [ "$(wc -l <"$work/err")" -eq "$1" ] || { cat "$work/err"; false; }; }
has_no_control() { ! LC_ALL=C grep -q '[[:cntrl:]]' "$1"; }

for option in "" --progress=bar --progress=plain; do
    # An empty option is none.
    check "without a terminal it trains ($option)" shown $option
    check "one still line an epoch" lines 2
    check "no control codes" has_no_control "$work/err"
done
check "--progress=none" shown --progress=none
check "shows nothing" lines 0
check "--quiet" shown --quiet
check "shows nothing either" lines 0
cat >"$work/warn.lua" <<'E'
luma.keras.ImageDataGenerator{ rescale = 0 }
E
"$LUMA" run "$work/warn.lua" 2>"$work/err"
check "a warning names the line" grep -q "^luma: warning: $work/warn.lua:1: .*rescale=0" "$work/err"
"$LUMA" run --quiet "$work/warn.lua" 2>"$work/err"
check "--quiet has no warnings" test ! -s "$work/err"
echo 'error "x"' >"$work/bad.lua"
"$LUMA" run --quiet "$work/bad.lua" 2>"$work/err"
check "but errors" grep -q "bad.lua:1: x" "$work/err"

usage() { "$LUMA" run "$1" "$work/t.lua" 2>"$work/err"; [ $? -eq 2 ] && grep -qF -- "$2" "$work/err" || { cat "$work/err"; false; }; }
check "a mode that does not exist" usage --progress=fancy "luma: --progress wants bar, plain or none, got 'fancy'"
check "no mode" usage --progress= "luma: --progress wants bar, plain or none, got ''"
check "a slip" usage --progres=none "did you mean '--progress=none'?"

# on COLUMNS OPTION...: what a terminal that wide receives, without carriage returns at line ends.
on() {
    on_columns=$1
    shift
    TERM=xterm script -qec "stty cols $on_columns; '$LUMA' run $* '$work/t.lua'" /dev/null </dev/null |
        sed 's/\r$//' >"$work/tty"
}
# The moving lines alone, one a line.
moving() { tr '\r' '\n' <"$work/tty" | sed -n "s/$esc\[K\$//p" | grep . ; }
moves() { moving | grep -qE "$1" || { cat -v "$work/tty"; false; }; }
# grep knows no length; awk does.
fits() { moving | awk -v width="$1" 'length($0) >= width { print length($0) ": " $0; bad = 1 } END { exit bad || NR == 0 }'; }

if script -qec true /dev/null >"$work/tty" 2>&1 </dev/null; then
    facts='  [0-9,]+ images/s  [0-9]+ s left  loss [0-9.]+  accuracy [0-9.]+ %$'
    on 160
    check "a wide terminal has a bar" moves "^epoch 1/2 \[#+\]  5/5  100 %$facts"
    check "then a still line" grep -qE "(^|K)epoch 2/2 .* validation loss" "$work/tty"
    check "and no other control code" sh -c "! sed 's/$esc\[K//g; s/\r//g' '$work/tty' | LC_ALL=C grep -q '[[:cntrl:]]'"
    on 90
    check "without space for a bar, the rest" moves "^epoch 1/2  5/5  100 %$facts"
    check "nothing wraps" fits 90
    on 50
    check "loss and accuracy stay longest" moves "^epoch 2/2  100 % .*loss [0-9.]+  accuracy [0-9.]+ %$"
    check "nothing wraps there" fits 50
    on 12
    check "nor in a sliver" fits 12
    on 160 --progress=plain
    check "plain does not move on a terminal" has_no_control "$work/tty"
    on 160 --quiet
    check "quiet is quiet there too" test ! -s "$work/tty"
    TERM=dumb script -qec "'$LUMA' run '$work/t.lua'" /dev/null </dev/null | sed 's/\r$//' >"$work/tty"
    check "a dumb terminal gets no control codes" has_no_control "$work/tty"
    check "but the still lines" grep -qE "$still" "$work/tty"
    NO_COLOR=1 on 160
    check "NO_COLOR: no colours" sh -c "! grep -q '$esc\[[0-9;]*m' '$work/tty'"
else
    skip "a terminal: script cannot open one here"
fi
done_testing
