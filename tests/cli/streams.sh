#!/bin/sh
# Where output goes, and what happens when it cannot go there.
. tests/help_sh.sh
LUMA=${LUMA:-$PWD/build/luma}

cat >"$work/print.lua" <<'E'
for i = 1, 20000 do print("a line of results, number", i) end
E
code() {
    code_wanted=$1
    shift
    "$@"
    code_got=$?
    [ "$code_got" -eq "$code_wanted" ] || { echo "exit $code_got"; false; }
}
full() { "$LUMA" run "$work/print.lua" >/dev/full 2>"$work/err"; }
few() { echo 'print "one line"' >"$work/few.lua"; "$LUMA" run "$work/few.lua" >/dev/full 2>"$work/err"; }
version() { "$LUMA" --version >/dev/full 2>"$work/err"; }
closed() { "$LUMA" run "$work/print.lua" >&- 2>"$work/err"; }

if [ -w /dev/full ]; then
    check "a full disk is not success" code 4 full
    check "and is said" grep -q "luma: results were lost: cannot write to standard output" "$work/err"
    check "even when all fits the buffer" code 4 few
    check "for every command" code 4 version
fi
check "a closed stdout is not success" code 4 closed
check "a closed stderr harms nothing" sh -c "'$LUMA' --version 2>&- | grep -q luma"
check "a closed stdin harms nothing" sh -c "'$LUMA' --version <&- | grep -q luma"

# A file size limit is an error like any other, and leaves nothing behind.
echo 'luma.zeros({200000}, "f32"):save("'"$work"'/big.npy")' >"$work/big.lua"
(ulimit -f 100; "$LUMA" run "$work/big.lua" 2>"$work/err")
check "a file size limit is an error" [ $? -eq 4 ]
check "that names the file" grep -q "big.npy: File too large" "$work/err"
check "and leaves nothing behind" sh -c "! ls '$work' | grep npy"

# The reader leaves after one line: luma ends by SIGPIPE like any filter, quickly and without a word.
"$LUMA" run "$work/print.lua" 2>"$work/err" | head -n 1 >"$work/out"
check "a reader that leaves early gets its line" grep -q "number" "$work/out"
check "and nothing is complained about" sh -c "! [ -s '$work/err' ]"

echo 'luma.expect(true, "fine") luma.expect("x", 1, "<", 2)' >"$work/expect.lua"
"$LUMA" run "$work/expect.lua" >"$work/out"
check "no colours without a terminal" sh -c "! grep -q '$(printf '\033')' '$work/out'"
# Needs a pseudo-terminal, which a bare container may not have.
if script -qec true /dev/null >"$work/tty" 2>&1 </dev/null; then
    TERM=xterm script -qec "'$LUMA' run '$work/expect.lua'" /dev/null >"$work/tty" </dev/null
    check "colours on a terminal" grep -q "$(printf '\033')" "$work/tty"
    NO_COLOR=1 TERM=xterm script -qec "'$LUMA' run '$work/expect.lua'" /dev/null >"$work/tty" </dev/null
    check "but not with NO_COLOR" sh -c "! grep -q '$(printf '\033')' '$work/tty'"
fi
done_testing
