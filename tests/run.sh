#!/bin/sh
# Runs tests and adds up what they say: tests/run.sh KIND[:NAME]...
#
# KIND is unit lua errors cli checks setup pipelines, or kernel: those of unit that test kernels; NAME
# picks those whose file name contains it. A test is a program that ends within the time limit with
# exit 0, says nothing we must read, leaves no file in its own empty TMPDIR, and reports in one of three
# ways: a line "N passed, N failed" (the last one counts), lines "ok ..." and "not ok ..." or
# "FAILED ..." (cmocka is told to write TAP, luma.expect prints such lines), or by its exit code alone.
# Exit 77 is a skip.
# Output is shown of failures only. Unit tests run once for every instruction set of this machine.
# The last line is "N passed, N failed", the exit code 1 when anything failed or nothing ran.
#
# Environment: BUILD (build), JOBS (processors), TEST_SECONDS (120, a program), ISAS (names of instruction
# sets, or "best").
set -u
cd "$(dirname "$0")/.." || exit 1
BUILD=${BUILD:-build}
ISAS=${ISAS:-}
JOBS=${JOBS:-$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)}
TEST_SECONDS=${TEST_SECONDS:-120}
LUMA=$PWD/$BUILD/luma
export BUILD JOBS TEST_SECONDS LUMA

# one DIR KIND ISA FILE: runs it, leaves its log in DIR/<id>.log, its counts in DIR/<id>.count.
one() {
    dir=$1 kind=$2 isa=$3 file=$4
    id=$(printf '%s %s' "$file" "$isa" | tr '/ ' '__')
    log=$dir/$id.log
    TMPDIR=$dir/$$ # short: Lua cuts a script's name after 59 letters
    mkdir -p "$TMPDIR"
    export TMPDIR
    [ "$isa" = - ] || export LUMA_ISA="$isa"
    case $kind:$file in
    unit:*) set -- "$file" ;;
    pipelines:*) set -- "$LUMA" run "$file" epochs=1 train=2000 test=1000 data=digits
        ! grep -q '^local args.* out = ' "$file" || set -- "$@" out="$dir/$id.png"
        ! grep -q '^local args.* folder = ' "$file" || set -- "$@" folder="$dir/$id" ;;
    *.lua) set -- "$LUMA" run "$file" ;;
    *) set -- sh "$file" ;;
    esac
    begin=$(date +%s)
    CMOCKA_MESSAGE_OUTPUT=TAP timeout -k 10 "$TEST_SECONDS" "$@" >"$log" 2>&1 </dev/null
    status=$?
    left=$(ls -A "$TMPDIR")
    rm -rf "$TMPDIR"
    seconds=$(($(date +%s) - begin))
    if [ "$status" -eq 124 ] || [ "$status" -eq 137 ]; then
        echo "run.sh: still running after $TEST_SECONDS s, ended" >>"$log"
    elif [ "$status" -ge 128 ]; then
        echo "run.sh: ended by signal $((status - 128))" >>"$log"
    fi
    [ -z "$left" ] || echo "run.sh: left behind in TMPDIR: $left" >>"$log"
    awk -v status="$status" -v left="$left" '
        /^[0-9]+ passed, [0-9]+ failed$/ { said = 1; p = $1; f = $3 }
        /^1\.\.[0-9]+/ { plan += substr($1, 4) }
        /^(not )?ok [0-9]+ # SKIP/ { tap = 1; ts++; next }
        /^ok( |$)/ { tap = 1; tp++ }
        /^(not ok|FAILED)( |$)/ { tap = 1; tf++ }
        END {
            s = 0
            if (said) { p += 0; f += 0 }
            else if (tap || plan) {
                p = tp + 0; f = tf + 0; s = ts + 0
                if (p + f + s < plan) f += plan - p - f - s   # ended before all of them ran
            }
            else if (status == 77) { p = 0; f = 0; s = 1; status = 0 }
            else { p = status == 0; f = 1 - p }
            if (status != 0 && f == 0) f = 1
            if (left != "") f++
            print p, f, s
        }' "$log" >"$dir/$id.tmpcount"
    read -r p f s <"$dir/$id.tmpcount"
    echo "$kind $p $f $s $seconds $id" >"$dir/$id.count"
    rm -f "$dir/$id.tmpcount"
    if [ "$f" -gt 0 ]; then
        # One write, so that failures of two jobs do not mix.
        printf '%s\n' "---- FAILED $file${LUMA_ISA:+ (LUMA_ISA=$LUMA_ISA)}, exit $status
