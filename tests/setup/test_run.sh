#!/bin/sh
# tests/run.sh itself: what it counts, and that nothing which goes wrong is counted as passed. Runs a copy
# in a small tree whose "unit tests" are shell scripts.
set -u
. tests/help_sh.sh
tree=$work/tree
out=$work/out
mkdir -p "$tree/tests/unit" "$tree/build/tests/unit"
cp tests/run.sh "$tree/tests/"

# unit NAME SCRIPT: adds a test program. Each knows the instruction sets, as the real ones do.
unit() {
    : >"$tree/tests/unit/$1.c"
    {
        echo '#!/bin/sh'
        echo '[ -z "${LUMA_TEST_LIST_ISAS-}" ] || { echo fast; echo slow; exit 0; }'
        echo "$2"
    } >"$tree/build/tests/unit/$1"
    chmod +x "$tree/build/tests/unit/$1"
}

run() {
    rm -f "$tree"/tests/unit/* "$tree"/build/tests/unit/*
    unit "$1" "$2"
    shift 2
    env -u BUILD -u ISAS -u LUMA_ISA TEST_SECONDS=2 JOBS=2 "$@" sh "$tree/tests/run.sh" unit >"$out" 2>&1
}

# counts EXIT LAST-LINE SCRIPT [VARIABLE=VALUE...]
counts() {
    code=$1 line=$2 script=$3
    shift 3
    run test_it "$script" "$@"
    status=$?
    if [ "$status" -ne "$code" ] || [ "$(tail -n 1 "$out")" != "$line" ]; then
        echo "exit $status, wanted $code and '$line'"
        cat "$out"
        return 1
    fi
}

check "run: TAP, once for each instruction set" \
    counts 0 "4 passed, 0 failed" 'echo 1..2; echo ok 1 - a; echo ok 2 - b'
check "run: the best instruction set alone" \
    counts 0 "1 passed, 0 failed" '[ $LUMA_ISA = fast ] && echo 1..1 && echo ok 1 - a' ISAS=best
check "run: not ok" counts 1 "2 passed, 2 failed" 'echo 1..2; echo ok 1 - a; echo not ok 2 - b; exit 1'
check "run: not ok with exit 0" counts 1 "0 passed, 2 failed" 'echo 1..1; echo not ok 1 - b'
check "run: what luma.expect prints" counts 1 "2 passed, 2 failed" \
    'echo "ok      a"; echo "FAILED  b"; exit 3'
check "run: ended before its plan" counts 1 "2 passed, 4 failed" 'echo 1..3; echo ok 1 - a'
check "run: all ok, but exit 1" counts 1 "2 passed, 2 failed" 'echo 1..1; echo ok 1 - a; exit 1'
check "run: crash" counts 1 "0 passed, 2 failed" 'echo 1..1; kill -SEGV $$'
check "run: a skip is neither" counts 0 "2 passed, 0 failed" \
    'echo 1..2; echo ok 1 - a; echo "not ok 2 # SKIP b"'
check "run: the last closing line counts" counts 1 "6 passed, 2 failed" \
    'echo 9 passed, 0 failed; echo 3 passed, 1 failed; exit 1'
check "run: exit 0 alone" counts 0 "2 passed, 0 failed" 'echo hello'
check "run: exit 3 alone" counts 1 "0 passed, 2 failed" 'exit 3'
check "run: exit 77 alone is no pass" counts 1 "0 passed, 0 failed" 'exit 77'
check "run: too slow" counts 1 "2 passed, 2 failed" 'echo ok 1 - a; sleep 20'
check "run: leaves a file" counts 1 "2 passed, 2 failed" 'echo ok 1 - a; : >$TMPDIR/x'
check "run: waits for no input" counts 0 "2 passed, 0 failed" 'cat; echo ok 1 - a'

shows() {
    run test_it 'echo ok 1 - a; echo "expected 5, got 7"; exit 1'
    grep -q "expected 5, got 7" "$out" && grep -q "FAILED build/tests/unit/test_it (LUMA_ISA=slow)" "$out" &&
        ! grep -q "^ok 1" "$out"
}
check "run: shows what a failed test said" shows
nothing() {
    run test_it 'echo ok'
    rm "$tree/tests/unit/test_it.c"
    ! sh "$tree/tests/run.sh" unit >"$out" 2>&1 && [ "$(tail -n 1 "$out")" = "0 passed, 0 failed" ]
}
check "run: no test is a failure" nothing
not_built() {
    run test_it 'echo ok'
    : >"$tree/tests/unit/test_new.c"
    ! env -u BUILD ISAS=fast sh "$tree/tests/run.sh" unit >"$out" 2>&1 &&
        [ "$(tail -n 1 "$out")" = "1 passed, 1 failed" ]
}
check "run: a test that was not built is a failure" not_built
unknown() {
    ! sh "$tree/tests/run.sh" units >"$out" 2>&1 && grep -q "unknown kind 'units'" "$out"
}
check "run: an unknown kind is an error" unknown
done_testing
