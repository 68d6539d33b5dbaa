#!/bin/sh
# Expectations: what is printed, what is counted, what the exit code says.
. tests/help_sh.sh
LUMA=${LUMA:-$PWD/build/luma}
cd "$work" || exit 1

# run CODE: the script on stdin, must exit so.
run() {
    cat >t.lua
    "$LUMA" run t.lua >out 2>err
    run_got=$?
    [ "$run_got" -eq "$1" ] || { echo "exit $run_got"; cat out err; false; }
}
has() { grep -qxF -- "$2" "$1" || { cat "$1"; false; }; }

check "all hold: exit 0" run 0 <<'E'
luma.expect(1 < 2, "one is below %d", 2)
luma.expect("accuracy", 0.99, ">=", 0.987)
luma.expect("count", 121930, "==", 121930)
E
check "the text is formatted" has out "ok      one is below 2"
check "figures show both sides" has out "ok      accuracy 0.99 >= 0.987"
check "integers as integers" has out "ok      count 121930 == 121930"
check "nothing on stderr" sh -c "! [ -s err ]"

check "one fails: exit 3, and the script goes on" run 3 <<'E'
local held = luma.expect("accuracy", 0.5, ">=", 0.987)
print("went on " .. tostring(held))
luma.expect(nil, "nil is not true")
luma.expect(true, "fine")
E
check "the failed one names its line" has out "FAILED  accuracy 0.5 >= 0.987  (t.lua:1)"
check "nil fails" has out "FAILED  nil is not true  (t.lua:3)"
check "it returns whether it held" has out "went on false"
check "the end counts" has err "luma: 2 of 3 expectations failed"

check "NaN fails every comparison" run 3 <<'E'
local nan = 0/0
for _, op in ipairs{ "<", "<=", ">", ">=", "==" } do luma.expect("nan", nan, op, 0) end
E
check "all five" has err "luma: 5 of 5 expectations failed"
check "an error after a failed one is exit 1" run 1 <<'E'
luma.expect(false, "first")
error "second"
E
check "both are told" has err "luma: 1 of 1 expectations failed"
check "a number is no condition" run 1 <<'E'
luma.expect(0.5, 0.98)
E
check "luma.log prints a figure" run 0 <<'E'
luma.log("accuracy", 0.25)
E
check "without judging it" has out "figure  accuracy 0.25"
check "a text with a percent sign" run 0 <<'E'
luma.expect(true, "100 %% of %s", "it")
E
check "is formatted once" has out "ok      100 % of it"
cd / && done_testing