$(grep -vE '^(ok|1\.\.)|AddressSanitizer failed to allocate' "$log" | tail -n 60)"
    fi
}

if [ "${1-}" = --one ]; then
    shift
    one "$@"
    exit 0
fi

# The instruction sets this machine can run, best first: any unit test knows.
isas() {
    for t in "$BUILD"/tests/unit/test_* "$BUILD"/tests/kernel/test_*; do
        if [ -x "$t" ] && [ -f "$t" ]; then
            case $ISAS in
            '') LUMA_TEST_LIST_ISAS=1 "$t" ;;
            best) LUMA_TEST_LIST_ISAS=1 "$t" | head -n 1 ;;
            *) echo "$ISAS" ;;
            esac
            return
        fi
    done
}

# files KIND FILE...: those that exist; help_* are parts of tests, not tests.
files() {
    files_kind=$1
    shift
    for f in "$@"; do
        case $f in
        */help_*) ;;
        *) [ -f "$f" ] && echo "$files_kind - $f" ;;
        esac
    done
}

# list KIND NAME: lines "kind isa file".
list() {
    case $1 in
    unit)
        # From the sources: a binary whose source is gone must not run.
        names=$(isas)
        for f in tests/unit/test_*.c tests/kernel/test_*.c; do
            [ -f "$f" ] || continue
            for isa in $names; do echo "unit $isa $BUILD/${f%.c}"; done
        done
        ;;
    kernel)
        for f in tests/kernel/test_*.c; do
            for isa in $(isas); do echo "unit $isa $BUILD/${f%.c}"; done
        done
        ;;
    lua) files lua tests/lua/*.lua ;;
    pipelines) files pipelines pipelines/[0-9]*.lua ;;
    setup) files setup tests/setup/test_*.sh ;;
    errors | cli | checks) files "$1" tests/"$1"/*.sh ;;
    *)
        echo "run.sh: unknown kind '$1'; there are: unit kernel lua errors cli checks setup pipelines" >&2
        return 1
        ;;
    esac | awk -v name="$2" '{ n = $3; sub(/.*\//, "", n); if (index(n, name)) print }'
}

logs=$BUILD/t
rm -rf "$logs"
mkdir -p "$logs" || exit 1
logs=$(cd "$logs" && pwd)
for word in "$@"; do
    kind=${word%%:*}
    list "$kind" "$(printf '%s' "$word" | sed -n 's/^[^:]*://p')" || exit 1
done | awk '!seen[$0]++' >"$logs/list"

xargs -P "$JOBS" -L 1 sh tests/run.sh --one "$logs" <"$logs/list"

n_listed=$(wc -l <"$logs/list" | tr -d ' ')
cat "$logs"/*.count 2>/dev/null | awk -v n_listed="$n_listed" '
    {
        if (!($1 in n)) order[++k] = $1
        n[$1]++; p[$1] += $2; f[$1] += $3; s[$1] += $4; seconds[$1] += $5
        if ($5 >= slow[$1]) { slow[$1] = $5; slowest[$1] = $6 }
        P += $2; F += $3
    }
    END {
        for (i = 1; i <= k; i++) {
            c = order[i]
            printf "%-10s %4d programs %6d passed %4d failed %4d skipped %5d s, longest %d s %s\n",
                c, n[c], p[c], f[c], s[c], seconds[c], slow[c], slowest[c]
        }
        if (NR < n_listed) { F += n_listed - NR; printf "%d programs were not run\n", n_listed - NR }
        if (n_listed == 0) print "no tests found"
        printf "%d passed, %d failed\n", P, F
        exit !(F == 0 && P > 0)
    }'
