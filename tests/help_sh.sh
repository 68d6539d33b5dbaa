# For tests written in sh: . tests/help_sh.sh; check NAME COMMAND...; done_testing
#
# `check` runs the command and writes "ok - NAME" or "not ok - NAME" with what the command said; `work`
# is an empty folder that disappears at the end.
n_passed=0
n_failed=0
work=$(mktemp -d "${TMPDIR:-/tmp}/luma-test.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM HUP

check() {
    check_name=$1
    shift
    if check_said=$("$@" 2>&1); then
        n_passed=$((n_passed + 1))
        echo "ok - $check_name"
    else
        n_failed=$((n_failed + 1))
        echo "not ok - $check_name"
        printf '%s\n' "$check_said" | sed 's/^/    /'
    fi
}

# For `check`: the command prints nothing; it prints WANTED among other things.
is_silent() {
    silent_said=$("$@")
    [ -z "$silent_said" ] || { echo "$silent_said"; return 1; }
}

prints() {
    prints_wanted=$1
    shift
    case $("$@") in
    *"$prints_wanted"*) ;;
    *) echo "not found: $prints_wanted"; return 1 ;;
    esac
}

# ends CODE WORD...: `luma WORD...` exits so; what it wrote is in $work/out and $work/err. $ends_command: words that
# always stand in front.
ends_command=
ends() {
    ends_wanted=$1
    shift
    "$LUMA" $ends_command "$@" >"$work/out" 2>"$work/err" </dev/null
    ends_got=$?
    [ "$ends_got" -eq "$ends_wanted" ] || { echo "exit $ends_got"; cat "$work/out" "$work/err"; false; }
}

# find_python MODULE[, MODULE]...: sets $python to one that has them, $PYTHON or that of build/venv or the system's;
# to nothing where none has.
find_python() {
    python=
    for candidate in ${PYTHON:-} "$PWD"/build/venv/bin/python3 python3; do
        if "$candidate" -c "import $1" 2>/dev/null; then
            python=$candidate
            break
        fi
    done
}

# A check that could not be made here, and why.
skip() {
    echo "skipped - $1"
}

done_testing() {
    echo "$n_passed passed, $n_failed failed"
    [ "$n_failed" -eq 0 ]
    exit
}
